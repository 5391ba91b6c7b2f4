import { deviceStatementBytes, type DeviceStatement } from "../lib/device-statement/index.ts";

/** A device's identity: an Ed25519 key pair that WebCrypto holds. `id` is the SHA-256 of the public key. */
export interface DeviceKey {
  readonly id: string;
  /** Raw public key, base64url. */
  readonly publicKey: string;
  /** What is kept (IndexedDB can hold it as it is, without the private bytes ever being readable). */
  readonly pair: CryptoKeyPair;
}

/** The same where there is no WebCrypto with Ed25519 (React Native), or where the key is in hardware: whatever signs. */
export interface DeviceSigner {
  /** SHA-256 of the raw public key, base64url. */
  readonly id: string;
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  /** An Ed25519 signature, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** What goes over the wire as a proof. */
export interface SignedDevice {
  readonly id: string;
  readonly public_key: string;
  readonly scopes: readonly DeviceScope[];
  readonly signed_at: number;
  readonly signature: string;
}

export type DeviceScope = "read" | "write" | "approvals" | "pairing" | "admin";

/** @param extractable whether the private key may be exported, for programs that keep it in a file. */
export async function createDeviceKey(extractable = false): Promise<DeviceKey> {
  return loadDeviceKey((await crypto.subtle.generateKey({ name: "Ed25519" }, extractable, ["sign", "verify"])) as CryptoKeyPair);
}

export async function loadDeviceKey(pair: CryptoKeyPair): Promise<DeviceKey> {
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const id = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
  return { id: base64url(id), publicKey: base64url(raw), pair };
}

/** Signs what `device.pair.request` and `authenticate` want to see; the nonce and the gateway's identity come from `challenge` on the same connection. */
export async function signDevice(
  key: DeviceKey | DeviceSigner,
  statement: Pick<DeviceStatement, "purpose" | "gateway" | "nonce" | "signedAt"> & { readonly scopes: readonly DeviceScope[] },
): Promise<SignedDevice> {
  const bytes = deviceStatementBytes({ ...statement, deviceId: key.id });
  const signature = "sign" in key ? await key.sign(bytes) : new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, key.pair.privateKey, bytes));
  return { id: key.id, public_key: key.publicKey, scopes: statement.scopes, signed_at: statement.signedAt, signature: base64url(signature) };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

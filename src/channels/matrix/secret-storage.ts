/** The account's secret storage, opened with its recovery key (client-server API, "Secret storage", m.secret_storage.v1.aes-hmac-sha2). Read only. */
import type { Secret } from "../../core/secret.ts";
import { type MatrixAccount, path } from "./account.ts";
import { MatrixFailure } from "./api.ts";

interface Sealed {
  readonly iv?: string;
  readonly ciphertext?: string;
  readonly mac?: string;
}

export interface SecretStorage {
  /** @returns undefined when there is no such secret. @throws MatrixFailure, HttpFailure, Error when it cannot be opened */
  read(name: string): Promise<string | undefined>;
}

/** @returns undefined when the account has no secret storage. @throws Error when the recovery key is not its key; MatrixFailure, HttpFailure */
export async function openSecretStorage(account: MatrixAccount, recoveryKey: Secret, signal: AbortSignal): Promise<SecretStorage | undefined> {
  const key = decodeRecoveryKey(recoveryKey.reveal());
  const { key: id } = (await accountData<{ key?: string }>(account, "m.secret_storage.default_key", signal)) ?? {};
  if (id === undefined) return undefined;
  const about = await accountData<{ algorithm?: string } & Sealed>(account, `m.secret_storage.key.${id}`, signal);
  if (about?.algorithm !== "m.secret_storage.v1.aes-hmac-sha2") throw new Error("the secret storage is of a kind that is not known");
  // Sealed zeros prove that the key is the right one.
  if (about.iv !== undefined && about.mac !== undefined) {
    const { aes, mac } = await keysFor(key, "");
    const zeros = await crypto.subtle.encrypt({ name: "AES-CTR", counter: base64(about.iv), length: 64 }, aes, new Uint8Array(32));
    if (!(await crypto.subtle.verify("HMAC", mac, base64(about.mac), zeros))) throw new Error("the recovery key is not the key of the secret storage");
  }
  return {
    async read(name) {
      const { encrypted } = (await accountData<{ encrypted?: Record<string, Sealed> }>(account, name, signal)) ?? {};
      const sealed = encrypted?.[id];
      return sealed === undefined ? undefined : open(key, name, sealed);
    },
  };
}

async function open(key: Uint8Array<ArrayBuffer>, name: string, { iv = "", ciphertext = "", mac: proof = "" }: Sealed): Promise<string> {
  const { aes, mac } = await keysFor(key, name);
  const bytes = base64(ciphertext);
  if (!(await crypto.subtle.verify("HMAC", mac, base64(proof), bytes))) throw new Error(`the secret ${name} was changed by somebody without the key`);
  return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-CTR", counter: base64(iv), length: 64 }, aes, bytes));
}

async function keysFor(key: Uint8Array<ArrayBuffer>, name: string): Promise<{ aes: CryptoKey; mac: CryptoKey }> {
  const base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: new TextEncoder().encode(name) }, base, 512);
  return {
    aes: await crypto.subtle.importKey("raw", bits.slice(0, 32), "AES-CTR", false, ["encrypt", "decrypt"]),
    mac: await crypto.subtle.importKey("raw", bits.slice(32), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]),
  };
}

const base64 = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

/** Base 58 of two bytes that say what it is, the key and a parity (appendices, "Cryptographic key representation"). @throws Error */
export function decodeRecoveryKey(text: string): Uint8Array<ArrayBuffer> {
  const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let number = 0n;
  for (const character of text.replaceAll(/\s/g, "")) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) throw new Error("the recovery key has a character that is in none");
    number = number * 58n + BigInt(digit);
  }
  const bytes = new Uint8Array(Buffer.from(number.toString(16).padStart(70, "0"), "hex"));
  const parity = bytes.reduce((sum, byte) => sum ^ byte, 0);
  if (bytes.length !== 35 || bytes[0] !== 0x8b || bytes[1] !== 0x01 || parity !== 0) throw new Error("the recovery key has a typing mistake");
  return bytes.slice(2, 34);
}

async function accountData<T>({ api, me }: MatrixAccount, type: string, signal: AbortSignal): Promise<T | undefined> {
  try {
    return await api.call<T>("GET", `/client/v3/user${path(me!.id)}/account_data${path(type)}`, { signal });
  } catch (error) {
    if (error instanceof MatrixFailure && error.status === 404) return undefined;
    throw error;
  }
}

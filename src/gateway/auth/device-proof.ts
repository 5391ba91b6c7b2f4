import { createHash, createPublicKey, verify } from "node:crypto";
import { deviceStatementBytes, type DeviceStatement } from "../../lib/device-statement/index.ts";
import type { Scope } from "./credential.ts";

/** What a device shows: its key, what it asks for, and a signature over both and the connection's nonce. */
export interface DeviceProof {
  readonly id: string;
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  readonly scopes: readonly Scope[];
  /** Wall milliseconds. */
  readonly signedAt: number;
  /** base64url. */
  readonly signature: string;
  /** What the signature may be over instead of our own statement: made by a door whose clients sign other bytes, from this connection's nonce. */
  readonly signed?: readonly Uint8Array[];
}

/** How far a device's clock may be off. The nonce is what makes a proof fresh; this bounds how old a stolen unused one may be. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

export function deviceIdOf(publicKey: string): string {
  return createHash("sha256").update(Buffer.from(publicKey, "base64url")).digest("base64url");
}

/** Whether the key belongs to the id and has signed exactly this statement (RFC 8032). */
export function provesDevice(proof: DeviceProof, context: Pick<DeviceStatement, "purpose" | "gateway" | "nonce">): boolean {
  const raw = Buffer.from(proof.publicKey, "base64url");
  // One spelling of a key only, so that an id has one key text.
  if (raw.length !== 32 || raw.toString("base64url") !== proof.publicKey || deviceIdOf(proof.publicKey) !== proof.id) return false;
  const texts = proof.signed ?? [deviceStatementBytes({ ...context, deviceId: proof.id, scopes: proof.scopes, signedAt: proof.signedAt })];
  try {
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: proof.publicKey }, format: "jwk" });
    const signature = Buffer.from(proof.signature, "base64url");
    return texts.some((bytes) => verify(null, bytes, key, signature));
  } catch {
    // Not a point of the curve.
    return false;
  }
}

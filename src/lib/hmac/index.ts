import type { Secret } from "../../core/secret.ts";
import { fromHex, toHex } from "../hex/index.ts";

/** HMAC-SHA256 (RFC 2104) of these bytes. */
export async function hmac(key: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", await imported(key, "sign"), bytes));
}

/** Whether `mac` is that of these bytes, compared in constant time. An empty key signs nothing (sec-104). */
export async function isHmac(key: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>, mac: Uint8Array<ArrayBuffer>): Promise<boolean> {
  return key.length > 0 && (await crypto.subtle.verify("HMAC", await imported(key, "verify"), mac, bytes));
}

/** The bytes of a secret's text; none of a blank one. */
export function keyOfText(secret: Secret): Uint8Array<ArrayBuffer> {
  const text = secret.reveal();
  return text.trim() === "" ? new Uint8Array(0) : new TextEncoder().encode(text);
}

/** What stands before a body in many schemes, and the body. */
export function withHead(head: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const first = new TextEncoder().encode(head);
  const bytes = new Uint8Array(first.length + body.length);
  bytes.set(first);
  bytes.set(body, first.length);
  return bytes;
}

/** HMAC-SHA256 of these bytes with the text of a secret, 64 hex digits. */
export async function signHex(secret: Secret, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(await hmac(new TextEncoder().encode(secret.reveal()), bytes));
}

/** Whether `hex` is that of these bytes; whatever is no HMAC is none. */
export async function isSignedHex(secret: Secret, bytes: Uint8Array<ArrayBuffer>, hex: string): Promise<boolean> {
  return /^[0-9a-f]{64}$/.test(hex) && (await isHmac(keyOfText(secret), bytes, fromHex(hex)));
}

function imported(key: Uint8Array<ArrayBuffer>, use: "sign" | "verify"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, [use]);
}

import type { Secret } from "../../core/secret.ts";

/** HMAC-SHA256 (RFC 2104) of these bytes, 64 hex digits. */
export async function signHex(secret: Secret, bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", await keyOf(secret, "sign"), bytes));
  return Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether `hex` is that of these bytes, compared in constant time. An empty secret signs nothing (sec-104); whatever is no HMAC is none. */
export async function isSignedHex(secret: Secret, bytes: Uint8Array<ArrayBuffer>, hex: string): Promise<boolean> {
  if (secret.reveal().trim() === "" || !/^[0-9a-f]{64}$/.test(hex)) return false;
  const signature = Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  return crypto.subtle.verify("HMAC", await keyOf(secret, "verify"), signature, bytes);
}

function keyOf(secret: Secret, use: "sign" | "verify"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret.reveal()), { name: "HMAC", hash: "SHA-256" }, false, [use]);
}

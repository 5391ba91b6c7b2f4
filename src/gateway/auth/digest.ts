import { createHash, timingSafeEqual } from "node:crypto";

/** SHA-256 as hex. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

export function sha256(text: string): Uint8Array {
  return createHash("sha256").update(text, "utf8").digest();
}

/** Compares by digest, so neither length nor a common prefix shows in the time it takes (sec-22). */
export function sameSecret(expected: Uint8Array, given: string): boolean {
  return timingSafeEqual(expected, sha256(given));
}

import type { Secret } from "../../core/secret.ts";
import { isSignedHex, signHex } from "../../lib/hmac/index.ts";

/** Seconds that a signed request is good for; a repeat within them is known by its id. */
export const FRESH_SECONDS = 300;

const encoder = new TextEncoder();

/** Headers of a request of ours. @param text the body, or `GET PATH` where there is none. @param now wall milliseconds. */
export async function signedHeaders(secret: Secret, text: string, now: number): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1_000));
  return { "x-clanker-timestamp": timestamp, "x-clanker-signature": `sha256=${await signHex(secret, encoder.encode(`${timestamp}.${text}`))}` };
}

/** The two headers of a request to us, before its body is read; undefined when it is not signed, or not freshly. */
export function signatureOf(headers: Headers, now: number): { readonly timestamp: string; readonly hex: string } | undefined {
  const timestamp = headers.get("x-clanker-timestamp") ?? "";
  const hex = /^sha256=([0-9a-f]{64})$/.exec(headers.get("x-clanker-signature") ?? "")?.[1];
  if (hex === undefined || !/^\d{9,11}$/.test(timestamp) || Math.abs(now / 1_000 - Number(timestamp)) > FRESH_SECONDS) return undefined;
  return { timestamp, hex };
}

export function isSigned(secret: Secret, body: Uint8Array, { timestamp, hex }: { timestamp: string; hex: string }): Promise<boolean> {
  const head = encoder.encode(`${timestamp}.`);
  const signed = new Uint8Array(head.length + body.length);
  signed.set(head);
  signed.set(body, head.length);
  return isSignedHex(secret, signed, hex);
}

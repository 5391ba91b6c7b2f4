import type { Secret } from "../../core/secret.ts";

/** Seconds that a signed request is good for (docs.slack.dev, "Verifying requests from Slack"). */
export const FRESH_SECONDS = 300;

/** Seconds as Slack writes them; undefined for anything else, and for what is older or newer than five minutes. */
export function freshTimestamp(header: string | null, nowMs: number): string | undefined {
  if (header === null || !/^\d{9,11}$/.test(header)) return undefined;
  return Math.abs(nowMs / 1_000 - Number(header)) <= FRESH_SECONDS ? header : undefined;
}

/** The 32 bytes of `v0=HEX`, or undefined when it is not one. */
export function signatureBytes(header: string | null): Uint8Array<ArrayBuffer> | undefined {
  if (header === null || !/^v0=[0-9a-f]{64}$/.test(header)) return undefined;
  return Uint8Array.from(header.slice(3).match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

/** Whether Slack has signed this body: HMAC-SHA256 over `v0:TIMESTAMP:BODY`, compared in constant time. An empty secret signs nothing (sec-104). */
export async function isSigned(body: Uint8Array, by: { secret: Secret; timestamp: string; signature: Uint8Array<ArrayBuffer> }): Promise<boolean> {
  const secret = by.secret.reveal();
  if (secret.trim() === "") return false;
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const head = encoder.encode(`v0:${by.timestamp}:`);
  const signed = new Uint8Array(head.length + body.length);
  signed.set(head);
  signed.set(body, head.length);
  return await crypto.subtle.verify("HMAC", key, by.signature, signed);
}

import type { Secret } from "../../core/secret.ts";
import { fromHex } from "../../lib/hex/index.ts";
import { isHmac, keyOfText, withHead } from "../../lib/hmac/index.ts";

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
  return fromHex(header.slice(3));
}

/** Whether Slack has signed this body: HMAC-SHA256 over `v0:TIMESTAMP:BODY`, compared in constant time. An empty secret signs nothing (sec-104). */
export async function isSigned(body: Uint8Array, by: { secret: Secret; timestamp: string; signature: Uint8Array<ArrayBuffer> }): Promise<boolean> {
  return await isHmac(keyOfText(by.secret), withHead(`v0:${by.timestamp}:`, body), by.signature);
}

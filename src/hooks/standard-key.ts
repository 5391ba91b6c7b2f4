import type { Secret } from "../core/secret.ts";
import { keyOfText } from "../lib/hmac/index.ts";

/** The key of Standard Webhooks (standardwebhooks.com, "Signature scheme"): base64 behind `whsec_`, else the text itself. */
export function standardKey(secret: Secret): Uint8Array<ArrayBuffer> {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(secret.reveal()) ?? [];
  return base64 === undefined ? keyOfText(secret) : Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

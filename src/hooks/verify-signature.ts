/** How a caller proves that it knows the secret of its hook. */
import type { Secret } from "../core/secret.ts";
import { sha256Hex } from "../lib/digest/index.ts";
import { fromHex } from "../lib/hex/index.ts";
import { isHmac, keyOfText, withHead } from "../lib/hmac/index.ts";
import { standardKey } from "./standard-key.ts";

export type SignatureScheme = "github" | "stripe" | "standard";

/** Milliseconds that a request with a time is good for, earlier and later. */
const FRESH_MS = 300_000;

export interface Signed {
  readonly scheme: SignatureScheme;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly secret: Secret;
  /** Wall milliseconds. */
  readonly now: number;
}

/** True when the request carries what a signature of this kind needs: only then is its body read (sec-107). */
export function hasSignature(scheme: SignatureScheme, headers: Headers): boolean {
  return readClaim(scheme, headers) !== undefined;
}

/**
 * @returns a name of what was signed, the same for every repetition whatever its unsigned headers say (sec-106); undefined when it is not signed with this secret, or
 * not now. An empty secret signs nothing (sec-104).
 */
export async function verifySignature({ scheme, headers, body, secret, now }: Signed): Promise<string | undefined> {
  const claim = readClaim(scheme, headers);
  if (claim === undefined) return undefined;
  const key = scheme === "standard" ? standardKey(secret) : keyOfText(secret);
  if (claim.seconds !== undefined && Math.abs(now - claim.seconds * 1000) > FRESH_MS) return undefined;
  const signed = withHead(claim.head, body);
  for (const signature of claim.signatures) {
    if (await isHmac(key, signed, signature)) return scheme === "standard" ? `id:${claim.id}` : `sha256:${sha256Hex(signed)}`;
  }
  return undefined;
}

interface Claim {
  /** What stands before the body in the signed bytes. */
  readonly head: string;
  readonly signatures: readonly Uint8Array<ArrayBuffer>[];
  readonly seconds?: number;
  readonly id?: string;
}

function readClaim(scheme: SignatureScheme, headers: Headers): Claim | undefined {
  const claim = READ[scheme](headers);
  return claim === undefined || claim.signatures.length === 0 ? undefined : claim;
}

const READ: { readonly [S in SignatureScheme]: (headers: Headers) => Claim | undefined } = {
  /** docs.github.com, "Validating webhook deliveries": HMAC-SHA256 of the body; no time is signed, so the body itself is what happens once. */
  github(headers) {
    const [, hex] = /^sha256=([0-9a-f]{64})$/.exec(headers.get("x-hub-signature-256") ?? "") ?? [];
    return hex === undefined ? undefined : { head: "", signatures: [fromHex(hex)] };
  },
  /** docs.stripe.com/webhooks, "Verify manually": `t=SECONDS,v1=HEX[,v1=HEX]` over `SECONDS.BODY`. */
  stripe(headers) {
    const parts = (headers.get("stripe-signature") ?? "").split(",").map((part) => part.trim().split("=", 2) as [string, string?]);
    const time = parts.find(([name]) => name === "t")?.[1];
    if (time === undefined || !/^\d{9,11}$/.test(time)) return undefined;
    const signatures = parts.flatMap(([name, hex]) => (name === "v1" && hex !== undefined && /^[0-9a-f]{64}$/.test(hex) ? [fromHex(hex)] : []));
    return { head: `${time}.`, signatures: signatures.slice(0, MOST), seconds: Number(time) };
  },
  /** standardwebhooks.com, "Webhook metadata" and "Signature scheme": base64 over `ID.SECONDS.BODY`, several with a space between while a key is changed. */
  standard(headers) {
    const [id, time] = [headers.get("webhook-id"), headers.get("webhook-timestamp")];
    if (id === null || time === null || !/^[\w.-]{1,200}$/.test(id) || !/^\d{9,11}$/.test(time)) return undefined;
    const signatures = (headers.get("webhook-signature") ?? "").split(" ").flatMap((one) => {
      const [, base64] = /^v1,([A-Za-z0-9+/]{43}=)$/.exec(one) ?? [];
      return base64 === undefined ? [] : [fromBase64(base64)];
    });
    return { head: `${id}.${time}.`, signatures: signatures.slice(0, MOST), seconds: Number(time), id };
  },
};

/** Signatures of one request that are looked at. */
const MOST = 4;

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

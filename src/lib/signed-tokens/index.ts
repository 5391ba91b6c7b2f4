import type { JWK, JWTPayload } from "jose";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import * as errors from "jose/errors";
import { createLocalJWKSet } from "jose/jwks/local";
// The whole of jose is 14 MB in memory, these pieces of it are 6.
import { jwtVerify } from "jose/jwt/verify";
import type { Clock } from "../../core/clock.ts";

export { type Assertion, signAssertion } from "./sign-assertion.ts";

/** The token proves nothing: missing, not signed by a key of the issuer, for somebody else, or out of its time. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}

/** The issuer's public keys as it publishes them (RFC 7517). */
export interface PublishedKeys {
  readonly keys: readonly JWK[];
  /** What the issuer says it signs with; RS256 if it says nothing. */
  readonly algorithms?: readonly string[];
}

export interface TokenRules {
  readonly clock: Clock;
  /** Asks the issuer for its keys. May throw; then old keys hold until `maxAgeMs`. */
  readonly fetchKeys: () => Promise<PublishedKeys>;
  readonly issuer: string | readonly string[];
  readonly audience: string;
  /** How far two clocks may differ; default 300 s. */
  readonly skewSeconds?: number;
  /** A token that names an unknown key makes us ask again, at most this often; default 60,000 ms. */
  readonly cooldownMs?: number;
  /** How long keys hold when the issuer does not answer; default 24 h. */
  readonly maxAgeMs?: number;
}

export interface Proven {
  readonly claims: JWTPayload;
  /** The key that signed, with whatever else the issuer says of it. */
  readonly key: JWK & Readonly<Record<string, unknown>>;
}

export interface TokenVerifier {
  /** @param authorization the header's value, `Bearer ...`. @throws TokenRefused; what `fetchKeys` throws when there are no keys to check with */
  verify(authorization: string | null): Promise<Proven>;
  /** Asks for the keys now: a key that the issuer took back holds no longer. @throws what `fetchKeys` throws */
  refresh(): Promise<void>;
}

/** The asymmetric ones alone: with a shared secret, whoever knows our public key could sign. */
const ASYMMETRIC = /^(RS|PS|ES)(256|384|512)$/;
const MAX_TOKEN = 16_000;

/** Checks signed tokens (RFC 7519) of one issuer, whose keys change from time to time. */
export function createTokenVerifier(rules: TokenRules): TokenVerifier {
  const { clock, fetchKeys, issuer, audience, skewSeconds = 300, cooldownMs = 60_000, maxAgeMs = 86_400_000 } = rules;
  let known: { readonly published: PublishedKeys; readonly at: number } | undefined;
  let askedAt = -Infinity;
  let asking: Promise<void> | undefined;

  const refresh = (): Promise<void> => {
    asking ??= (async () => {
      askedAt = clock.monotonic();
      try {
        known = { published: await fetchKeys(), at: clock.monotonic() };
      } finally {
        asking = undefined;
      }
    })();
    return asking;
  };
  const find = (kid: string) => known?.published.keys.find((key) => key.kid === kid);
  const keyOf = async (kid: string): Promise<JWK | undefined> => {
    if (known !== undefined && clock.monotonic() - known.at > maxAgeMs) known = undefined;
    const due = known === undefined || (find(kid) === undefined && clock.monotonic() - askedAt >= cooldownMs);
    if (due || asking !== undefined) await (asking ?? refresh());
    return find(kid);
  };

  return {
    refresh,
    async verify(authorization) {
      const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? "")?.[1];
      if (token === undefined || token.length > MAX_TOKEN) throw new TokenRefused("no bearer token");
      const kid = kidOf(token);
      const key = await keyOf(kid);
      if (key === undefined) throw new TokenRefused("signed with a key that its issuer does not publish");
      const algorithms = (known?.published.algorithms ?? ["RS256"]).filter((algorithm) => ASYMMETRIC.test(algorithm));
      try {
        const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [key] }), {
          algorithms,
          issuer: typeof issuer === "string" ? issuer : [...issuer],
          audience,
          clockTolerance: skewSeconds,
          currentDate: new Date(clock.now()),
          requiredClaims: ["iss", "aud", "exp"],
        });
        return { claims: payload, key };
      } catch (error) {
        throw new TokenRefused(error instanceof errors.JOSEError ? `${error.code}: ${error.message}` : "not a token", { cause: error });
      }
    },
  };
}

function kidOf(token: string): string {
  try {
    const { kid } = decodeProtectedHeader(token);
    if (typeof kid === "string" && kid !== "") return kid;
  } catch {
    // Said below.
  }
  throw new TokenRefused("the token names no key");
}

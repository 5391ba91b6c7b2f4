import { AuthError, ConfigError } from "../../core/errors.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import type { AuthOptions } from "../options.ts";
import { SCOPES, type Credential } from "./credential.ts";
import { sameSecret, sha256 } from "./digest.ts";

/** What a caller shows. */
export interface Proof {
  readonly token?: string | undefined;
  readonly password?: string | undefined;
}

export interface Authenticator {
  /**
   * Who shows this proof. Every wrong one counts against `addressKey`; past the limit none is compared any more, a right one included (sec-8).
   * @throws AuthError `unauthenticated` or `rate_limited`
   */
  verify(proof: Proof, addressKey: string): Credential;
  /** The credential of callers who show nothing: only in mode `none`. */
  readonly anonymous: Credential | undefined;
}

const HINT = "send the gateway's token as Authorization: Bearer TOKEN; the running gateway's owner finds it with clanker config get gateway.auth.token";

/** @throws ConfigError when the mode needs a secret and there is none (sec-7). */
export function createAuthenticator(options: AuthOptions, failures: RateLimiter): Authenticator {
  if (options.mode === "none") {
    const local: Credential = { id: "local", scopes: SCOPES };
    return { anonymous: local, verify: () => local };
  }
  const secret = options.mode === "token" ? options.token : options.password;
  if (secret.trim() === "") {
    throw new ConfigError("auth_secret_missing", `gateway.auth.${options.mode} is empty`, {
      hint: `set gateway.auth.${options.mode}, or mode = "none" on loopback`,
    });
  }
  const expected = sha256(secret);
  const credential: Credential = { id: options.mode, scopes: SCOPES };
  const mode = options.mode;
  return {
    anonymous: undefined,
    verify(proof, addressKey) {
      // A bearer header cannot say which of the two it carries, so `token` is accepted for a password.
      const given = mode === "password" ? (proof.password ?? proof.token) : proof.token;
      if (given === undefined) throw new AuthError("unauthenticated", "no credential", { hint: HINT });
      const wait = failures.waitMs(addressKey);
      if (wait > 0) throw new AuthError("rate_limited", "too many wrong credentials from this address", { hint: "wait a minute", retryAfterMs: wait });
      if (sameSecret(expected, given)) return credential;
      failures.take(addressKey);
      throw new AuthError("unauthenticated", "wrong credential", { hint: HINT });
    },
  };
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { AuthError } from "../../core/errors.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import { SCOPES, type Credential, type Scope } from "../auth/credential.ts";
import type { GatewayDeps } from "../deps.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import type { GatewayFacts } from "../method.ts";
import type { GatewayOptions } from "../options.ts";
import type { Registry } from "../registry.ts";
import type { Visitor } from "./front-door.ts";

/** What hono hands to a route. */
export interface Env {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}

/** What all routes share. */
export interface HttpContext {
  readonly options: GatewayOptions;
  readonly deps: GatewayDeps;
  readonly registry: Registry;
  readonly facts: GatewayFacts;
  /** The caller, when it shows a credential. An upgrade is not counted: sockets have limits of their own. @throws AuthError for a wrong one. */
  identify(incoming: IncomingMessage, kind?: "upgrade"): Credential | undefined;
  /** @throws AuthError `unauthenticated`, `rate_limited` or `forbidden` */
  authorise(incoming: IncomingMessage, scope: Scope): Credential;
}

interface IdentityDeps {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly visitors: WeakMap<IncomingMessage, Visitor>;
}

/** Bearer credentials of HTTP requests and upgrades. An authenticated request is counted on its credential instead of its address. */
export function createIdentity({ authenticator, limiter, visitors }: IdentityDeps): Pick<HttpContext, "identify" | "authorise"> {
  const identify = (incoming: IncomingMessage, kind?: "upgrade"): Credential | undefined => {
    const header = incoming.headers.authorization;
    const key = visitors.get(incoming)?.key ?? "";
    const token = header === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(header)?.[1];
    if (header !== undefined && token === undefined && authenticator.anonymous === undefined) {
      throw new AuthError("unauthenticated", "the Authorization header is not Bearer TOKEN");
    }
    const credential = authenticator.anonymous ?? (token === undefined ? undefined : authenticator.verify({ token }, key));
    if (credential === undefined) return undefined;
    const bucket = `credential ${credential.id}`;
    if (kind !== "upgrade" && !limiter.take(bucket)) {
      throw new AuthError("rate_limited", "too many requests with this credential", { hint: "slow down", retryAfterMs: Math.max(1, limiter.waitMs(bucket)) });
    }
    limiter.refund(key);
    return credential;
  };
  return {
    identify,
    authorise(incoming, scope) {
      const credential = identify(incoming) ?? authenticator.verify({}, "");
      if (!credential.scopes.some((held) => SCOPES.indexOf(held) >= SCOPES.indexOf(scope))) throw new AuthError("forbidden", `this needs scope ${scope}`);
      return credential;
    },
  };
}

import type { IncomingMessage, ServerResponse } from "node:http";
import { AuthError } from "../../core/errors.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import { includesScope, type Credential, type Scope } from "../auth/credential.ts";
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
  /** @param scope least scope; left out where the method that is called has its own. @throws AuthError `unauthenticated`, `rate_limited` or `forbidden` */
  authorise(incoming: IncomingMessage, scope?: Scope): Credential;
}

export interface Identity extends Pick<HttpContext, "identify" | "authorise"> {
  /** Cuts the requests of callers who would not be let in any more. */
  dropStale(): void;
}

interface IdentityDeps {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly visitors: WeakMap<IncomingMessage, Visitor>;
}

/** Bearer credentials of HTTP requests and upgrades. An authenticated request is counted on its credential instead of its address. */
export function createIdentity({ authenticator, limiter, visitors }: IdentityDeps): Identity {
  /** Requests that are being answered, of callers who may be thrown out meanwhile. */
  const open = new Map<ServerResponse, Credential>();
  const identify = (incoming: IncomingMessage, kind?: "upgrade"): Credential | undefined => {
    const header = incoming.headers.authorization;
    const { key = "", response } = visitors.get(incoming) ?? {};
    const token = header === undefined ? undefined : /^Bearer +(\S+) *$/i.exec(header)?.[1];
    if (header !== undefined && token === undefined && authenticator.anonymous === undefined) {
      throw new AuthError("unauthenticated", "the Authorization header is not Bearer TOKEN");
    }
    const credential = authenticator.anonymous ?? (token === undefined ? undefined : authenticator.verify({ token }, { addressKey: key }));
    if (credential === undefined) return undefined;
    const bucket = `credential ${credential.id}`;
    if (kind !== "upgrade" && !limiter.take(bucket)) {
      throw new AuthError("rate_limited", "too many requests with this credential", { hint: "slow down", retryAfterMs: Math.max(1, limiter.waitMs(bucket)) });
    }
    limiter.refund(key);
    if (response !== undefined && !open.has(response)) {
      open.set(response, credential);
      response.once("close", () => open.delete(response));
    }
    return credential;
  };
  return {
    dropStale() {
      for (const [response, credential] of open) if (!authenticator.isCurrent(credential)) response.destroy();
    },
    identify,
    authorise(incoming, scope) {
      const credential = identify(incoming) ?? authenticator.verify({}, { addressKey: "" });
      if (scope !== undefined && !includesScope(credential.scopes, scope)) throw new AuthError("forbidden", `this needs scope ${scope}`);
      return credential;
    },
  };
}

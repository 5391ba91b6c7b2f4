import type { IncomingMessage, ServerResponse } from "node:http";
import { AuthError, RequestError } from "../../core/errors.ts";
import { addressKey, inRanges } from "../limits/ip-address.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import type { AllowedNames } from "./allowed-names.ts";

/** Who knocks, before any credential was looked at. */
export interface Visitor {
  /** Address that limits are counted on. */
  readonly key: string;
  /** Path without the query, the only part of a URL that may be logged. */
  readonly path: string;
  /** Where the answer goes; none for an upgrade. */
  readonly response?: ServerResponse;
}

export interface FrontDoor {
  /**
   * What every request and upgrade has to pass first, whatever its route: form of the URL, Host, proxy, secrets in the query, Origin, rate.
   * @throws RequestError or AuthError; the caller has been counted then, too.
   */
  admit(request: IncomingMessage, kind: "http" | "upgrade"): Visitor;
}

/** Query parameters that look like a credential are refused whatever their value (sec-11). */
const SECRET_PARAMETERS = /^(access_|auth_|gateway_|refresh_|device|bearer_?)?(token|api_?key|password|secret|authorization)$/i;
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);
const FORWARDED = ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded"];

export function createFrontDoor(options: {
  names: AllowedNames;
  limiter: RateLimiter;
  trustedProxies: readonly string[];
  authIsNone: () => boolean;
}): FrontDoor {
  const { names, limiter, trustedProxies } = options;
  return {
    admit(request, kind) {
      const url = request.url ?? "";
      const { headers } = request;
      const key = addressKey(clientAddress(request, trustedProxies));
      if (!limiter.take(key)) {
        throw new RequestError("rate_limited", "too many requests from this address", { hint: "slow down", retryAfterMs: Math.max(1, limiter.waitMs(key)) });
      }
      if (!url.startsWith("/")) throw new RequestError("bad_request", "the request target is not a path");
      if (!names.host(headers.host)) {
        throw new RequestError("host_refused", "this Host is not served here", {
          hint: "call the gateway as localhost or by IP, or add the name to gateway.hosts",
        });
      }
      if (options.authIsNone() && FORWARDED.some((name) => headers[name] !== undefined)) {
        throw new AuthError("proxy_refused", "without a credential the gateway is not served through a proxy", { hint: 'set gateway.auth.mode = "token"' });
      }
      const [path = "/", query = ""] = url.split(/\?(.*)/s, 2);
      refuseSecrets(query);
      if (kind === "upgrade" || !SAFE_METHODS.has(request.method ?? "GET")) refuseForeignPages(request, names);
      return { key, path };
    },
  };
}

function refuseSecrets(query: string): void {
  if (query === "") return;
  for (const name of new URLSearchParams(query).keys()) {
    if (!SECRET_PARAMETERS.test(name)) continue;
    throw new RequestError("token_in_query", "a credential in the query ends up in logs and histories and is never read", {
      hint: "send it as Authorization: Bearer TOKEN",
    });
  }
}

/** Pages of other origins may not change anything nor open a socket (sec-1, sec-21). Programs send no Origin. */
function refuseForeignPages({ headers }: IncomingMessage, names: AllowedNames): void {
  const { origin } = headers;
  const foreign = origin === undefined ? headers["sec-fetch-site"] === "cross-site" : !names.origin(origin, headers.host ?? "");
  if (foreign)
    throw new AuthError("origin_refused", "pages of this origin may not call the gateway", {
      hint: "add its name to gateway.hosts, or the origin to gateway.cors.origins",
    });
}

/**
 * The peer, or behind a trusted proxy the nearest address that is not one.
 * @throws AuthError `proxy_refused` when a trusted proxy does not say for whom it calls (sec-6).
 */
function clientAddress(request: IncomingMessage, trusted: readonly string[]): string {
  const peer = request.socket.remoteAddress ?? "";
  if (trusted.length === 0 || !inRanges(peer, trusted)) return peer;
  const header = request.headers["x-forwarded-for"];
  const chain = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",").flatMap((item) => (item.trim() === "" ? [] : [item.trim()]));
  const client = chain.findLast((address) => !inRanges(address, trusted)) ?? chain[0];
  if (client === undefined) {
    throw new AuthError("proxy_refused", "the proxy does not say for whom it calls", {
      hint: "let the proxy send X-Forwarded-For, or take it out of gateway.trusted_proxies",
    });
  }
  return client;
}

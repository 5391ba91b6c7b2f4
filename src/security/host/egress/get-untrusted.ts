import type { ClientRequest, RequestOptions } from "node:http";
import type { Clock } from "../../../core/clock.ts";
import { HttpFailure, type UntrustedRequest, type UntrustedResponse } from "../../../core/http.ts";
import { toResponse } from "./body.ts";
import { exchange, type Exchange } from "./exchange.ts";
import { isPublicAddress } from "./public-address.ts";
import { refused, untrustedTarget, type UntrustedTarget } from "./untrusted-target.ts";

/** The sockets below the untrusted door. The program uses the machine's own; tests put a name server and a place to arrive at here. Every check stays above it. */
export interface UntrustedNet {
  /** Every address of a name. */
  resolve(hostname: string): Promise<readonly string[]>;
  /** Where a connection to an address that passed every check is really made. */
  dial(address: string, port: number): { readonly host: string; readonly port: number };
}

export interface UntrustedDeps {
  readonly net: UntrustedNet;
  readonly clock: Clock;
  /** node:http's or node:https's request. */
  request(secure: boolean): Promise<(options: RequestOptions & { servername?: string }) => ClientRequest>;
}

const MAX_HOPS = 5;
const TIMEOUT_MS = 30_000;
const MAX_BYTES = 5_000_000;
/** Addresses of one name that are tried before it counts as away. */
const MAX_TRIES = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** The machine's own resolver (hosts file and name service) and sockets; node:dns is loaded by the first untrusted request. */
export const machineNet: UntrustedNet = {
  async resolve(hostname) {
    const { lookup } = await import("node:dns/promises");
    return (await lookup(hostname, { all: true, order: "ipv4first" })).map(({ address }) => address);
  },
  dial: (host, port) => ({ host, port }),
};

/** Fetches a URL that nobody vouches for. @throws HttpFailure */
export async function getUntrusted(request: UntrustedRequest, deps: UntrustedDeps): Promise<UntrustedResponse> {
  const timeoutMs = request.timeoutMs ?? TIMEOUT_MS;
  const limit = new AbortController();
  let late = false;
  const stop = () => limit.abort();
  const cancel = deps.clock.timer(timeoutMs, () => {
    late = true;
    stop();
  });
  request.signal?.addEventListener("abort", stop, { once: true });
  if (request.signal?.aborted) stop();
  try {
    return await follow(request, { ...deps, signal: limit.signal });
  } catch (error) {
    if (late && error instanceof HttpFailure && error.kind === "aborted")
      throw new HttpFailure("timeout", `${origin(request.url)}: not done within ${timeoutMs} ms`, error.sent);
    throw error;
  } finally {
    cancel();
    request.signal?.removeEventListener("abort", stop);
  }
}

type Following = UntrustedDeps & { readonly signal: AbortSignal };

async function follow(request: UntrustedRequest, deps: Following): Promise<UntrustedResponse> {
  const { ports, headers } = request;
  const first = untrustedTarget(request.url, { ...(ports && { ports }), ...(headers && { headers }) });
  let target = first;
  for (let hops = 0; ; hops++) {
    const taken = await open(target, deps);
    const location = REDIRECTS.has(taken.response.statusCode ?? 0) ? taken.response.headers.location : undefined;
    if (location === undefined) return await read(taken, target, request, deps);
    taken.response.on("error", () => {});
    taken.destroy();
    if (hops === MAX_HOPS) throw refused(`${first.shown}: more than ${MAX_HOPS} redirects`, true);
    // Nothing the caller said goes on to another origin.
    const sameOrigin = URL.parse(location, target.url.href)?.origin === first.origin;
    const next = untrustedTarget(location, { base: target.url, ...(ports && { ports }), ...(headers && sameOrigin && { headers }) });
    if (target.secure && !next.secure) throw refused(`${first.shown}: redirected from https to http`, true);
    target = next;
  }
}

/** Connects to an address that was checked, not to a name that could mean another one by now (DNS rebinding). */
async function open(target: UntrustedTarget, deps: Following): Promise<Exchange> {
  const addresses = (await publicAddresses(target, deps)).slice(0, MAX_TRIES);
  const request = await deps.request(target.secure);
  for (const [tried, address] of addresses.entries()) {
    const pinned = (options: RequestOptions) =>
      request({ ...options, ...deps.net.dial(address, Number(target.port)), ...(address !== target.hostname && { servername: target.hostname }) });
    try {
      return await exchange({ request: pinned, agent: false }, target, { path: target.path, signal: deps.signal }, deps.clock);
    } catch (error) {
      const again = error instanceof HttpFailure && error.kind === "connect" && tried + 1 < addresses.length;
      if (!again) throw error;
    }
  }
  throw new HttpFailure("connect", `${target.shown}: this name has no address`, false);
}

/** One answer that is not public makes the whole name one that is not: whoever answers so is trying something. */
export async function publicAddresses(
  target: UntrustedTarget,
  { net, signal }: { readonly net: UntrustedNet; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  if (isPublicAddress(target.hostname)) return [target.hostname];
  const found = await untilAborted(net.resolve(target.hostname), signal, target);
  if (!found.every(isPublicAddress)) throw refused(`${target.shown}: this name leads to an address that is not public`);
  return [...new Set(found)];
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal, target: UntrustedTarget): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const onAbort = () => reject(new HttpFailure("aborted", `${target.shown}: aborted`, false));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  work
    .then(resolve, (error: NodeJS.ErrnoException) =>
      reject(new HttpFailure("connect", `${target.shown}: the name was not found (${error.code ?? "error"})`, false)),
    )
    .finally(() => signal.removeEventListener("abort", onAbort));
  return promise;
}

async function read(taken: Exchange, target: UntrustedTarget, request: UntrustedRequest, { clock, signal }: Following): Promise<UntrustedResponse> {
  const response = toResponse(taken, target, { path: target.path, signal }, { clock, unread: new Set() });
  const most = request.maxBytes ?? MAX_BYTES;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    parts.push(chunk.subarray(0, most - size));
    size += chunk.length;
    // Leaving the loop closes the socket.
    if (size > most) break;
  }
  return {
    url: target.url.href,
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(Buffer.concat(parts)),
    cut: size > most,
  };
}

function origin(url: string): string {
  return URL.parse(url)?.origin ?? "untrusted URL";
}

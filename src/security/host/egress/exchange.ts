import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { type Clock, deadline } from "../../../core/clock.ts";
import { HttpFailure, type HttpRequest } from "../../../core/http.ts";
import type { Target } from "./target.ts";

/** What node:http and node:https have in common here. */
export interface Wire {
  readonly request: (options: RequestOptions) => ClientRequest;
  /** false: a connection of its own, closed behind the response. */
  readonly agent: Agent | false;
}

export interface Exchange {
  readonly response: IncomingMessage;
  /** Ends everything at once. */
  readonly destroy: () => void;
}

/** Safe to be repeated by RFC 9110 section 9.2.2. */
const REPEATABLE = new Set(["GET", "PUT", "DELETE"]);
const HEADER_TIMEOUT_MS = 30_000;

/**
 * Writes a request and waits for the response's head. A kept connection that the server has closed in the same moment is not the caller's fault: the request is
 * written once more on a new one if its method may be repeated.
 * @throws HttpFailure
 */
export async function exchange(wire: Wire, target: Target, request: HttpRequest, clock: Clock): Promise<Exchange> {
  const first = await attempt(wire, target, request, clock);
  if (!(first instanceof Stale)) return first;
  if (!REPEATABLE.has(request.method ?? "GET")) throw first.failure;
  const second = await attempt(wire, target, request, clock);
  if (second instanceof Stale) throw second.failure;
  return second;
}

/** The connection was an old one and died before a byte of the response came. */
class Stale {
  readonly failure: HttpFailure;

  constructor(failure: HttpFailure) {
    this.failure = failure;
  }
}

function attempt(wire: Wire, target: Target, request: HttpRequest, clock: Clock): Promise<Exchange | Stale> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchange | Stale>();
  if (request.signal?.aborted) {
    reject(new HttpFailure("aborted", `${target.shown}: aborted`, false));
    return promise;
  }
  let sent = false;
  const outgoing = open(wire, target, request);
  const fail = (failure: HttpFailure) => {
    settle();
    outgoing.destroy();
    if (outgoing.reusedSocket && failure.kind === "closed") resolve(new Stale(failure));
    else reject(failure);
  };
  const onAbort = () => fail(new HttpFailure("aborted", `${target.shown}: aborted`, sent));
  const timeoutMs = request.timeoutMs ?? HEADER_TIMEOUT_MS;
  const cancelTimer = deadline(clock, timeoutMs, () => fail(new HttpFailure("timeout", `${target.shown}: no response within ${timeoutMs} ms`, sent)));
  const settle = () => {
    cancelTimer();
    request.signal?.removeEventListener("abort", onAbort);
  };
  request.signal?.addEventListener("abort", onAbort, { once: true });
  // Node writes the head as soon as the connection stands (for TLS: is verified); before that surely nothing has left.
  outgoing.on("socket", (socket) => {
    if (socket.connecting) socket.once(target.secure ? "secureConnect" : "connect", () => (sent = true));
    else sent = true;
  });
  outgoing.on("error", (error: NodeJS.ErrnoException) => fail(failureOf(error, target, sent)));
  outgoing.on("response", (response) => {
    settle();
    resolve({ response, destroy: () => outgoing.destroy() });
  });
  outgoing.end(request.body);
  return promise;
}

function open(wire: Wire, target: Target, request: HttpRequest): ClientRequest {
  const headers: Record<string, string | number> = { ...target.headers };
  if (request.body !== undefined) headers["content-length"] = Buffer.byteLength(request.body);
  else if (request.method === "POST" || request.method === "PUT" || request.method === "PATCH") headers["content-length"] = 0;
  const port = target.port === "" ? {} : { port: target.port };
  try {
    return wire.request({ method: request.method ?? "GET", host: target.hostname, ...port, path: target.path, headers, agent: wire.agent });
  } catch (error) {
    // A header or path that HTTP cannot carry. The value stays out of the message: it may be the credential.
    throw new HttpFailure("refused", `${target.shown}: ${codeOf(error)}`, false);
  }
}

/** Node's errors are not handed on: they hold certificates, raw packets and headers. */
export function failureOf(error: unknown, target: Target, sent: boolean): HttpFailure {
  const code = codeOf(error);
  if (code === "HPE_HEADER_OVERFLOW") return new HttpFailure("too_large", `${target.shown}: the response's head is too large`, sent);
  if (!sent) return new HttpFailure("connect", `${target.shown}: cannot connect (${code})`, false);
  return new HttpFailure("closed", `${target.shown}: the connection was lost (${code})`, true);
}

function codeOf(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === "string") return code;
  const [first] = Array.isArray(errors) ? errors : [];
  return first === undefined ? "error" : codeOf(first);
}

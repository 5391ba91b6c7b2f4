import type { WebSocket } from "ws";
import type { Clock } from "../../../core/clock.ts";
import { HttpFailure } from "../../../core/http.ts";
import type { Log } from "../../../core/log.ts";
import { silentMetrics, type Metrics } from "../../../core/metrics.ts";
import type { SocketDestination, SocketRequest, Sockets } from "../../../core/sockets.ts";
import { openSocket } from "./open-socket.ts";

export interface SocketsOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics?: Metrics;
}

const CONNECT_TIMEOUT_MS = 30_000;
const MAX_MESSAGE_BYTES = 16_000_000;

/** The door to outgoing WebSockets of configured platforms. The library `ws` is loaded by the first one. */
export function createSockets({ log, clock, metrics = silentMetrics }: SocketsOptions): Sockets {
  return {
    async connect(destination, request = {}) {
      const url = socketUrl(destination, request.url);
      const shown = `WS ${url.host}`;
      const count = (result: string) => metrics.count("egress_sockets_total", { origin: url.host, result });
      try {
        const socket = await connected(url, shown, { destination, request, clock });
        count("open");
        log.debug("socket open", { socket: shown });
        return openSocket(socket, destination, clock);
      } catch (error) {
        count(error instanceof HttpFailure ? error.kind : "error");
        throw error;
      }
    },
  };
}

/** @throws HttpFailure `refused`, never sent, for a URL that is not the destination's. */
function socketUrl({ baseUrl, domains = [] }: SocketDestination, given: string | undefined): URL {
  const base = parseUrl(baseUrl);
  const url = given === undefined ? base : parseUrl(given);
  const { hostname } = url;
  const ours = hostname === base.hostname || domains.some((domain) => hostname === domain || hostname.endsWith(`.${domain}`));
  if (!ours) throw refused(`WS ${hostname}: not a host of ${base.hostname}`);
  // Whoever was reached with TLS is not spoken to without it.
  if (base.protocol === "wss:" && url.protocol !== "wss:") throw refused(`WS ${hostname}: not a wss URL`);
  url.hash = "";
  return url;
}

function parseUrl(text: string): URL {
  const url = URL.parse(text.replace(/^http(?=s?:)/i, "ws"));
  // The text itself stays out of the message: it may hold a ticket.
  if (url === null || !/^wss?:$/.test(url.protocol)) throw refused("WS: not a URL of a WebSocket");
  if (url.username !== "" || url.password !== "") throw refused(`WS ${url.host}: a user or password in the URL`);
  return url;
}

async function connected(
  url: URL,
  shown: string,
  { destination, request, clock }: { destination: SocketDestination; request: SocketRequest; clock: Clock },
): Promise<WebSocket> {
  const { WebSocket } = await import("ws");
  const { signal } = request;
  if (signal?.aborted) throw new HttpFailure("aborted", `${shown}: aborted`, false);
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = create(
    () => new WebSocket(url, { headers: headersOf(destination), perMessageDeflate: false, maxPayload: request.maxBytes ?? MAX_MESSAGE_BYTES }),
  );
  let heard = false;
  const fail = (failure: HttpFailure) => {
    settle();
    socket.terminate();
    reject(failure);
  };
  const onAbort = () => fail(new HttpFailure("aborted", `${shown}: aborted`, true));
  const timeoutMs = request.timeoutMs ?? CONNECT_TIMEOUT_MS;
  const cancelTimer = clock.timer(timeoutMs, () => fail(new HttpFailure("timeout", `${shown}: not open within ${timeoutMs} ms`, true)));
  const settle = () => {
    cancelTimer();
    signal?.removeEventListener("abort", onAbort);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  // Stays for the life of the socket: an error without a listener would end the process. What follows from it is told by `close`.
  socket.on("error", (error: NodeJS.ErrnoException) => fail(new HttpFailure(heard ? "closed" : "connect", `${shown}: ${error.code ?? "error"}`, heard)));
  socket.on("unexpected-response", (_, response) => {
    heard = true;
    response.resume();
    fail(new HttpFailure("closed", `${shown}: answered ${response.statusCode} instead of a WebSocket`, true));
  });
  socket.on("open", () => {
    settle();
    // Nothing may be read before somebody listens.
    socket.pause();
    resolve(socket);
  });
  return promise;

  function create(make: () => WebSocket): WebSocket {
    try {
      return make();
    } catch (error) {
      // A header that HTTP cannot carry; its value may be the credential.
      throw refused(`${shown}: ${(error as NodeJS.ErrnoException).code ?? "not a request"}`);
    }
  }
}

function headersOf({ headers = {}, credential }: SocketDestination): Record<string, string> {
  const own = { "user-agent": "open-clanker", ...headers };
  return credential?.in === "header" ? { ...own, [credential.name]: (credential.prefix ?? "") + credential.secret.reveal() } : own;
}

function refused(message: string): HttpFailure {
  return new HttpFailure("refused", message, false);
}

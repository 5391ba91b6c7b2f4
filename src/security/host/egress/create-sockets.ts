import type { LookupFunction } from "node:net";
import type { WebSocket } from "ws";
import type { Clock } from "../../../core/clock.ts";
import { HttpFailure } from "../../../core/http.ts";
import type { Log } from "../../../core/log.ts";
import { silentMetrics, type Metrics } from "../../../core/metrics.ts";
import type { SocketDestination, SocketRequest, Sockets } from "../../../core/sockets.ts";
import { machineNet, publicAddresses, type UntrustedNet } from "./get-untrusted.ts";
import { openSocket } from "./open-socket.ts";
import { untrustedTarget } from "./untrusted-target.ts";

export interface SocketsOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics?: Metrics;
  /** Below the sockets that nobody vouches for; tests put a name server here. */
  readonly net?: UntrustedNet;
}

const CONNECT_TIMEOUT_MS = 30_000;
const MAX_MESSAGE_BYTES = 16_000_000;

/** The door to outgoing WebSockets of configured platforms. The library `ws` is loaded by the first one. */
export function createSockets({ log, clock, metrics = silentMetrics, net = machineNet }: SocketsOptions): Sockets {
  return {
    async connect(destination, request = {}) {
      const url = socketUrl(destination, request.url);
      const shown = `WS ${url.host}`;
      const count = (result: string) => metrics.count("egress_sockets_total", { origin: url.host, result });
      try {
        const host = destination.untrusted === true ? await checkedHost(url, net, request.signal) : undefined;
        const socket = await connected(url, shown, { destination, request, clock, host });
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

/** The address of a URL that nobody vouches for, which is connected to whatever its name means a moment later. @throws HttpFailure `refused`, `connect` */
async function checkedHost(url: URL, net: UntrustedNet, signal = new AbortController().signal): Promise<string> {
  const port = url.port === "" ? (url.protocol === "wss:" ? 443 : 80) : Number(url.port);
  // Below 1024 other services than the web's are listening.
  const ports = port >= 1_024 ? [port] : [80, 443];
  const target = untrustedTarget(url.href.replace(/^ws/, "http"), { ports });
  const [address] = await publicAddresses(target, { net, signal });
  if (address === undefined) throw new HttpFailure("connect", `${target.shown}: this name has no address`, false);
  return net.dial(address, port).host;
}

async function connected(
  url: URL,
  shown: string,
  { destination, request, clock, host }: { destination: SocketDestination; request: SocketRequest; clock: Clock; host: string | undefined },
): Promise<WebSocket> {
  const { WebSocket } = await import("ws");
  const { signal } = request;
  if (signal?.aborted) throw new HttpFailure("aborted", `${shown}: aborted`, false);
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = create(
    () =>
      new WebSocket(url, {
        headers: headersOf(destination),
        perMessageDeflate: false,
        maxPayload: request.maxBytes ?? MAX_MESSAGE_BYTES,
        ...(host === undefined ? {} : { lookup: answering(host) }),
      }),
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

/** A resolver that knows one answer. */
function answering(address: string): LookupFunction {
  const family = address.includes(":") ? 6 : 4;
  return (_, { all }, done) => (all === true ? done(null, [{ address, family }]) : done(null, address, family));
}

function headersOf({ headers = {}, credential }: SocketDestination): Record<string, string> {
  const own = { "user-agent": "open-clanker", ...headers };
  return credential?.in === "header" ? { ...own, [credential.name]: (credential.prefix ?? "") + credential.secret.reveal() } : own;
}

function refused(message: string): HttpFailure {
  return new HttpFailure("refused", message, false);
}

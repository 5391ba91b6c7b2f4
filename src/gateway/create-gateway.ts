import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { ClankerError, ConfigError, RequestError, toClankerError } from "../core/errors.ts";
import { createAuthenticator } from "./auth/authenticator.ts";
import { createDeviceBook } from "./auth/device-book.ts";
import { createDeviceDesk } from "./auth/device-desk.ts";
import type { GatewayDeps } from "./deps.ts";
import { answerHealth } from "./http/answer-health.ts";
import { createAllowedNames } from "./http/allowed-names.ts";
import { createFrontDoor, type Visitor } from "./http/front-door.ts";
import { createIdentity, type HttpContext } from "./http/http-context.ts";
import type { createRequestListener } from "./http/request-listener.ts";
import { applyCors, setSecurityHeaders } from "./http/security-headers.ts";
import { errorHeaders, faceOf, publicMessage } from "./http-error.ts";
import { addressKey, isLoopback } from "./limits/ip-address.ts";
import { createRateLimiter } from "./limits/rate-limiter.ts";
import { bindListener, openListener } from "./listener.ts";
import type { GatewayFacts } from "./method.ts";
import type { AuthOptions, GatewayOptions } from "./options.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { createSocketServer, type SocketServer } from "./ws/socket-server.ts";

export interface Gateway {
  readonly registry: Registry;
  /**
   * Listens.
   * @throws ConfigError `auth_none_refused`, `auth_secret_missing` before anything listens; `port_in_use`, `bind_failed` when the system refuses.
   */
  start(): Promise<{ readonly port: number; readonly address: string }>;
  /** From now on. */
  setRateLimit(limits: GatewayOptions["rateLimit"]): void;
  /**
   * From now on this credential is asked for; connections that came in with the former one are closed.
   * @throws ConfigError `auth_none_refused`, `auth_secret_missing`; then the former one holds on.
   */
  setAuth(auth: AuthOptions): void;
  /** Takes no more requests, tells the clients, closes sockets and finishes what is in flight; after `graceMs` that is cut. May be called at any time. */
  stop(options: { graceMs: number; reason?: string }): Promise<void>;
}

const SWEEP_MS = 20;
const REFUSALS_PER_MINUTE = 5;
/** How long connections with an old token stand after the change; new ones are refused at once (sec-16: within 1 s). */
const ANSWER_MS = 250;

/** The daemon's one listener: HTTP, /ws and the doors on them. Nothing happens before `start`. */
export function createGateway(options: GatewayOptions, deps: GatewayDeps): Gateway {
  const { clock, log } = deps;
  const registry = createRegistry();
  const { requestsPerMinute, burst, authFailuresPerMinute } = options.rateLimit;
  const limiter = createRateLimiter(clock, requestsPerMinute, burst);
  const failures = createRateLimiter(clock, authFailuresPerMinute, authFailuresPerMinute);
  const visitors = new WeakMap<IncomingMessage, Visitor>();
  let server: Server | undefined;
  let running: { stop(graceMs: number): Promise<void> } | undefined;
  let stopping = false;
  let replaceAuth: ((auth: AuthOptions) => void) | undefined;

  const listen = async () => {
    refuseOpenDoor(options.auth, options.bindAddress);
    const dropStale = () => {
      identity.dropStale();
      sockets.dropStale();
    };
    const book = createDeviceBook(deps, dropStale);
    const authenticator = createAuthenticator(options.auth, {
      failures,
      device: (id) => book.get(id),
      now: () => clock.now(),
      gatewayId: deps.gatewayId,
    });
    const identity = createIdentity({ authenticator, limiter, visitors });
    const startedAt = clock.monotonic();
    const facts: GatewayFacts = {
      startedAt,
      devices: createDeviceDesk({ ...deps, book }),
      connections: () => sockets.count,
      openRpc: async () => (await import("./docs/open-rpc.ts")).openRpcDocument(registry, deps.version),
    };
    const sockets: SocketServer = createSocketServer({ deps, registry, facts, authenticator, limiter });
    const http: HttpContext = { options, deps, registry, facts, ...identity };
    const port = () => (server!.address() as AddressInfo | null)?.port ?? options.port;
    const certified = options.tls === undefined ? [] : (await import("./tls/certificate.ts")).readCertificate(options.tls.cert).names;
    const names = createAllowedNames({ hosts: [...options.hosts, ...certified], corsOrigins: options.corsOrigins, port, tls: options.tls !== undefined });
    const door = createFrontDoor({ names, limiter, trustedProxies: options.trustedProxies, authIsNone: () => authenticator.anonymous !== undefined });
    let listener: Promise<ReturnType<typeof createRequestListener>> | undefined;
    const handle = async (request: IncomingMessage, response: ServerResponse) => {
      listener ??= import("./http/request-listener.ts").then((module) => module.createRequestListener(http));
      await (
        await listener
      )(request, response);
    };

    /** A stranger's refusals fill no log: a few lines per address and minute, none of them with anything but the path in it. */
    const noticed = createRateLimiter(clock, REFUSALS_PER_MINUTE, REFUSALS_PER_MINUTE);
    const note = (request: IncomingMessage, error: ClankerError) => {
      const address = addressKey(request.socket.remoteAddress ?? "");
      if (noticed.take(address)) log.warn("refused", { code: error.code, address, path: (request.url ?? "").split("?", 1)[0]!.slice(0, 60) });
    };

    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      setSecurityHeaders(response, (request.url ?? "").split("?", 1)[0]!);
      cutUnread(request, response);
      try {
        if (stopping) throw new ClankerError("shutting_down", "the gateway is shutting down", { retryAfterMs: 1000 });
        const visitor = { ...door.admit(request, "http"), response };
        visitors.set(request, visitor);
        if (applyCors(request, response, options.corsOrigins)) return;
        if (answerHealth(http, visitor.path, { request, response })) return;
      } catch (thrown) {
        const error = toClankerError(thrown);
        note(request, error);
        return refuse(response, error);
      }
      handle(request, response).catch((error: unknown) => {
        log.error("a request could not be answered", { error: String(error) });
        response.destroy();
      });
    };

    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => socket.destroy());
      try {
        const visitor = door.admit(request, "upgrade");
        visitors.set(request, visitor);
        if (stopping) throw new ClankerError("shutting_down", "the gateway is shutting down", { retryAfterMs: 1000 });
        if (visitor.path !== "/ws" && visitor.path !== "/") throw new RequestError("not_found", "sockets are served at /ws, and at / for OpenClaw's clients");
        if (sockets.count >= options.maxConnections) throw new ClankerError("unavailable", "too many connections", { retryAfterMs: 10_000 });
        const credential = identity.identify(request, "upgrade");
        sockets.upgrade(request, socket, head, { key: visitor.key, credential, openClaw: visitor.path === "/" });
      } catch (thrown) {
        const error = toClankerError(thrown);
        note(request, error);
        refuseUpgrade(socket, error);
      }
    };

    replaceAuth = (auth) => {
      authenticator.replace(auth);
      // Whoever has changed it hears the answer first.
      clock.timer(ANSWER_MS, dropStale);
    };
    await book.load();
    server = await openListener(options);
    server.on("request", onRequest).on("upgrade", onUpgrade);
    server.maxConnections = options.maxConnections + 100;
    sockets.start();
    const closeBook = book.start();
    running = {
      stop(graceMs) {
        closeBook();
        return sockets.stop(graceMs);
      },
    };
    await bindListener(server, options);
    server.on("error", (error) => log.error("the listener failed", { error: String(error) }));
    return { port: port(), address: (server.address() as AddressInfo).address };
  };

  return {
    registry,
    async start() {
      try {
        return await listen();
      } catch (error) {
        await running?.stop(0);
        running = undefined;
        throw error;
      }
    },
    setRateLimit(limits) {
      limiter.setRate(limits.requestsPerMinute, limits.burst);
      failures.setRate(limits.authFailuresPerMinute, limits.authFailuresPerMinute);
    },
    setAuth(auth) {
      refuseOpenDoor(auth, options.bindAddress);
      replaceAuth?.(auth);
    },
    async stop({ graceMs, reason }) {
      if (stopping || server === undefined) return;
      stopping = true;
      const closed = new Promise<void>((resolve) => server!.close(() => resolve()));
      deps.hub.publish({ event: "shutdown", payload: { reason: reason ?? "stop" } });
      const cancel = clock.timer(graceMs, () => server!.closeAllConnections());
      await running?.stop(Math.min(graceMs, 2_000));
      // Connections that have just had their last answer are idle now and would wait for their timeout.
      let cancelSweep = () => {};
      const sweep = () => {
        server!.closeIdleConnections();
        cancelSweep = clock.timer(SWEEP_MS, sweep);
      };
      sweep();
      await closed;
      cancelSweep();
      cancel();
    },
  };
}

function refuseOpenDoor(auth: AuthOptions, bindAddress: string): void {
  if (auth.mode !== "none" || isLoopback(bindAddress)) return;
  throw new ConfigError("auth_none_refused", `gateway.auth.mode "none" on ${bindAddress}`, {
    hint: 'set gateway.auth.mode = "token", or bind to 127.0.0.1',
  });
}

/** A body that nobody wanted is not read to its end: whoever sends one without being let in costs no more than what was on its way (sec-107). */
function cutUnread(request: IncomingMessage, response: ServerResponse): void {
  // Taken now: a request whose connection has gone has none any more.
  const { socket } = request;
  response.once("finish", () => {
    if (!request.complete) socket.destroySoon();
  });
}

function refuse(response: ServerResponse, error: ClankerError): void {
  const { status, text } = refusal(error);
  // The body of a refused request is not read: the connection ends with the answer.
  response.writeHead(status, { ...errorHeaders(error, status), "content-type": "application/json", connection: "close" }).end(text);
}

function refuseUpgrade(socket: Duplex, error: ClankerError): void {
  const { status, text } = refusal(error);
  const headers = {
    ...errorHeaders(error, status),
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(text)),
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join("")}\r\n${text}`);
}

function refusal(error: ClankerError): { status: number; text: string } {
  const { status } = faceOf(error);
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return { status, text: JSON.stringify({ error: { code: error.code, message: publicMessage(error), ...hint } }) };
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { ClankerError, ConfigError, RequestError, toClankerError } from "../core/errors.ts";
import { createAuthenticator } from "./auth/authenticator.ts";
import type { GatewayDeps } from "./deps.ts";
import { createAllowedNames } from "./http/allowed-names.ts";
import { createApp } from "./http/create-app.ts";
import { createFrontDoor, type Visitor } from "./http/front-door.ts";
import { createIdentity, type HttpContext } from "./http/http-context.ts";
import { applyCors, setSecurityHeaders } from "./http/security-headers.ts";
import { errorHeaders, faceOf, publicMessage } from "./http-error.ts";
import { isLoopback } from "./limits/ip-address.ts";
import { createRateLimiter } from "./limits/rate-limiter.ts";
import type { GatewayFacts } from "./method.ts";
import type { GatewayOptions } from "./options.ts";
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
  /** Takes no more requests, tells the clients, closes sockets and finishes what is in flight; after `graceMs` that is cut. May be called at any time. */
  stop(options: { graceMs: number; reason?: string }): Promise<void>;
}

const SWEEP_MS = 20;

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

  const listen = async () => {
    if (options.auth.mode === "none" && !isLoopback(options.bindAddress)) {
      throw new ConfigError("auth_none_refused", `gateway.auth.mode "none" on ${options.bindAddress}`, {
        hint: 'set gateway.auth.mode = "token", or bind to 127.0.0.1',
      });
    }
    const authenticator = createAuthenticator(options.auth, failures);
    const identity = createIdentity({ authenticator, limiter, visitors });
    const startedAt = clock.monotonic();
    const facts: GatewayFacts = {
      startedAt,
      connections: () => sockets.count,
      openRpc: async () => (await import("./docs/open-rpc.ts")).openRpcDocument(registry, deps.version),
    };
    const sockets: SocketServer = createSocketServer({ deps, registry, facts, authenticator, limiter });
    const http: HttpContext = { options, deps, registry, facts, ...identity };
    const port = () => (server!.address() as AddressInfo | null)?.port ?? options.port;
    const names = createAllowedNames({ hosts: options.hosts, corsOrigins: options.corsOrigins, port });
    const door = createFrontDoor({ names, limiter, trustedProxies: options.trustedProxies, authIsNone: options.auth.mode === "none" });
    const handle = getRequestListener(createApp(http).fetch as Parameters<typeof getRequestListener>[0], { overrideGlobalObjects: false });

    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      setSecurityHeaders(response, (request.url ?? "").split("?", 1)[0]!);
      try {
        if (stopping) throw new ClankerError("shutting_down", "the gateway is shutting down", { retryAfterMs: 1000 });
        visitors.set(request, door.admit(request, "http"));
        if (applyCors(request, response, options.corsOrigins)) return;
      } catch (thrown) {
        return refuse(response, toClankerError(thrown));
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
        if (visitor.path !== "/ws") throw new RequestError("not_found", "sockets are served at /ws");
        if (sockets.count >= options.maxConnections) throw new ClankerError("unavailable", "too many connections", { retryAfterMs: 10_000 });
        const credential = identity.identify(request, "upgrade");
        sockets.upgrade(request, socket, head, { key: visitor.key, credential });
      } catch (thrown) {
        refuseUpgrade(socket, toClankerError(thrown));
      }
    };

    server = await open(options);
    server.on("request", onRequest).on("upgrade", onUpgrade);
    server.maxConnections = options.maxConnections + 100;
    sockets.start();
    running = { stop: (graceMs) => sockets.stop(graceMs) };
    await bind(server, options);
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

async function open({ tls }: GatewayOptions): Promise<Server> {
  if (tls === undefined) return createServer();
  const https = await import("node:https");
  const { cert, key, clientCa } = tls;
  return https.createServer({ cert, key, ...(clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true }) });
}

function bind(server: Server, { port, bindAddress }: GatewayOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const hint = taken ? "another gateway may be running: see clanker gateway status, or set gateway.port" : "check gateway.bind_address and gateway.port";
      reject(new ConfigError(taken ? "port_in_use" : "bind_failed", `cannot listen on ${bindAddress}:${port}: ${error.message}`, { hint, cause: error }));
    });
    server.listen(port, bindAddress, () => {
      server.removeAllListeners("error");
      resolve();
    });
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

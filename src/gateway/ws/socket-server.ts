import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData } from "ws";
import { AuthError } from "../../core/errors.ts";
import type { Asker, Authenticator } from "../auth/authenticator.ts";
import type { Credential } from "../auth/credential.ts";
import type { GatewayDeps } from "../deps.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import type { GatewayFacts } from "../method.ts";
import type { FrameDoor } from "../openclaw/frame-door.ts";
import type { Registry } from "../registry.ts";
import { ClientSocket } from "./client-socket.ts";
import { handleFrame, type Dispatch } from "./dispatch.ts";
import { createFanOut, inSlices } from "./fan-out.ts";
import type { MethodConnection } from "./method-connection.ts";
import { createSubscriptions, type Subscriptions } from "./subscriptions.ts";

export interface SocketServer {
  readonly count: number;
  /** Takes over an admitted upgrade. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, visitor: SocketVisitor): void;
  /** Closes the sockets of callers who would not be let in any more. What they are being sent ends there. */
  dropStale(): void;
  start(): void;
  /** Closes every socket with 1001 and stops the timers; what is open after `graceMs` is cut. */
  stop(graceMs: number): Promise<void>;
}

export interface SocketVisitor {
  /** Address that limits are counted on. */
  readonly key: string;
  /** Set when its Authorization header was good. */
  readonly credential: Credential | undefined;
  /** Speaks OpenClaw's frames. */
  readonly openClaw: boolean;
}

const AUTH_MS = 10_000;
const AUTH_FRAMES = 32;
const AUTH_PAYLOAD = 64 * 1024;
const MAX_PAYLOAD = 1024 * 1024;
const PING_MS = 30_000;

/** Close codes of ours: what a client may do next differs. */
export const CLOSE = { unauthenticated: 4001, stale: 4012, tooManyFrames: 4002, tooLate: 4003, tryLater: 4029 } as const;

/** A device that waits for its approval tries again; one that is unknown may ask for it on the same connection. */
const CLOSE_AFTER: Readonly<Record<string, number>> = { rate_limited: CLOSE.tryLater, device_pending: CLOSE.tryLater };

interface SocketServerDeps {
  readonly deps: GatewayDeps;
  readonly registry: Registry;
  readonly facts: GatewayFacts;
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
}

export function createSocketServer({ deps, registry, facts, authenticator, limiter }: SocketServerDeps): SocketServer {
  const { clock, hub, log } = deps;
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: AUTH_PAYLOAD, clientTracking: false, WebSocket: ClientSocket });
  const sockets = new Set<ClientSocket>();
  /** Sockets that have not authenticated, oldest first, with the time until which they may. */
  const strangers = new Map<ClientSocket, number>();
  let cancelPing = () => {};
  let cancelStrangers: (() => void) | undefined;
  let unlisten = () => {};
  const subscriptions = createSubscriptions();
  const fanOut = createFanOut(sockets, subscriptions);

  const welcome = (socket: ClientSocket, credential: Credential) => {
    socket.credential = credential;
    if (strangers.delete(socket)) limiter.refund(socket.addressKey);
    raisePayload(socket);
  };

  let frames: FrameDoor | undefined;
  let endFrames = () => {};
  let stopped = false;
  /** Loaded with the first of OpenClaw's clients: most gateways never meet one. */
  const openFrames = async (): Promise<void> => {
    const { createFrameDoor } = await import("../openclaw/frame-door.ts");
    if (frames !== undefined || stopped) return;
    frames = createFrameDoor({ registry, deps, facts, authenticator, welcome });
    endFrames = frames.start();
  };
  const dispatch: Dispatch = { registry, deps, facts, connection: (socket) => connectionOf(socket, deps, { authenticator, welcome, subscriptions }) };

  /** Before authentication every frame counts, control frames too (sec-17). */
  const countStranger = (socket: ClientSocket): boolean => {
    if (socket.credential !== undefined || ++socket.frames <= AUTH_FRAMES) return true;
    socket.close(CLOSE.tooManyFrames, "too many frames before authentication");
    cutSoon(socket);
    return false;
  };

  function onMessage(this: ClientSocket, data: RawData, binary: boolean) {
    this.alive = true;
    if (this.readyState !== this.OPEN || !countStranger(this)) return;
    if (binary) return this.close(1003, "text frames only");
    const handled = this.openClaw === undefined ? handleFrame(dispatch, this, String(data)) : frames!.handle(this, String(data));
    handled.catch((error: unknown) => {
      log.error("a frame could not be handled", { error: String(error) });
      this.terminate();
    });
  }
  function onPing(this: ClientSocket) {
    countStranger(this);
  }
  function onPong(this: ClientSocket) {
    this.alive = true;
  }
  function onError(this: ClientSocket, error: Error) {
    log.debug("a socket failed", { error: error.message });
  }
  function onClose(this: ClientSocket) {
    sockets.delete(this);
    strangers.delete(this);
    subscriptions.change(this, undefined);
    frames?.forget(this);
    this.gone?.abort();
    deps.metrics.gauge("connections", sockets.size);
  }

  const cutSoon = (socket: ClientSocket) => void clock.timer(1_000, () => socket.terminate());

  const watchStrangers = () => {
    const first = strangers.entries().next().value;
    if (first === undefined) return void (cancelStrangers = undefined);
    cancelStrangers = clock.timer(Math.max(0, first[1] - clock.monotonic()), () => {
      const now = clock.monotonic();
      for (const [socket, until] of strangers) {
        if (until > now) break;
        strangers.delete(socket);
        socket.close(CLOSE.tooLate, "not authenticated within 10 s");
        cutSoon(socket);
      }
      watchStrangers();
    });
  };

  const ping = () => {
    inSlices(sockets, (socket) => {
      if (!socket.alive) socket.terminate();
      else {
        socket.alive = false;
        socket.ping();
      }
    });
    cancelPing = clock.timer(PING_MS, ping);
  };

  const accept = (socket: ClientSocket, wire: Duplex, visitor: SocketVisitor) => {
    socket.wire = wire;
    socket.addressKey = visitor.key;
    sockets.add(socket);
    // Every listener is one function for all sockets and finds its socket in `this`.
    const events = socket as unknown as NodeJS.EventEmitter;
    events.on("message", onMessage).on("ping", onPing).on("pong", onPong).on("error", onError).on("close", onClose);
    deps.metrics.gauge("connections", sockets.size);
    if (visitor.openClaw) frames!.open(socket);
    if (visitor.credential !== undefined) return welcome(socket, visitor.credential);
    strangers.set(socket, clock.monotonic() + AUTH_MS);
    if (cancelStrangers === undefined) watchStrangers();
  };

  return {
    get count() {
      return sockets.size;
    },
    upgrade(request, socket, head, visitor) {
      const take = () => server.handleUpgrade(request, socket, head, (client) => accept(client, socket, visitor));
      if (!visitor.openClaw) return take();
      openFrames().then(
        () => (stopped || socket.destroyed ? socket.destroy() : take()),
        (error: unknown) => {
          log.error("OpenClaw's frames cannot be spoken", { error: String(error) });
          socket.destroy();
        },
      );
    },
    dropStale() {
      for (const socket of sockets) {
        if (socket.credential === undefined || authenticator.isCurrent(socket.credential)) continue;
        socket.credential = undefined;
        subscriptions.change(socket, undefined);
        frames?.forget(socket);
        socket.close(CLOSE.stale, "this credential is no longer valid");
        socket.gone?.abort();
        cutSoon(socket);
      }
    },
    start() {
      cancelPing = clock.timer(PING_MS, ping);
      unlisten = hub.listen((record) => fanOut.add(record));
    },
    async stop(graceMs) {
      cancelPing();
      cancelStrangers?.();
      unlisten();
      stopped = true;
      endFrames();
      fanOut.finish();
      const closed = new Promise<void>((resolve) => {
        const check = () => sockets.size === 0 && resolve();
        for (const socket of sockets) socket.once("close", () => setImmediate(check)).close(1001, "the gateway is shutting down");
        check();
      });
      const cancel = clock.timer(graceMs, () => sockets.forEach((socket) => socket.terminate()));
      await closed;
      cancel();
      server.close();
    },
  };
}

/** `ws` takes the limit at the start only; authenticated clients may send more than strangers. A test holds this to the installed version. */
function raisePayload(socket: ClientSocket): void {
  const receiver = (socket as unknown as { _receiver?: { _maxPayload?: number } })._receiver;
  if (receiver?._maxPayload !== undefined) receiver._maxPayload = MAX_PAYLOAD;
}

function connectionOf(
  socket: ClientSocket,
  deps: GatewayDeps,
  house: { authenticator: Authenticator; welcome: (socket: ClientSocket, credential: Credential) => void; subscriptions: Subscriptions },
): MethodConnection {
  /** A failed proof ends the connection, behind the answer that says why. */
  const prove = <T>(check: (asker: Asker) => T): T => {
    const { addressKey, nonce } = socket;
    socket.nonce = undefined;
    try {
      return check({ addressKey, nonce });
    } catch (error) {
      const code = error instanceof AuthError ? (CLOSE_AFTER[error.code] ?? CLOSE.unauthenticated) : CLOSE.unauthenticated;
      setImmediate(() => socket.close(code, "authentication failed"));
      throw error;
    }
  };
  return {
    authenticate(proof) {
      const credential = prove((asker) => house.authenticator.verify(proof, asker));
      house.welcome(socket, credential);
      return credential;
    },
    provePairing: (proof) => prove((asker) => house.authenticator.provePairing(proof, asker)),
    subscribe(subscription, since) {
      const { hub } = deps;
      const reset = since !== undefined && !hub.covers(since);
      house.subscriptions.change(socket, subscription);
      // Also without `since` it starts behind, so that the answer comes before the first event.
      socket.cursor = since === undefined || reset ? hub.seq : since;
      socket.lastSeq = socket.cursor;
      return { reset };
    },
    unsubscribe() {
      house.subscriptions.change(socket, undefined);
      socket.cursor = -1;
    },
    nonce: () => (socket.nonce = Buffer.from(deps.random.bytes(16)).toString("base64url")),
  };
}

/**
 * The door for existing OpenClaw clients, at the upgrade `/`: their frames on one side, our registry and hub on the other. What must stay true: nothing is
 * answered before `connect` was; every call goes through `callMethod` with no more rights than the connection asked for and its credential holds; what has no
 * row in the table does not exist here. Source of the frames: OpenClaw docs, gateway protocol, versions 3 and 4.
 */
import { AuthError, ClankerError, RequestError, toClankerError } from "../../core/errors.ts";
import { newId } from "../../core/random.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import { includesScope, type Credential } from "../auth/credential.ts";
import type { GatewayDeps } from "../deps.ts";
import { faceOf } from "../http-error.ts";
import type { HubRecord } from "../hub/event-ring.ts";
import type { GatewayFacts } from "../method.ts";
import { callMethod, type Registry } from "../registry.ts";
import type { ClientSocket } from "../ws/client-socket.ts";
import { sendFrame } from "../ws/event-feed.ts";
import { inSlices } from "../ws/fan-out.ts";
import { readConnect } from "./connect-params.ts";
import { createEventRows } from "./event-rows.ts";
import { connectError, frameError, type FrameError } from "./frame-error.ts";
import { errorText, eventText, parseRequest, resultText, type FrameRequest } from "./frame.ts";
import { newFrameState } from "./frame-state.ts";
import { helloOk, PROTOCOLS, TICK_MS } from "./hello.ts";
import { ConnectRefused, letIn } from "./let-in.ts";
import { narrowed } from "./operator-scopes.ts";
import { checkRowParams, type Row, type RowCall } from "./row.ts";
import { createRuns } from "./runs.ts";
import { rowsFor } from "./table.ts";
import { assistantMessage } from "./transcript.ts";

export interface FrameDoor {
  /** A socket has come: it is challenged. */
  open(socket: ClientSocket): void;
  /** Handles one frame. */
  handle(socket: ClientSocket, text: string): Promise<void>;
  /** It has gone, or may hear nothing more. */
  forget(socket: ClientSocket): void;
  /** Events and ticks from now on. @returns the function that ends it. */
  start(): () => void;
}

interface FrameDoorDeps {
  readonly registry: Registry;
  readonly deps: GatewayDeps;
  readonly facts: GatewayFacts;
  readonly authenticator: Authenticator;
  /** Lets a socket in. */
  welcome(socket: ClientSocket, credential: Credential): void;
}

const MAX_CALLS = 256;
/** Each event is written to all of them in a row: these are the clients of a few people, not the public of a page. */
const MAX_CONNECTED = 500;
/** Policy violation (RFC 6455 section 7.4.1), which their clients take for a refused `connect`. */
const REFUSED = 1008;

export function createFrameDoor({ registry, deps, facts, authenticator, welcome }: FrameDoorDeps): FrameDoor {
  const { clock, hub, log } = deps;
  const rows = rowsFor(registry);
  const runs = createRuns();
  const connected = new Set<ClientSocket>();
  const translate = createEventRows({ textOf: (turnId) => hub.textOf(turnId), now: () => clock.now() });

  const challenge = (socket: ClientSocket) => {
    socket.nonce = Buffer.from(deps.random.bytes(16)).toString("base64url");
    sendFrame(socket, eventText("connect.challenge", JSON.stringify({ nonce: socket.nonce, ts: clock.now() })));
  };

  const sendEvent = (socket: ClientSocket, event: string, payload: string) => {
    if (socket.openClaw !== undefined) sendFrame(socket, eventText(event, payload, ++socket.openClaw.seq));
  };

  const onRecord = (record: HubRecord) => {
    if (connected.size === 0) return;
    for (const { event, payload, scope, watched } of translate(record)) {
      for (const socket of connected) {
        const state = socket.openClaw!;
        const heard = event === "shutdown" || (includesScope(state.scopes, scope) && (!watched || state.watching));
        if (heard) sendEvent(socket, event, payload);
      }
    }
  };

  const connect = async (socket: ClientSocket, request: FrameRequest): Promise<unknown> => {
    const params = readConnect(request.params);
    const { minProtocol, maxProtocol, role } = params;
    if (minProtocol > PROTOCOLS.most || maxProtocol < PROTOCOLS.least)
      throw new ConnectRefused(new AuthError("protocol_mismatch", "protocol mismatch"), MISMATCH);
    if (role !== "operator") throw new RequestError("bad_params", `role ${JSON.stringify(role)} is not served here`, { hint: "connect as operator" });
    if (connected.size >= MAX_CONNECTED) throw new ClankerError("unavailable", "too many connections of OpenClaw's clients", { retryAfterMs: 10_000 });
    const { nonce } = socket;
    socket.nonce = undefined;
    const knock = { addressKey: socket.addressKey, nonce, credential: socket.credential ?? authenticator.anonymous };
    const keepers = { authenticator, devices: facts.devices, gatewayId: deps.gatewayId, now: () => clock.now() };
    const { credential, deviceToken } = await letIn(params, knock, keepers);
    if (!authenticator.isCurrent(credential)) throw new AuthError("unauthenticated", "this credential is no longer valid");
    welcome(socket, credential);
    const state = socket.openClaw!;
    state.connected = true;
    state.scopes = narrowed(credential.scopes, params.scopes);
    // The events begin behind the answer.
    queueMicrotask(() => socket.readyState === socket.OPEN && connected.add(socket));
    return helloOk({
      protocol: Math.min(maxProtocol, PROTOCOLS.most),
      version: deps.version,
      connection: newId(clock, deps.random),
      methods: rows.keys(),
      uptimeMs: Math.max(0, Math.round(clock.monotonic() - facts.startedAt)),
      ready: deps.health().ready,
      at: clock.now(),
      credential,
      scopes: state.scopes,
      deviceToken,
    });
  };

  const shakeHands = async (socket: ClientSocket, request: FrameRequest): Promise<void> => {
    const state = socket.openClaw!;
    try {
      if (request.method !== "connect") throw new AuthError("unauthenticated", "the first request has to be connect");
      if (state.connecting) throw new RequestError("bad_request", "connect is being answered already");
      state.connecting = true;
      sendFrame(socket, resultText(request.id, await connect(socket, request)));
    } catch (thrown) {
      sendFrame(socket, errorText(request.id, refusalOf(thrown, request)));
      socket.close(REFUSED, "connect refused");
      // Who does not close in turn is cut.
      clock.timer(1_000, () => socket.terminate());
    }
  };

  const callOf = (socket: ClientSocket, request: FrameRequest): RowCall => ({
    call: async <T>(name: string, params?: Readonly<Record<string, unknown>>) => {
      const { credential } = socket;
      if (credential === undefined) throw new AuthError("unauthenticated", "this credential is no longer valid");
      return (await callMethod(registry, name, params, { deps, gateway: facts, credential, signal: signalOf(socket) })) as T;
    },
    answerFirst: (payload) => void sendFrame(socket, resultText(request.id, payload)),
    say: (session, runId, text) => {
      const at = clock.now();
      const payload = { runId, sessionKey: session, seq: hub.seq, state: "final", message: assistantMessage(text, at) };
      clock.timer(0, () => connected.has(socket) && sendEvent(socket, "chat", JSON.stringify(payload)));
    },
    keepRun: runs.keep,
    messageOf: runs.messageOf,
    watchSessions: (on) => void (socket.openClaw!.watching = on),
    now: () => clock.now(),
  });

  /** Rows that change something begin one behind the other, as on /ws; one that waits for a turn holds up nobody. */
  const inOrder = async (socket: ClientSocket, row: Row, run: () => Promise<unknown>): Promise<unknown> => {
    const methods = row.calls.map((name) => registry.methods.get(name)!);
    if (!methods.some(({ mutating }) => mutating)) return run();
    const before = socket.tail;
    const work = before === undefined ? run() : before.then(run, run);
    if (!methods.some(({ long }) => long)) {
      socket.tail = work;
      const forget = () => void (socket.tail === work && (socket.tail = undefined));
      work.then(forget, forget);
    }
    return work;
  };

  const answer = async (socket: ClientSocket, request: FrameRequest): Promise<void> => {
    try {
      const row = rows.get(request.method);
      if (row === undefined) throw new RequestError("method_not_found", `unknown method: ${request.method.slice(0, 100)}`);
      if (!includesScope(socket.openClaw!.scopes, row.scope)) throw new AuthError("forbidden", `missing scope: operator.${row.scope}`);
      if (socket.calls >= MAX_CALLS) throw new RequestError("rate_limited", `more than ${MAX_CALLS} calls at a time`, { retryAfterMs: 1000 });
      socket.calls++;
      try {
        const params = checkRowParams(row, request.params);
        const result = await inOrder(socket, row, async () => row.run(params, callOf(socket, request)));
        sendFrame(socket, resultText(request.id, result));
      } finally {
        socket.calls--;
      }
    } catch (thrown) {
      const error = toClankerError(thrown);
      if (faceOf(error).rpc === -32603) log.error("a method failed", { method: request.method.slice(0, 64), error: error.message, stack: error.stack });
      sendFrame(socket, errorText(request.id, frameError(error)));
    }
  };

  return {
    open(socket) {
      socket.openClaw = newFrameState();
      challenge(socket);
    },
    async handle(socket, text) {
      const request = parseRequest(text);
      if ("broken" in request) {
        sendFrame(socket, errorText(request.id, frameError(request.broken)));
        if (!socket.openClaw!.connected) socket.close(REFUSED, "invalid request frame");
        return;
      }
      await (socket.openClaw!.connected ? answer(socket, request) : shakeHands(socket, request));
    },
    forget: (socket) => void connected.delete(socket),
    start() {
      const unlisten = hub.listen(onRecord);
      let cancel = () => {};
      const tick = () => {
        const payload = JSON.stringify({ ts: clock.now() });
        inSlices(connected, (socket) => sendEvent(socket, "tick", payload));
        cancel = clock.timer(TICK_MS, tick);
      };
      cancel = clock.timer(TICK_MS, tick);
      return () => {
        cancel();
        unlisten();
      };
    },
  };
}

const MISMATCH = { code: "PROTOCOL_MISMATCH", expectedProtocol: PROTOCOLS.most, minimumProtocol: PROTOCOLS.least };

function refusalOf(thrown: unknown, request: FrameRequest): FrameError {
  if (thrown instanceof ConnectRefused) return frameError(thrown.error, thrown.details);
  const error: ClankerError = toClankerError(thrown);
  const { auth, device } = (typeof request.params === "object" && request.params !== null ? request.params : {}) as Record<string, unknown>;
  return connectError(error, { secret: typeof auth === "object" && auth !== null && Object.keys(auth).length > 0, device: device !== undefined });
}

function signalOf(socket: ClientSocket): AbortSignal {
  socket.gone ??= new AbortController();
  if (socket.readyState !== socket.OPEN) socket.gone.abort();
  return socket.gone.signal;
}

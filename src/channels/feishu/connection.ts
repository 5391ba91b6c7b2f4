/**
 * The first step of the hall in socket mode: the persistent connection, over which the platform hands in events and presses. Always true: an event is answered with 200
 * only after its rows are committed (P1), in the order in which they came; one that is not is handed in again.
 */
import { sleep } from "../../core/clock.ts";
import { StoreError } from "../../core/errors.ts";
import type { Socket } from "../../core/sockets.ts";
import { createInOrder } from "../../lib/in-order/index.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { type FeishuAccount, recover, SocketTrouble } from "./account.ts";
import { admit } from "./admit.ts";
import { CONTROL, DATA, decodeFrame, encodeFrame, type Frame, headerOf } from "./frame.ts";
import { toastOf } from "./webhook.ts";
import type { WireEvent } from "./wire.ts";

/** Until `signal` aborts; never rejects. */
export async function keepConnection(account: FeishuAccount, signal: AbortSignal): Promise<void> {
  const { deps } = account;
  const backoff = createAccountBackoff(account);
  while (!signal.aborted) {
    try {
      await listen(account, signal, () => backoff.reset());
    } catch (error) {
      if (signal.aborted) return;
      deps.log.warn("feishu connection lost", { error });
      await recover(account, error, { backoff, signal });
    }
  }
}

/** One connection, from its address to its end. @throws FeishuFailure, HttpFailure, SocketTrouble */
async function listen(account: FeishuAccount, stopping: AbortSignal, ready: () => void): Promise<void> {
  const { api, deps, config, timing } = account;
  const { url, pingMs } = await api.endpoint(stopping);
  const service = Number(new URL(url).searchParams.get("service_id")) || 0;
  const ended = new AbortController();
  const signal = AbortSignal.any([stopping, ended.signal]);
  // The address is handed out on another host of the platform.
  const domains = [new URL(config.api_root).hostname.split(".").slice(-2).join(".")];
  const socket = await deps.sockets.connect({ baseUrl: config.api_root, domains }, { url, signal: stopping });
  const close = () => socket.close();
  signal.addEventListener("abort", close, { once: true });
  const pong = { at: deps.clock.monotonic() };
  const events = createInOrder<Frame>({ work: (frame) => answerEvent(account, socket, frame), failed: () => Promise.resolve(), signal });
  const pinging = keepPinging(account, socket, { service, pong, signal, everyMs: Math.min(pingMs ?? timing.pingMs, timing.pingMs) });
  pinging.catch(close);
  const whole = createAssembly();
  try {
    for await (const message of socket.messages) {
      const frame = frameOf(account, message);
      if (frame === undefined) continue;
      if (frame.method === CONTROL && headerOf(frame, "type") === "pong") {
        pong.at = deps.clock.monotonic();
        account.health.alive();
        ready();
      } else if (frame.method === DATA) {
        const complete = whole.add(frame);
        if (complete !== undefined) await events.add(complete);
      }
    }
    if (stopping.aborted) return;
    const { code, reason } = await socket.closed;
    ended.abort();
    // A silence is the reason when there was one.
    await pinging;
    throw new SocketTrouble("feishu_socket_lost", `the connection was closed (${code} ${reason})`.trim());
  } finally {
    ended.abort();
    signal.removeEventListener("abort", close);
    socket.close();
    await events.idle();
    await pinging.catch(() => {});
  }
}

function frameOf({ deps }: FeishuAccount, message: string | Uint8Array): Frame | undefined {
  try {
    return typeof message === "string" ? undefined : decodeFrame(message);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    deps.log.warn("feishu frame skipped: it could not be read", { error });
    return undefined;
  }
}

interface Pinging {
  readonly service: number;
  readonly pong: { at: number };
  readonly signal: AbortSignal;
  readonly everyMs: number;
}

/** The first ping goes at once: a connection is ready when it has answered (P7). @throws SocketTrouble */
async function keepPinging({ deps, timing }: FeishuAccount, socket: Socket, { service, pong, signal, everyMs }: Pinging): Promise<void> {
  const ping = encodeFrame({ seqId: 0n, logId: 0n, service, method: CONTROL, headers: [["type", "ping"]] });
  while (!signal.aborted) {
    const asked = deps.clock.monotonic();
    socket.sendBytes(ping);
    await sleep(deps.clock, timing.pongMs, signal);
    if (signal.aborted) return;
    if (pong.at < asked) throw new SocketTrouble("feishu_silent", "Feishu does not answer on the connection");
    await sleep(deps.clock, Math.max(0, everyMs - timing.pongMs), signal);
  }
}

/** Handled by ourselves and answered either way; an answer other than 200 makes the platform hand it in again. */
async function answerEvent(account: FeishuAccount, socket: Socket, frame: Frame): Promise<void> {
  const { deps, health } = account;
  const started = deps.clock.monotonic();
  const respond = (body: object) => {
    const headers = [...frame.headers, ["biz_rt", String(Math.round(deps.clock.monotonic() - started))] as const];
    socket.sendBytes(encodeFrame({ ...frame, headers, payload: new TextEncoder().encode(JSON.stringify(body)) }));
  };
  const event = eventOf(frame);
  if (event === undefined) {
    deps.log.warn("feishu event skipped: it could not be read", { type: headerOf(frame, "type") });
    return respond({ code: 200 });
  }
  try {
    const reply = await admit(account, event);
    if (/^(store_|feishu_intake_failed$)/.test(health.status().code ?? "")) health.alive();
    respond({ code: 200, ...(reply === undefined ? {} : { data: base64(JSON.stringify(toastOf(reply))) }) });
  } catch (error) {
    deps.log.warn("feishu event not taken", { error });
    health.trouble("degraded", error instanceof StoreError ? error.code : "feishu_intake_failed", "events cannot be stored; Feishu hands them in again");
    respond({ code: 500 });
  }
}

function eventOf({ payload }: Frame): WireEvent | undefined {
  try {
    const event = JSON.parse(new TextDecoder().decode(payload)) as unknown;
    return typeof event === "object" && event !== null ? (event as WireEvent) : undefined;
  } catch {
    return undefined;
  }
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** What may wait for its other pieces. */
const MAX_WAITING = 50;
const MAX_PIECES = 100;

/** Puts together what came in pieces: headers `sum`, `seq` and `message_id`. */
function createAssembly(): { add(frame: Frame): Frame | undefined } {
  const waiting = new Map<string, (Uint8Array | undefined)[]>();
  return {
    add(frame) {
      const sum = Number(headerOf(frame, "sum") ?? 1);
      const seq = Number(headerOf(frame, "seq") ?? 0);
      if (!(sum > 1 && sum <= MAX_PIECES && seq >= 0 && seq < sum)) return frame;
      const id = headerOf(frame, "message_id") ?? "";
      const pieces = waiting.get(id) ?? Array.from<Uint8Array | undefined>({ length: sum });
      pieces[seq] = frame.payload ?? new Uint8Array(0);
      waiting.set(id, pieces);
      if (pieces.some((piece) => piece === undefined)) {
        if (waiting.size > MAX_WAITING) waiting.delete(waiting.keys().next().value!);
        return undefined;
      }
      waiting.delete(id);
      const payload = new Uint8Array(pieces.reduce((size, piece) => size + piece!.length, 0));
      let at = 0;
      for (const piece of pieces) {
        payload.set(piece!, at);
        at += piece!.length;
      }
      return { ...frame, payload };
    },
  };
}

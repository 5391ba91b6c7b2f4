/**
 * The first step of the hall: Twitch tells what is written over a WebSocket that we open (EventSub). Always true: what comes is handed in one at a time, in order; what the
 * store refuses is kept and tried again, because nobody says it twice. Nothing is ever sent over the socket: Twitch closes it for that.
 */
import { sleep } from "../../core/clock.ts";
import type { Socket } from "../../core/sockets.ts";
import { createInOrder, type InOrder } from "../../lib/in-order/index.ts";
import { keepConnected } from "../../lib/keep-trying/index.ts";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { alive, recover, type TwitchAccount, TwitchTrouble } from "./account.ts";
import { TwitchFailure } from "./answer.ts";
import { deletionUpdate, messageUpdate } from "./inbound.ts";
import type { WireChat, WireDeletion, WireFrame } from "./wire.ts";

const MAX_MESSAGE_BYTES = 1_000_000;
/** Frames whose ids are remembered: Twitch may send one twice. */
const MAX_SEEN = 2_000;
const TYPES = ["channel.chat.message", "channel.chat.message_delete"] as const;
const SCOPES = ["user:read:chat", "user:write:chat"];

/** Receives until `signal` aborts. Never rejects; resolves when nothing is open and nothing is handed in any more. */
export async function receiveEvents(account: TwitchAccount, signal: AbortSignal): Promise<void> {
  const { deps, health } = account;
  const backoff = createAccountBackoff(account);
  const queue = createInOrder<WireFrame>({
    signal,
    async work(frame) {
      await admit(account, frame);
      backoff.reset();
      if (!account.stuck) return;
      account.stuck = false;
      alive(account);
    },
    async failed(error, failures) {
      account.stuck = true;
      deps.log.warn("twitch message not taken; trying again", { error, failures });
      await recover(account, error, { backoff, signal });
    },
  });
  const seen = new Set<string>();
  await keepConnected(account, { channel: "twitch", signal, recover }, async () => {
    await identify(account, signal);
    await serve(account, { queue, seen, signal });
  });
  await queue.idle();
  health.set("stopped");
}

/** @throws TwitchFailure, HttpFailure, TwitchTrouble */
async function identify(account: TwitchAccount, signal: AbortSignal): Promise<void> {
  account.me = await account.login.validate(signal);
  account.health.identify(account.me.login);
  const needed = account.config.moderate ? [...SCOPES, "moderator:manage:chat_messages"] : SCOPES;
  const missing = needed.filter((scope) => !account.me!.scopes.includes(scope));
  if (missing.length > 0) throw new TwitchTrouble("twitch_scope_missing", `the token lacks the scope ${missing.join(", ")}`);
}

interface Serving {
  readonly queue: InOrder<WireFrame>;
  readonly seen: Set<string>;
  readonly signal: AbortSignal;
}

/** Holds a socket, and its successor when Twitch asks for one, until it is lost. @throws TwitchTrouble, TwitchFailure, HttpFailure */
async function serve(account: TwitchAccount, serving: Serving): Promise<void> {
  const { deps, timing } = account;
  const over = new AbortController();
  const until = AbortSignal.any([over.signal, serving.signal]);
  // Twitch wants a token that is held open to be looked at every hour, and closes what a withdrawn one has opened.
  const validating = (async (): Promise<void> => {
    for (;;) {
      await sleep(deps.clock, timing.validateMs, until);
      if (until.aborted) return;
      await identify(account, until);
    }
  })();
  const holding = hold(account, { ...serving, signal: until });
  try {
    await Promise.race([validating, holding]);
  } finally {
    over.abort();
    await Promise.allSettled([validating, holding]);
  }
}

async function hold(account: TwitchAccount, serving: Serving): Promise<void> {
  const { signal } = serving;
  let current = await open(account, undefined, signal);
  try {
    await subscribe(account, current.session, signal);
    alive(account);
    for (;;) {
      const moved = await listen(account, current, serving);
      if (moved === undefined) return;
      // The old one is heard until the new one has said welcome; then what is subscribed has moved along (EventSub, Reconnect message).
      const next = open(account, moved, signal);
      next.catch(() => {});
      const rest = listen(account, current, serving).catch(() => undefined);
      const successor = await next;
      current.socket.close();
      await rest;
      current = successor;
      alive(account);
    }
  } finally {
    current.socket.close();
  }
}

interface Open {
  readonly socket: Socket;
  readonly frames: AsyncIterator<string | Uint8Array>;
  readonly session: string;
  /** Longest silence that Twitch allows itself, milliseconds. */
  readonly silenceMs: number;
}

/** @param url where Twitch wants us; undefined: the usual place. @throws TwitchTrouble, HttpFailure */
async function open({ deps, places, timing }: TwitchAccount, url: string | undefined, signal: AbortSignal): Promise<Open> {
  const host = new URL(places.events).hostname;
  const socket = await deps.sockets.connect(
    { baseUrl: places.events, domains: [host] },
    { signal, maxBytes: MAX_MESSAGE_BYTES, ...(url === undefined ? {} : { url }) },
  );
  const frames = socket.messages[Symbol.asyncIterator]();
  const frame = await nextFrame({ deps, frames }, timing.welcomeMs, signal);
  const welcome = typeof frame === "object" && frame.metadata?.message_type === "session_welcome" ? frame.payload?.session : undefined;
  const { id, keepalive_timeout_seconds: seconds } = welcome ?? {};
  if (id === undefined) {
    socket.close();
    throw new TwitchTrouble("twitch_silent", `Twitch did not say welcome within ${timing.welcomeMs} ms`);
  }
  return { socket, frames, session: id, silenceMs: (seconds ?? 10) * 1_000 + timing.graceMs };
}

/** @returns where Twitch wants us next, or undefined when we are to stop. @throws TwitchTrouble when the socket is lost or silent */
async function listen(account: TwitchAccount, { socket, frames, silenceMs }: Open, { queue, seen, signal }: Serving): Promise<string | undefined> {
  const { deps } = account;
  for (;;) {
    const frame = await nextFrame({ deps, frames }, silenceMs, signal);
    if (signal.aborted) return undefined;
    if (frame === undefined) {
      const { code } = await closing(deps, socket);
      throw new TwitchTrouble("twitch_socket_lost", `the connection to Twitch was lost (${code})`);
    }
    if (frame === "silent") {
      socket.close();
      throw new TwitchTrouble("twitch_silent", `Twitch said nothing for ${silenceMs} ms`);
    }
    const { message_id: id = "", message_type: type } = frame.metadata ?? {};
    if (seen.has(id)) continue;
    if (id !== "") seen.add(id);
    if (seen.size > MAX_SEEN) seen.delete(seen.values().next().value!);
    if (type === "session_reconnect") {
      const url = frame.payload?.session?.reconnect_url;
      if (typeof url === "string") return url;
    } else if (type === "revocation") {
      const { status = "revoked", condition } = frame.payload?.subscription ?? {};
      deps.log.warn("twitch: a chat may not be read any more", { status });
      account.closed.set(condition?.broadcaster_user_id ?? "somebody", status);
    } else if (type === "notification") await queue.add(frame);
    alive(account);
  }
}

/** @returns undefined when the socket is over, `silent` when nothing came in time; what cannot be read is an empty frame. */
async function nextFrame(
  { deps, frames }: Pick<Open, "frames"> & Pick<TwitchAccount, "deps">,
  ms: number,
  signal: AbortSignal,
): Promise<WireFrame | undefined | "silent"> {
  const patience = new AbortController();
  try {
    const next = frames.next();
    next.catch(() => {});
    const got = await Promise.race([next, sleep(deps.clock, ms, AbortSignal.any([patience.signal, signal])).then(() => undefined)]);
    if (got === undefined) return signal.aborted ? undefined : "silent";
    if (got.done === true) return undefined;
    try {
      return JSON.parse(typeof got.value === "string" ? got.value : new TextDecoder().decode(got.value)) as WireFrame;
    } catch {
      return {};
    }
  } finally {
    patience.abort();
  }
}

async function closing({ clock }: TwitchAccount["deps"], socket: Socket): Promise<{ code: number }> {
  return Promise.race([socket.closed, sleep(clock, 2_500).then(() => ({ code: 1_006 }))]);
}

/** A chat that may not be read is told of and does not keep the others from being read. @throws TwitchFailure, HttpFailure of any other kind */
async function subscribe(account: TwitchAccount, session: string, signal: AbortSignal): Promise<void> {
  const { api, config, me, deps } = account;
  account.closed.clear();
  for (const chat of config.channels)
    for (const type of TYPES) {
      const condition = { broadcaster_user_id: chat, user_id: me!.id };
      try {
        await api.call("POST", "/eventsub/subscriptions", {
          body: { type, version: "1", condition, transport: { method: "websocket", session_id: session } },
          signal,
        });
      } catch (error) {
        if (!(error instanceof TwitchFailure) || ![400, 403, 409].includes(error.status)) throw error;
        // It is subscribed already.
        if (error.status === 409) continue;
        deps.log.warn("twitch: a chat cannot be read", { chat, error });
        account.closed.set(chat, error.message);
      }
    }
}

/** Step 1 of the hall (turn/receive). @throws what `Intake.receive` throws: it was not taken */
async function admit(account: TwitchAccount, { metadata, payload }: WireFrame): Promise<void> {
  const { deps, config, health, me } = account;
  const sent = Date.parse(metadata?.message_timestamp ?? "");
  const context = { account: config.account, me: me!, at: Number.isNaN(sent) ? deps.clock.now() : sent };
  const type = payload?.subscription?.type;
  const event = typeof payload?.event === "object" && payload.event !== null ? payload.event : {};
  const update =
    type === "channel.chat.message"
      ? messageUpdate(event as WireChat, context)
      : type === "channel.chat.message_delete"
        ? deletionUpdate(event as WireDeletion, context)
        : undefined;
  if (update === undefined) return;
  await deps.intake.receive([update]);
  health.heard();
  deps.metrics.count("channel_updates", { channel: "twitch", account: config.account }, 1);
}

/** Messages on the very Mac that the gateway runs on, over `imsg rpc`. */
import { sleep } from "../../../core/clock.ts";
import type { ChannelDeps } from "../../../core/channel.ts";
import type { OwnersProgram } from "../../../core/programs.ts";
import type { ImessageTiming } from "../timing.ts";
import { type Feed, type Outgoing, type Way, WayFailure } from "../way.ts";
import { openSession, type Session } from "./session.ts";
import { toRow } from "./to-row.ts";
import type { WireChats, WireHistory, WireMessage, WireSent } from "./wire.ts";

export interface ImsgOptions {
  readonly command: readonly string[];
  readonly privateApi: boolean;
  readonly timing: ImessageTiming;
}

const FOLDERS = ["~/Library/Messages/Attachments"];

export function createImsg({ command, privateApi, timing }: ImsgOptions, deps: ChannelDeps, folders: readonly string[] = FOLDERS): Way {
  let session: Session | undefined;
  const ask = <T = object>(method: string, params: object, signal?: AbortSignal): Promise<T> => {
    if (session === undefined) throw new WayFailure("away", "imsg is not there");
    return session.request<T>(method, params, { ms: timing.answerMs, ...(signal === undefined ? {} : { signal }) });
  };
  const done = async (method: string, params: object, signal?: AbortSignal): Promise<void> => void (await ask(method, params, signal));
  /** Sends as Messages' own window does, or through the Private API if the owner says that it is there. */
  const transport = privateApi ? "auto" : "applescript";
  const reply = ({ replyTo }: Outgoing) => (replyTo === undefined ? {} : { reply_to: replyTo });
  return {
    async listen(feed, signal) {
      if (deps.programs === undefined) throw new WayFailure("away", "this gateway starts no programs");
      const program = deps.programs.start({ command, folders });
      const stop = () => void program.stop();
      signal.addEventListener("abort", stop, { once: true });
      const opened = openSession(program, deps.clock);
      try {
        if (!signal.aborted) await serve(opened, { feed, timing, deps, ready: () => (session = opened) }, signal);
      } finally {
        session = undefined;
        signal.removeEventListener("abort", stop);
        await program.stop();
      }
    },
    // Its rows come by themselves.
    poke() {},
    async sendText(text, out) {
      const rich = privateApi && out.replyTo !== undefined;
      const params = rich ? { chat_guid: out.chat, text, ...reply(out) } : { chat_guid: out.chat, text, transport };
      return guidOf(await ask<WireSent>(rich ? "send.rich" : "send", params, out.signal));
    },
    async sendFile({ name, bytes, voice }, out) {
      const running = session?.program;
      if (running === undefined) throw new WayFailure("away", "imsg is not there");
      const file = await running.lend(name, bytes);
      try {
        const bridged = privateApi && (voice || out.replyTo !== undefined);
        const params = bridged ? { chat_guid: out.chat, file: file.path, audio: voice, ...reply(out) } : { chat_guid: out.chat, file: file.path, transport };
        return guidOf(await ask<WireSent>(bridged ? "send.attachment" : "send", params, out.signal));
      } finally {
        await file.giveBack();
      }
    },
    async fetch(media, limit) {
      const running: OwnersProgram | undefined = session?.program;
      if (running === undefined) throw new WayFailure("away", "imsg is not there");
      const bytes = await running.read(media.ref!, limit);
      return { bytes, type: media.type ?? "application/octet-stream", ...(media.name === undefined ? {} : { name: media.name }) };
    },
    typing: (chat) => done("typing", { chat_guid: chat, typing: true }),
    markRead: (chat, signal) => done("read", { chat_guid: chat }, signal),
    edit: (chat, guid, text, signal) => done("message.edit", { chat_guid: chat, message_guid: guid, text }, signal),
    unsend: (chat, guid, signal) => done("message.unsend", { chat_guid: chat, message_guid: guid }, signal),
    react: (chat, guid, { name, on, signal }) => done("tapback", { chat_guid: chat, message_guid: guid, reaction: name, remove: !on }, signal),
  };
}

interface Serving {
  readonly feed: Feed;
  readonly timing: ImessageTiming;
  readonly deps: ChannelDeps;
  /** From now on it may be asked for things. */
  readonly ready: () => void;
}

async function serve(session: Session, { feed, timing, deps, ready }: Serving, signal: AbortSignal): Promise<void> {
  try {
    await subscribe(session, feed, { ms: timing.answerMs, signal });
  } catch (error) {
    // Nothing was sent yet that could be in doubt.
    throw error instanceof WayFailure && error.kind === "lost" ? new WayFailure("away", error.message) : error;
  }
  ready();
  feed.alive();
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const taking = takeRows(session, feed, either);
  try {
    await Promise.race([taking, ping(session, { feed, timing, deps }, either)]);
  } finally {
    over.abort();
    await session.program.stop();
    // Before another run begins nothing of this one is being handed in any more.
    await taking.catch(() => {});
  }
}

/** From the position on record, or with the next row: 0 would mean the same to it. */
async function subscribe(session: Session, feed: Feed, wait: { readonly ms: number; readonly signal: AbortSignal }): Promise<void> {
  if (feed.position() === undefined) {
    const rowid = await newest(session, wait);
    if (rowid !== undefined) await feed.begin(rowid);
  }
  const since = feed.position();
  const from = since === undefined ? {} : { since_rowid: since };
  await session.request("watch.subscribe", { ...from, attachments: true, include_reactions: true }, wait);
}

const CHATS = 10;

/** What was said before the first start was not said to the assistant. @returns undefined when there is nothing yet */
async function newest(session: Session, wait: { readonly ms: number; readonly signal: AbortSignal }): Promise<number | undefined> {
  const { chats = [] } = await session.request<WireChats>("chats.list", { limit: CHATS }, wait);
  const found: number[] = [];
  for (const { id: chat_id } of chats) {
    const { messages = [] } = await session.request<WireHistory>("messages.history", { chat_id, limit: 1 }, wait);
    found.push(...messages.flatMap(({ id }) => id ?? []));
  }
  return found.length === 0 ? undefined : Math.max(...found);
}

async function takeRows(session: Session, feed: Feed, signal: AbortSignal): Promise<void> {
  try {
    for await (const { method, params } of session.notices) {
      if (signal.aborted) return;
      if (method === "error") throw new WayFailure("away", `imsg has stopped watching: ${JSON.stringify(params["error"] ?? "").slice(0, 300)}`);
      const row = method === "message" ? toRow((params["message"] ?? {}) as WireMessage) : undefined;
      if (row !== undefined) {
        // Until then nothing was there: if this row cannot be taken now, it is the first that is asked for again.
        if (feed.position() === undefined) await feed.begin(row.rowid - 1);
        if (row.rowid > feed.position()!) await feed.said([row]);
      }
      feed.alive();
    }
  } catch (error) {
    // It ends because it was told so.
    if (!signal.aborted) throw error;
  }
}

/** A quiet phone is not a deaf program (P7). It works off one request at a time, so it is not asked while it sends. */
async function ping(session: Session, { feed, timing, deps }: Omit<Serving, "ready">, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(deps.clock, timing.pingMs, signal);
    if (signal.aborted || session.open > 0) continue;
    try {
      await session.request("chats.list", { limit: 1 }, { ms: timing.pongMs, signal });
      feed.alive();
    } catch (error) {
      if (!signal.aborted) throw new WayFailure("away", error instanceof Error ? error.message : "imsg does not answer");
    }
  }
}

/** Messages does not say it in time, at times. */
function guidOf({ guid }: WireSent): string | undefined {
  return guid === undefined || guid === "" ? undefined : guid;
}

/**
 * Hands what a sync tells to step 1 of the hall (turn/receive). Always true: the position on record moves only with the rows it covers (P1), and what could not be
 * decrypted is on record before; an event that cannot be translated is skipped and never holds up the others.
 */
import type { Update } from "../../core/update.ts";
import { type MatrixAccount, path } from "./account.ts";
import { MatrixFailure } from "./api.ts";
import { contextOf } from "./context.ts";
import { keepRoomSettings } from "./crypto.ts";
import { missedEvents } from "./gap-fill.ts";
import { addressOf, relationOf, threadOf, updateOf } from "./inbound.ts";
import { cameIn } from "./rooms.ts";
import { keepUnread, NOT_ENCRYPTED, unreadable } from "./unread.ts";
import type { WireEvent, WireJoinedRoom, WireSync } from "./wire.ts";

/** The position is put on record at least this often when nothing comes: an old one costs the server much. */
const QUIET_MS = 5 * 60_000;

/** Where the position was last put on record. */
export interface Recorded {
  at: number;
}

/** @throws what `Intake.receive` throws, MatrixFailure and HttpFailure of what had to be asked for: nothing was taken. */
export async function admitSync(account: MatrixAccount, sync: WireSync, { recorded, signal }: { recorded: Recorded; signal: AbortSignal }): Promise<void> {
  const { deps, config, health, rooms } = account;
  const before = account.since;
  for (const { type, content } of sync.account_data?.events ?? [])
    if (type === "m.direct" && content !== undefined) rooms.directs = content as Record<string, string[]>;
  for (const [room, { invite_state: state }] of Object.entries(sync.rooms?.invite ?? {})) await invited(account, { room, events: state?.events ?? [] }, signal);
  const updates: { readonly update: Update; readonly event: WireEvent }[] = [];
  for (const [room, left] of Object.entries(sync.rooms?.leave ?? {})) updates.push(...leftRoom(account, room, left));
  for (const [room, joined] of Object.entries(sync.rooms?.join ?? {})) updates.push(...(await saidIn(account, room, { joined, before, signal })));
  const quiet = updates.length === 0 && (sync.to_device?.events ?? []).length === 0 && sync.rooms === undefined;
  if (!quiet || before === undefined || deps.clock.monotonic() - recorded.at > QUIET_MS) {
    const cursor = { channel: "matrix", account: config.account, name: "sync", value: sync.next_batch };
    const outcomes = await deps.intake.receive(
      updates.map(({ update }) => update),
      cursor,
    );
    recorded.at = deps.clock.monotonic();
    const taken = updates.filter((_, index) => ["turn", "command", "context"].includes(outcomes[index]?.kind ?? ""));
    account.background.run((stop) => markRead(account, taken, stop));
  }
  account.since = sync.next_batch;
  if (updates.length === 0) return;
  health.heard();
  deps.metrics.count("channel_updates", { channel: "matrix", account: config.account }, updates.length);
}

/**
 * An invitation is taken where the hall would let in who sends it (sec-34). To a stranger who asks for a conversation of two the hall answers how to be let in: then
 * that answer brings us there (send-event.ts).
 */
async function invited(account: MatrixAccount, { room, events }: { room: string; events: readonly WireEvent[] }, signal: AbortSignal): Promise<void> {
  const { rooms, deps, me, config, api } = account;
  const event = events.find(({ type, state_key: key, content }) => type === "m.room.member" && key === me!.id && content?.["membership"] === "invite");
  const sender = event?.sender;
  if (event === undefined || sender === undefined || rooms.has(room)) return;
  const direct = event.content?.["is_direct"] === true;
  rooms.invites.set(room, { sender, direct });
  const now = deps.clock.now();
  // What comes with an invitation has neither an id nor a date, and who was in the room before may be invited again.
  const base = { address: addressOf({ account: config.account, room }), sender: { id: sender }, direct, at: now };
  const [outcome] = await deps.intake.receive([{ ...base, type: "membership", key: `invite:${room}:${sender}:${now}`, change: "joined" }]);
  if (outcome?.kind === "refused") {
    if (!direct) return;
    const message = { parts: [{ type: "notice" as const, text: "invites you to a conversation" }] };
    await deps.intake.receive([{ ...base, type: "message", key: `msg:${room}:invite:${sender}`, messageId: `invite:${sender}`, message, addressed: true }]);
    return;
  }
  await join(account, room, { sender, direct, signal, api });
}

async function join(
  account: MatrixAccount,
  room: string,
  { sender, direct, signal, api }: { sender: string; direct: boolean; signal: AbortSignal; api: MatrixAccount["api"] },
): Promise<void> {
  const { rooms, deps, me } = account;
  try {
    await api.call("POST", `/client/v3/join${path(room)}`, { body: {}, signal });
  } catch (error) {
    // Taken back meanwhile, or the room is gone.
    if (!(error instanceof MatrixFailure) || error.status === 429 || error.status >= 500 || error.status === 401) throw error;
    deps.log.warn("matrix invitation not taken", { room, error });
    return;
  }
  if (!direct) return;
  const theirs = rooms.directs[sender] ?? [];
  if (theirs.includes(room)) return;
  rooms.directs = { ...rooms.directs, [sender]: [...theirs, room] };
  await api.call("PUT", `/client/v3/user${path(me!.id)}/account_data${path("m.direct")}`, { body: rooms.directs, signal });
}

function leftRoom(account: MatrixAccount, room: string, left: WireJoinedRoom): { update: Update; event: WireEvent }[] {
  const { rooms, me, config } = account;
  const events = [...(left.state?.events ?? []), ...(left.timeline?.events ?? [])];
  const event = events.findLast(({ type, state_key: key }) => type === "m.room.member" && key === me!.id);
  const direct = rooms.isDirect(room);
  rooms.invites.delete(room);
  if (!rooms.has(room)) return [];
  rooms.forget(room);
  if (event?.event_id === undefined) return [];
  const base = { address: addressOf({ account: config.account, room }), sender: { id: event.sender ?? me!.id }, direct, at: event.origin_server_ts ?? 0 };
  return [{ update: { ...base, type: "membership", key: `member:${room}:${event.event_id}`, change: "left" }, event }];
}

async function saidIn(
  account: MatrixAccount,
  room: string,
  { joined, before, signal }: { joined: WireJoinedRoom; before: string | undefined; signal: AbortSignal },
): Promise<{ update: Update; event: WireEvent }[]> {
  const { rooms, me } = account;
  const timeline = joined.timeline?.events ?? [];
  if (!rooms.has(room) && (await account.crypto?.wasEncrypted(room))) rooms.markEncrypted(room);
  for (const event of joined.state?.events ?? []) await applyState(account, room, event);
  for (const event of timeline) if (event.type === "m.room.encryption") await applyState(account, room, event);
  const missed = joined.timeline?.limited === true && before !== undefined ? await missedEvents(account, room, { since: before, joined, signal }) : [];
  const found: { update: Update; event: WireEvent }[] = [];
  const events = [...missed, ...timeline];
  // By their order, not by their dates: those are of other servers' clocks.
  const came = events.findLastIndex((event) => cameIn(event, me!.id));
  for (const [index, event] of events.entries()) {
    await applyState(account, room, event);
    // What was said before the first start, or before we came, was not said to us.
    const old = before === undefined || index < came;
    if (old || event.event_id === undefined || event.unsigned?.redacted_because !== undefined) continue;
    const update = event.sender === me!.id ? ours(account, event) : await translated(account, room, event);
    if (update !== undefined) found.push({ update, event });
  }
  rooms.invites.delete(room);
  await trackMembers(account, room);
  return found;
}

async function applyState(account: MatrixAccount, room: string, event: WireEvent): Promise<void> {
  account.rooms.apply(room, event);
  if (event.type !== "m.room.encryption" || event.state_key === undefined || account.crypto === undefined) return;
  await keepRoomSettings(account.crypto, room, event.content ?? {}).catch((error: unknown) =>
    account.deps.log.warn("matrix room settings not taken", { room, error }),
  );
}

async function trackMembers({ rooms, crypto }: MatrixAccount, room: string): Promise<void> {
  if (crypto !== undefined && rooms.encrypted(room)) await crypto.track(rooms.members(room));
}

/** What we say ourselves is no update, but answers to it are said to us. */
function ours(account: MatrixAccount, { event_id: id, content = {} }: WireEvent): undefined {
  const thread = threadOf(content);
  account.seen.set(id!, { sender: account.me!.id, ...(thread === undefined ? {} : { thread }) });
  account.threads.set(thread ?? id!, true);
}

async function translated(account: MatrixAccount, room: string, event: WireEvent): Promise<Update | undefined> {
  try {
    const read = await readable(account, room, event);
    if (read === undefined) return undefined;
    if ("update" in read) return read.update;
    remember(account, read.event);
    return updateOf(read.event, contextOf(account, room, read.event));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    account.deps.log.warn("matrix event skipped: it could not be read", { room, type: event.type, error });
    return undefined;
  }
}

/** What people say, which is encrypted where the room is. */
const SAID = new Set(["m.room.message", "m.sticker", "m.poll.start", "org.matrix.msc3381.poll.start", "m.poll.response", "org.matrix.msc3381.poll.response"]);

/** @returns undefined while it cannot be read, and for what is nothing said. */
async function readable(account: MatrixAccount, room: string, event: WireEvent): Promise<{ event: WireEvent } | { update: Update } | undefined> {
  const { crypto, rooms, deps } = account;
  if (event.type === "m.room.encrypted") {
    const decrypted = await crypto?.decrypt(room, event);
    if (decrypted === undefined) {
      if (crypto !== undefined) await keepUnread(account, room, event);
      else deps.log.warn("matrix: an encrypted message is not read, for encryption is off", { room, event: event.event_id });
      return undefined;
    }
    // What the server has to allow, such as a redaction, counts only in the open.
    if (!SAID.has(decrypted.type ?? "") && decrypted.type !== "m.reaction") return undefined;
    const relation = event.content?.["m.relates_to"];
    const content = decrypted.content ?? {};
    // Clients leave out of the sealed part what the server has to see.
    return { event: relation === undefined || "m.relates_to" in content ? decrypted : { ...decrypted, content: { ...content, "m.relates_to": relation } } };
  }
  if (!SAID.has(event.type ?? "") || !rooms.encrypted(room) || crypto === undefined) return { event };
  deps.log.warn("matrix: a message that is not encrypted, in a room that is, is not read", { room, event: event.event_id, sender: event.sender });
  return { update: unreadable(account, { room, event, why: NOT_ENCRYPTED }) };
}

function remember({ seen }: MatrixAccount, { event_id: id, sender, type, content = {} }: WireEvent): void {
  if (id === undefined || sender === undefined) return;
  const thread = threadOf(content);
  const { event_id: to, key } = relationOf(content);
  const reaction = type === "m.reaction" && typeof to === "string" && typeof key === "string" ? { reaction: { to, emoji: key } } : {};
  seen.set(id, { sender, ...(thread === undefined ? {} : { thread }), ...reaction });
}

/** Shows people that what they said was taken; a stranger is shown nothing. */
async function markRead({ api, deps }: MatrixAccount, taken: readonly { update: Update; event: WireEvent }[], signal: AbortSignal): Promise<void> {
  const newest = new Map(taken.filter(({ update }) => update.type === "message").map(({ update, event }) => [update.address.conversation, { update, event }]));
  for (const [room, { update, event }] of newest) {
    try {
      const body = { thread_id: update.address.thread ?? "main" };
      await api.call("POST", `/client/v3/rooms${path(room)}/receipt/m.read${path(event.event_id!)}`, { body, signal });
    } catch (error) {
      if (!signal.aborted) deps.log.debug("matrix receipt not shown", { error });
    }
  }
}

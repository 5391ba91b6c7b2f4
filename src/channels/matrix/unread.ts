/**
 * Messages that cannot be decrypted: their keys may come later, from their sender or out of the backup. Always true: such a message is on record before the position
 * of the sync moves past it, it is told when its keys stay away, and it is handed in as itself when they come.
 */
import { sleep } from "../../core/clock.ts";
import type { Update } from "../../core/update.ts";
import type { MatrixAccount, Unread } from "./account.ts";
import { contextOf } from "./context.ts";
import { unreadableUpdate, updateOf } from "./inbound.ts";
import { restoreKeys } from "./key-backup.ts";
import type { WireEvent } from "./wire.ts";

const FACT = "unread";
const MAX_UNREAD = 500;
/** How often it is looked for what is too old. */
const CHECK_MS = 3_600_000;
/** Nobody waits for an answer to something older, and it is promised that none is kept for more than seven days. */
const MAX_AGE_MS = 7 * 24 * 3_600_000 - CHECK_MS;

const NO_KEYS = "a message that could not be decrypted: its keys have not arrived, and have been asked for; if they come, so does the message";
export const NOT_ENCRYPTED = "a message that was not encrypted although this room is: it was not read, for anybody on the server could have written it";

/** @throws StoreError `keep_failed` */
export async function loadUnread(account: MatrixAccount): Promise<void> {
  await forgetOld(account);
  account.unread = account.kept?.fact<Unread[]>(FACT) ?? [];
}

/** What these people have said and nobody could read is forgotten, also where it stood before. Nothing is done while the account is stopped. @throws StoreError `keep_failed` */
export function forgetPeople(account: MatrixAccount, ids: readonly string[]): Promise<void> {
  return forget(account, ({ event }) => ids.includes(event.sender ?? ""));
}

function forgetOld(account: MatrixAccount): Promise<void> {
  const oldest = account.deps.clock.now() - MAX_AGE_MS;
  return forget(account, ({ since }) => since <= oldest);
}

function forget(account: MatrixAccount, isGone: (one: Unread) => boolean): Promise<void> {
  return account.changeUnread(async () => {
    const all = account.kept?.fact<Unread[]>(FACT) ?? [];
    const left = all.filter((one) => !isGone(one));
    if (left.length === all.length) return;
    await account.kept?.setFact(FACT, left);
    account.unread = account.unread.filter((one) => !isGone(one));
    await account.kept?.shrink();
  });
}

/** @throws StoreError `keep_failed` */
export async function keepUnread(account: MatrixAccount, room: string, event: WireEvent): Promise<void> {
  if (account.unread.some((one) => one.event.event_id === event.event_id)) return;
  await change(account, (all) => [...all, { room, event, since: account.deps.clock.now() }].slice(-MAX_UNREAD));
  account.deps.metrics.count("channel_undecrypted", { channel: "matrix", account: account.config.account });
  account.background.run((signal) => waitForKeys(account, { room, event }, signal));
}

/** Those from before the start wait on, and none for too long. */
export function resumeUnread(account: MatrixAccount): void {
  account.background.run(async (signal) => {
    while (!signal.aborted) {
      await sleep(account.deps.clock, CHECK_MS, signal);
      if (!signal.aborted)
        await forgetOld(account).catch((error: unknown) => account.deps.log.warn("matrix: old undecrypted messages not forgotten", { error }));
    }
  });
  for (const { room, event } of account.unread) account.background.run((signal) => waitForKeys(account, { room, event }, signal));
}

async function waitForKeys(account: MatrixAccount, { room, event }: { room: string; event: WireEvent }, signal: AbortSignal): Promise<void> {
  const { deps, timing } = account;
  try {
    if (await restoreKeys(account, room, { event, signal })) return await readAgain(account);
    await sleep(deps.clock, timing.keysMs, signal);
    const waiting = account.unread.find((one) => one.event.event_id === event.event_id);
    if (signal.aborted || waiting === undefined || waiting.told === true) return;
    await deps.intake.receive([unreadable(account, { room, event, why: NO_KEYS })]);
    await change(account, (all) => all.map((one) => (one === waiting ? { ...one, told: true as const } : one)));
  } catch (error) {
    if (!signal.aborted) deps.log.warn("matrix: an undecrypted message not told of", { room, event: event.event_id, error });
  }
}

export function unreadable(account: MatrixAccount, { room, event, why }: { room: string; event: WireEvent; why: string }): Update {
  return unreadableUpdate({ event, id: event.event_id ?? "", why }, contextOf(account, room, event));
}

/** Keys have come: whatever they open is handed in now. Must not reject. */
export async function readAgain(account: MatrixAccount, sessions?: ReadonlySet<string>): Promise<void> {
  const { crypto, deps } = account;
  for (const one of account.unread) {
    if (sessions !== undefined && !sessions.has(String(one.event.content?.["session_id"]))) continue;
    try {
      const event = await crypto?.decrypt(one.room, one.event);
      if (event === undefined) continue;
      const update = updateOf(event, contextOf(account, one.room, event));
      if (update !== undefined) await deps.intake.receive([update]);
      await change(account, (all) => all.filter(({ event: { event_id: id } }) => id !== one.event.event_id));
    } catch (error) {
      deps.log.warn("matrix: a message whose keys came late not handed in; it is kept", { room: one.room, event: one.event.event_id, error });
    }
  }
}

function change(account: MatrixAccount, made: (all: readonly Unread[]) => readonly Unread[]): Promise<void> {
  return account.changeUnread(async () => {
    const all = made(account.unread);
    await account.kept?.setFact(FACT, all);
    account.unread = all;
  });
}

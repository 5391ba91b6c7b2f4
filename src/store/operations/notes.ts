/**
 * What a conversation learns of messages that were sent to it from elsewhere: kept with the delivery, and in the transcript of whichever session goes on there, before what
 * is said next. What must stay true: nothing comes between a call and its result; a note is told once, and not when its message is known to have failed.
 */
import type { Address } from "../../core/address.ts";
import type { Entry, NewEntry } from "../../core/entry.ts";
import type { Operations } from "../../core/store.ts";
import { hasOpenCall } from "./calls.ts";
import { appendEntries } from "./entries.ts";
import type { SessionRow } from "./rows/session.ts";
import { currentSession } from "./sessions.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { Where } from "./where.ts";

type Note = NonNullable<Operations["enqueueDelivery"]["input"]["note"]>;

/** More are forgotten: the newest say enough. */
const MAX_NOTES = 20;

export function* keepNote(deliveryId: string, { session, ...note }: Note): Steps<void> {
  yield* run("UPDATE deliveries SET note = ?, note_session = ? WHERE id = ?", JSON.stringify(note), session ?? null, deliveryId);
}

/** Told at once where the lane is idle; else with the end of what runs, or the beginning of what comes. */
export function* tellIfIdle(sessionKey: string): Steps<void> {
  const session = yield* currentSession(sessionKey);
  if (session === undefined) return;
  const running = yield* one("SELECT id FROM turns WHERE session_id = ? AND ended_at IS NULL AND status = 'running' LIMIT 1", session.id);
  if (running === undefined) yield* tellNotes(session.id);
}

/** To a session whose lane is held, by its key alone. */
export function* tellNotes(sessionId: string): Steps<Entry[]> {
  const where = new Where().always("note IS NOT NULL").when("note_session = (SELECT key FROM sessions WHERE id = ?)", sessionId);
  const some = yield* one(`SELECT id FROM deliveries ${where.sql} LIMIT 1`, ...where.params);
  if (some === undefined || (yield* hasOpenCall(sessionId))) return [];
  return yield* appendEntries(sessionId, yield* take(where));
}

/** What a turn of this session has to know before it begins: what was said to the session, or at the place where its people are. */
export function* takeNotes({ key, address }: Pick<SessionRow, "key" | "address">): Steps<NewEntry[]> {
  const where = new Where().always("note IS NOT NULL");
  if (address === null) where.when("note_session = ?", key);
  else {
    const { channel, account, conversation, thread } = JSON.parse(address) as Address;
    where.always("(note_session = ? OR (channel = ? AND account = ? AND conversation = ? AND (thread IS NULL OR thread = ?)))");
    where.params.push(key, channel, account, conversation, thread ?? "");
  }
  return yield* take(where);
}

function* take(where: Where): Steps<NewEntry[]> {
  const rows = yield* all<{ id: string; note: string; status: string; created_at: number }>(
    `SELECT id, note, status, created_at FROM deliveries ${where.sql} ORDER BY seq DESC`,
    ...where.params,
  );
  if (rows.length === 0) return [];
  yield* run(`UPDATE deliveries SET note = NULL, note_session = NULL ${where.sql}`, ...where.params);
  return rows
    .filter(({ status }) => status !== "failed" && status !== "cancelled")
    .slice(0, MAX_NOTES)
    .toReversed()
    .map((row) => {
      const { text, label, principal, tokens } = JSON.parse(row.note) as Note;
      return { content: { role: "system", text }, principal, label, tokens, at: row.created_at };
    });
}

import type { NewEntry } from "../../core/entry.ts";
import type { InboxItem } from "../../core/records.ts";
import type { AcceptItem, Operations } from "../../core/store.ts";
import type { Cursor } from "../../core/update.ts";
import { jsonOrNull } from "./rows/column.ts";
import { toInboxItem, type InboxRow } from "./rows/inbox.ts";
import { all, one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** Unprocessed context that a session keeps. */
export const MAX_CONTEXT = 50;

/** An admitted item, that is any but a refused one. */
export type AdmittedItem = Exclude<AcceptItem, { kind: "refused" }>;

export interface PendingRow {
  seq: number;
  id: string;
  turn_id: string | null;
  body: string;
  entry: string | null;
}

/**
 * How a row waits: `turn` rows for their turn, `context` rows for the next turn of the session whichever it is; `none` for nothing.
 * A row waits while `pending` is 1; then its `entry` is moved into the transcript and kept there only.
 */
export function* insertInbox(
  item: AdmittedItem,
  place: { sessionId: string; turnId?: string; waits: "turn" | "context" | "none"; now: number },
): Steps<number> {
  const row = yield* one<{ seq: number }>(
    `INSERT INTO inbox (id, channel, account, key, session_id, turn_id, waits, pending, body, entry, digest, principal, label, received_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING seq`,
    item.messageId,
    item.channel,
    item.account,
    item.key,
    place.sessionId,
    place.turnId ?? null,
    place.waits,
    place.waits === "none" ? 0 : 1,
    JSON.stringify(item.update),
    place.waits === "none" ? null : jsonOrNull(item.entry),
    item.options.digest ?? null,
    JSON.stringify(item.principal),
    JSON.stringify(item.label),
    place.now,
  );
  return row!.seq;
}

/** Drops all but the newest waiting context of the session; the rows stay known for deduplication. */
export function* trimContext(sessionId: string): Steps<void> {
  yield* run(
    `UPDATE inbox SET pending = 0, entry = NULL WHERE session_id = ? AND pending = 1 AND waits = 'context' AND seq <=
       (SELECT seq FROM inbox WHERE session_id = ? AND pending = 1 AND waits = 'context' ORDER BY seq DESC LIMIT 1 OFFSET ${MAX_CONTEXT})`,
    sessionId,
    sessionId,
  );
}

/** Takes what waits for this turn (and, with `context`, for any turn) out of the inbox, in order of arrival. */
export function* takePending(sessionId: string, turnId: string, context: boolean): Steps<NewEntry[]> {
  const which = context ? "(waits = 'context' OR turn_id = ?)" : "(waits = 'turn' AND turn_id = ?)";
  const rows = yield* all<PendingRow>(
    `SELECT seq, id, turn_id, body, entry FROM inbox WHERE session_id = ? AND pending = 1 AND ${which} ORDER BY seq`,
    sessionId,
    turnId,
  );
  if (rows.length === 0) return [];
  yield* run(`UPDATE inbox SET pending = 0, entry = NULL WHERE session_id = ? AND pending = 1 AND ${which}`, sessionId, turnId);
  return rows.flatMap((row) => {
    if (row.entry === null) return [];
    const entry = JSON.parse(row.entry) as NewEntry;
    return [{ ...entry, turnId: row.turn_id ?? turnId, messageId: entry.messageId ?? row.id }];
  });
}

export function* setCursor(cursor: Cursor): Steps<void> {
  yield* run(
    "INSERT INTO cursors (channel, account, name, value) VALUES (?, ?, ?, ?) ON CONFLICT (channel, account, name) DO UPDATE SET value = excluded.value",
    cursor.channel,
    cursor.account,
    cursor.name,
    cursor.value,
  );
}

export function* getCursor({ channel, account, name }: Input<"getCursor">): Steps<string | undefined> {
  return (yield* one<{ value: string }>("SELECT value FROM cursors WHERE channel = ? AND account = ? AND name = ?", channel, account, name))?.value;
}

const COLUMNS = "seq, id, session_id, turn_id, body, principal, label, received_at";

export function* getInboxItem(input: Input<"getInboxItem">): Steps<InboxItem | undefined> {
  const row =
    "id" in input
      ? yield* one<InboxRow>(`SELECT ${COLUMNS} FROM inbox WHERE id = ?`, input.id)
      : yield* one<InboxRow>(`SELECT ${COLUMNS} FROM inbox WHERE channel = ? AND account = ? AND key = ?`, input.channel, input.account, input.key);
  return row && toInboxItem(row);
}

export function* listInbox({ sessionId, limit }: Input<"listInbox">): Steps<InboxItem[]> {
  const rows =
    sessionId === undefined
      ? yield* all<InboxRow>(`SELECT ${COLUMNS} FROM inbox ORDER BY seq DESC LIMIT ?`, limit)
      : yield* all<InboxRow>(`SELECT ${COLUMNS} FROM inbox WHERE session_id = ? ORDER BY seq DESC LIMIT ?`, sessionId, limit);
  return rows.toReversed().map(toInboxItem);
}

import type { Entry, EntryContent, NewEntry } from "../../core/entry.ts";
import { StoreError } from "../../core/errors.ts";
import type { Operations } from "../../core/store.ts";
import { useBlobs } from "./blob-uses.ts";
import { guardLane, leaseLost } from "./leases.ts";
import { present } from "./rows/column.ts";
import { toEntry, type EntryRow } from "./rows/entry.ts";
import { all, one, run, type Steps } from "./statement.ts";

/** Appends in order, with the next numbers of the session; a session that is gone gets nothing. */
export function* appendEntries(sessionId: string, entries: readonly NewEntry[]): Steps<Entry[]> {
  if (entries.length === 0) return [];
  const row = yield* one<{ last_entry: number }>(
    "UPDATE sessions SET last_entry = last_entry + ? WHERE id = ? RETURNING last_entry",
    entries.length,
    sessionId,
  );
  if (row === undefined) return [];
  let number = row.last_entry - entries.length;
  const appended: Entry[] = [];
  for (const entry of entries) {
    number += 1;
    yield* run(
      "INSERT INTO entries (session_id, number, content, principal, label, tokens, turn_id, message_id, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      sessionId,
      number,
      JSON.stringify(entry.content),
      JSON.stringify(entry.principal),
      JSON.stringify(entry.label),
      entry.tokens,
      entry.turnId ?? null,
      entry.messageId ?? null,
      entry.at,
    );
    yield* useBlobs(sessionId, number, entry.content);
    appended.push(present({ ...entry, sessionId, number }));
  }
  return appended;
}

export function* readEntries({ sessionId, after, before, limit }: Operations["readEntries"]["input"]): Steps<Entry[]> {
  if (before === undefined || after !== undefined) {
    const sql = before === undefined ? "" : "AND number < ? ";
    const bound = before === undefined ? [] : [before];
    const rows = yield* all<EntryRow>(
      `SELECT * FROM entries WHERE session_id = ? AND number > ? ${sql}ORDER BY number LIMIT ?`,
      sessionId,
      after ?? 0,
      ...bound,
      limit,
    );
    return rows.map(toEntry);
  }
  const rows = yield* all<EntryRow>("SELECT * FROM entries WHERE session_id = ? AND number < ? ORDER BY number DESC LIMIT ?", sessionId, before, limit);
  return rows.toReversed().map(toEntry);
}

/** @throws StoreError `lease_lost`, `no_user_entry` */
export function* setEntryMessage({ fence, sessionId, number, message }: Operations["setEntryMessage"]["input"]): Steps<void> {
  if ((yield* guardLane(fence)) !== sessionId) throw leaseLost(fence);
  const row = yield* one<Pick<EntryRow, "content">>("SELECT content FROM entries WHERE session_id = ? AND number = ?", sessionId, number);
  const content = row && (JSON.parse(row.content) as EntryContent);
  if (content?.role !== "user")
    throw new StoreError("no_user_entry", `entry ${number} of session ${sessionId} is no message of a person`, { hint: "Read the transcript again." });
  yield* run("UPDATE entries SET content = ? WHERE session_id = ? AND number = ?", JSON.stringify({ ...content, message }), sessionId, number);
  yield* useBlobs(sessionId, number, { ...content, message });
}

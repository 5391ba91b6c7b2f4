import { sameConversation } from "../../core/address.ts";
import type { NewEntry } from "../../core/entry.ts";
import type { Update } from "../../core/update.ts";
import type { AdmittedItem, PendingRow } from "./inbox.ts";
import { jsonOrNull } from "./rows/column.ts";
import { all, run, type Steps } from "./statement.ts";

/**
 * Puts the text of an edit into the message that it edits, if that message still waits. Only its own author's edit counts, on the same conversation.
 * @returns the edited row, undefined when a turn has started on it, or it was never seen.
 */
export function* editPending(sessionId: string, item: AdmittedItem): Steps<{ id: string; turnId: string | undefined } | undefined> {
  const edit = item.update;
  if (edit.type !== "edit") return undefined;
  const rows = yield* all<PendingRow>("SELECT seq, id, turn_id, body, entry FROM inbox WHERE session_id = ? AND pending = 1 ORDER BY seq DESC", sessionId);
  for (const row of rows) {
    const original = JSON.parse(row.body) as Update;
    if (
      original.type !== "message" ||
      original.messageId !== edit.messageId ||
      original.sender.id !== edit.sender.id ||
      !sameConversation(original.address, edit.address)
    )
      continue;
    // The new text itself: the item's own entry tells of the edit to a transcript that already has the message.
    const { message } = edit;
    const entry = row.entry === null ? undefined : (JSON.parse(row.entry) as NewEntry);
    const edited =
      entry?.content.role === "user" ? { ...entry, content: { ...entry.content, message }, tokens: item.entry?.tokens ?? entry.tokens } : (entry ?? item.entry);
    yield* run("UPDATE inbox SET body = ?, entry = ? WHERE id = ?", JSON.stringify({ ...original, message: edit.message }), jsonOrNull(edited), row.id);
    return { id: row.id, turnId: row.turn_id ?? undefined };
  }
  return undefined;
}

/** What has become of a message that its platform has deleted. */
export type Deleted = { readonly kind: "removed"; readonly cancelled?: string } | { readonly kind: "seen" } | { readonly kind: "unknown" };

/** Rows of a session that are looked through for a message that a turn may have seen. */
const LOOK_BACK = 200;

/**
 * Takes a message back that nobody has begun to answer: its text goes, and a queued turn that was for it alone is cancelled. Whoever may delete there decides what stays, its
 * author or a moderator; so the deleting person is not asked for.
 */
export function* deletePending(sessionId: string, item: AdmittedItem, now: number): Steps<Deleted> {
  const deletion = item.update;
  if (deletion.type !== "deletion") return { kind: "unknown" };
  const rows = yield* all<PendingRow & { pending: number }>(
    "SELECT seq, id, turn_id, body, entry, pending FROM inbox WHERE session_id = ? ORDER BY seq DESC LIMIT ?",
    sessionId,
    LOOK_BACK,
  );
  for (const row of rows) {
    const original = JSON.parse(row.body) as Update;
    if (original.type !== "message" || original.messageId !== deletion.messageId || !sameConversation(original.address, deletion.address)) continue;
    if (row.pending === 0) return { kind: "seen" };
    const body = JSON.stringify({ ...original, message: { parts: [] } });
    yield* run("UPDATE inbox SET pending = 0, waits = 'none', entry = NULL, body = ? WHERE id = ?", body, row.id);
    return row.turn_id === null ? { kind: "removed" } : { kind: "removed", ...(yield* cancelEmpty(sessionId, row.turn_id, now)) };
  }
  return { kind: "unknown" };
}

/** A queued turn without a message has nothing to answer. */
function* cancelEmpty(sessionId: string, turnId: string, now: number): Steps<{ cancelled?: string }> {
  const left = yield* all("SELECT id FROM inbox WHERE session_id = ? AND turn_id = ? AND pending = 1 LIMIT 1", sessionId, turnId);
  if (left.length > 0) return {};
  const gone = yield* all<{ id: string }>(
    "UPDATE turns SET status = 'cancelled', ended_at = ? WHERE id = ? AND status = 'queued' AND started_at IS NULL RETURNING id",
    now,
    turnId,
  );
  return gone.length === 0 ? {} : { cancelled: turnId };
}

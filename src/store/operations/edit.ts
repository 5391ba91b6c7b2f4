import type { NewEntry } from "../../core/entry.ts";
import type { Update } from "../../core/update.ts";
import type { AdmittedItem, PendingRow } from "./inbox.ts";
import { jsonOrNull } from "./rows.ts";
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
    if (original.type !== "message" || original.messageId !== edit.messageId || original.sender.id !== edit.sender.id || !samePlace(original, edit)) continue;
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

function samePlace(a: Update, b: Update): boolean {
  return a.address.channel === b.address.channel && a.address.account === b.address.account && a.address.conversation === b.address.conversation;
}

import type { EntryContent } from "../../core/entry.ts";
import type { Session, SessionSettings } from "../../core/records.ts";
import type { Operations } from "../../core/store.ts";
import { indexSession } from "./search.ts";
import type { EntryRow } from "./rows/entry.ts";
import { toSession } from "./rows/session.ts";
import { insertSession, sessionById } from "./sessions.ts";
import { branchSummary } from "./summaries.ts";
import { all, run, type Steps } from "./statement.ts";

/** Entries looked at in one go on the way back to the beginning of a tool pair. */
const PAGE = 100;

/** The copy belongs to no turn: turns, ledger and inbox stay with the session that they happened in. */
export function* branchSession({ from, upTo, session, settings, now }: Operations["branchSession"]["input"]): Steps<{ session: Session } | undefined> {
  const source = yield* sessionById(from);
  if (source === undefined) return undefined;
  // Run again after its own commit: the branch already stands.
  const known = yield* sessionById(session.id);
  if (known !== undefined) return { session: toSession(known) };
  // So that it is known which media the copies have.
  yield* indexSession(source, source.last_entry + 1);
  const last = yield* wholeUpTo(from, Math.min(upTo, source.last_entry));
  const kept: SessionSettings = { ...(JSON.parse(source.settings) as SessionSettings), ...settings };
  const row = yield* insertSession(session, now, { settings: kept });
  // What was forgotten of the source leaves no gap in the copy.
  const first = (yield* all<{ number: number }>("SELECT number FROM entries WHERE session_id = ? ORDER BY number LIMIT 1", from))[0]?.number ?? 1;
  const copied = yield* run(
    `INSERT INTO entries (session_id, number, content, principal, label, tokens, turn_id, message_id, at)
     SELECT CAST(? AS TEXT), number - ?, content, principal, label, tokens, NULL, NULL, at FROM entries WHERE session_id = ? AND number <= ? ORDER BY number`,
    session.id,
    first - 1,
    from,
    last,
  );
  yield* run(
    "INSERT INTO blob_uses (session_id, number, blob_id) SELECT CAST(? AS TEXT), number - ?, blob_id FROM blob_uses WHERE session_id = ? AND number <= ?",
    session.id,
    first - 1,
    from,
    last,
  );
  yield* run("UPDATE sessions SET last_entry = ? WHERE id = ?", copied, session.id);
  yield* branchSummary(source, { to: session.id, last, shift: first - 1 });
  return { session: toSession((yield* sessionById(row.id))!) };
}

/** The newest number up to `number` behind which no call waits for its result. Calls and their results stand together (core/store: nothing comes between them). */
function* wholeUpTo(sessionId: string, number: number): Steps<number> {
  const results = new Set<string>();
  for (let before = number + 1; before > 1;) {
    const rows = yield* all<Pick<EntryRow, "number" | "content">>(
      "SELECT number, content FROM entries WHERE session_id = ? AND number < ? ORDER BY number DESC LIMIT ?",
      sessionId,
      before,
      PAGE,
    );
    if (rows.length === 0) return number;
    for (const row of rows) {
      before = row.number;
      const content = JSON.parse(row.content) as EntryContent;
      if (content.role === "tool") {
        results.add(content.callId);
        continue;
      }
      const open = content.role === "assistant" && content.parts.some((part) => part.type === "call" && !results.has(part.id));
      return open ? before - 1 : number;
    }
  }
  return number;
}

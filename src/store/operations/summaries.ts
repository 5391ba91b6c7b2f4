import { compactionOf, guard, leaseLost } from "./leases.ts";
import type { Summary } from "../../core/records.ts";
import type { Operations } from "../../core/store.ts";
import type { SessionRow } from "./rows/session.ts";
import { toSummary, type SummaryRow } from "./rows/summary.ts";
import { one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** Needs no lane: entries are only ever appended, and who has loaded the old context goes on with it. @throws StoreError `lease_lost` */
export function* compactContext({ fence, sessionId, expectedStart, contextStart, trimmedTo, summary, now }: Input<"compactContext">): Steps<boolean> {
  if (fence.lease !== compactionOf(sessionId)) throw leaseLost(fence);
  yield* guard(fence);
  const changed = yield* run(
    "UPDATE sessions SET context_start = ?, trimmed_to = ?, updated_at = ? WHERE id = ? AND context_start = ? AND context_start <= ? AND trimmed_to <= ?",
    contextStart,
    trimmedTo,
    now,
    sessionId,
    expectedStart,
    contextStart,
    trimmedTo,
  );
  if (changed === 0) return false;
  if (summary !== undefined) yield* insertSummary(sessionId, summary);
  return true;
}

function* insertSummary(sessionId: string, summary: Omit<Summary, "sessionId">): Steps<void> {
  yield* run(
    "INSERT INTO summaries (session_id, from_entry, to_entry, text, rules, label, tokens, model, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    sessionId,
    summary.fromEntry,
    summary.toEntry,
    summary.text,
    JSON.stringify(summary.rules),
    JSON.stringify(summary.label),
    summary.tokens,
    summary.model,
    summary.at,
  );
}

/** A branch begins its prompts where its source did, if that is in it, with the same summary before it. */
export function* branchSummary(source: SessionRow, { to, last, shift }: { to: string; last: number; shift: number }): Steps<void> {
  const summary = yield* getSummary({ sessionId: source.id, before: Math.min(source.context_start, last) });
  const start = source.context_start <= last ? source.context_start : (summary?.toEntry ?? 0) + 1;
  if (start - shift <= 1) return;
  if (summary !== undefined) {
    const fromEntry = Math.max(1, summary.fromEntry - shift);
    yield* insertSummary(to, { ...summary, fromEntry, toEntry: Math.max(1, summary.toEntry - shift) });
  }
  yield* run("UPDATE sessions SET context_start = ?, trimmed_to = ? WHERE id = ?", start - shift, Math.max(0, Math.min(source.trimmed_to, last) - shift), to);
}

export function* getSummary({ sessionId, before }: Input<"getSummary">): Steps<Summary | undefined> {
  const row = yield* one<SummaryRow>("SELECT * FROM summaries WHERE session_id = ? AND to_entry < ? ORDER BY to_entry DESC LIMIT 1", sessionId, before);
  return row && toSummary(row);
}

/** What becomes of work that a backup has kept half done. */
import type { Operations } from "../../core/store.ts";
import { all, run, type Steps } from "./statement.ts";
import { cancelQueued } from "./turns.ts";
import { cancelWaiting } from "./waiting.ts";

export function* settleRestored({ text, now }: Operations["settleRestored"]["input"]): Steps<Operations["settleRestored"]["output"]> {
  // Begun, whoever had it: its calls may have run.
  yield* run("UPDATE turns SET status = 'waiting', draft_id = NULL WHERE ended_at IS NULL AND started_at IS NOT NULL");
  const begun = yield* cancelWaiting({ text, now });
  const sessions = yield* all<{ session_id: string }>("SELECT DISTINCT session_id FROM turns WHERE ended_at IS NULL");
  let turns = begun.turnIds.length;
  for (const { session_id: sessionId } of sessions) turns += (yield* cancelQueued({ sessionId, now })).turnIds.length;
  yield* run(
    "UPDATE delivery_parts SET status = 'unknown' WHERE status IN ('queued', 'sending', 'draft') AND delivery_id IN (SELECT id FROM deliveries WHERE status IN ('open', 'draft'))",
  );
  const deliveries = yield* all<{ id: string }>("UPDATE deliveries SET status = 'unknown' WHERE status IN ('open', 'draft') RETURNING id");
  return { turns, deliveries: deliveries.length };
}

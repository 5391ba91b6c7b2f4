import type { Usage } from "../../core/model.ts";
import type { Operations } from "../../core/store.ts";
import { toUsage, type UsageColumns } from "./rows.ts";
import { all, run, type Steps, type Value } from "./statement.ts";

export function usageParams(usage: Usage): [number, number, number, number] {
  return [usage.input, usage.output, usage.cacheRead, usage.cacheWrite];
}

/** One row per turn and model; nothing for a usage of nothing. */
export function* addUsage(turnId: string, model: string, usage: Usage, now: number): Steps<void> {
  const numbers = usageParams(usage);
  if (numbers.every((number) => number === 0)) return;
  yield* run(
    `INSERT INTO usage_by_turn (turn_id, model, at, input, output, cache_read, cache_write) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (turn_id, model) DO UPDATE SET at = excluded.at, input = usage_by_turn.input + excluded.input, output = usage_by_turn.output + excluded.output,
       cache_read = usage_by_turn.cache_read + excluded.cache_read, cache_write = usage_by_turn.cache_write + excluded.cache_write`,
    turnId,
    model,
    now,
    ...numbers,
  );
}

export function* usageByModel({ since, sessionId }: Operations["usageByModel"]["input"]): Steps<Operations["usageByModel"]["output"]> {
  const params: Value[] = sessionId === undefined ? [since] : [since, sessionId];
  const rows = yield* all<UsageColumns & { model: string; turns: number }>(
    `SELECT model, COUNT(*) AS turns, CAST(SUM(input) AS BIGINT) AS input, CAST(SUM(output) AS BIGINT) AS output,
       CAST(SUM(cache_read) AS BIGINT) AS cache_read, CAST(SUM(cache_write) AS BIGINT) AS cache_write
     FROM usage_by_turn WHERE at >= ?${sessionId === undefined ? "" : " AND turn_id IN (SELECT id FROM turns WHERE session_id = ?)"} GROUP BY model ORDER BY model`,
    ...params,
  );
  return rows.map((row) => ({ model: row.model, turns: row.turns, usage: toUsage(row) }));
}

import type { Usage } from "../../core/model.ts";
import type { Operations } from "../../core/store.ts";
import { toUsage, type UsageColumns } from "./rows/usage.ts";
import { all, one, run, type Steps, type Value } from "./statement.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** A quarter of an hour: every time zone's midnight begins one. */
const SLOT_MS = 900_000;

export function usageParams(usage: Usage): [number, number, number, number] {
  return [usage.input, usage.output, usage.cacheRead, usage.cacheWrite];
}

/** One row per turn, model and slot; nothing for a usage of nothing. */
export function* addUsage(
  { turnId, model, usage, estimate = 0 }: { turnId: string; model: string; usage: Usage; estimate?: number | undefined },
  now: number,
): Steps<void> {
  const numbers = usageParams(usage);
  if (numbers.every((number) => number === 0)) return;
  yield* run(
    `INSERT INTO usage_by_turn (turn_id, model, slot, at, input, output, cache_read, cache_write, estimated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (turn_id, model, slot) DO UPDATE SET at = excluded.at, input = usage_by_turn.input + excluded.input, output = usage_by_turn.output + excluded.output,
       cache_read = usage_by_turn.cache_read + excluded.cache_read, cache_write = usage_by_turn.cache_write + excluded.cache_write,
       estimated = usage_by_turn.estimated + excluded.estimated`,
    turnId,
    model,
    Math.floor(now / SLOT_MS),
    now,
    ...numbers,
    Math.round(estimate),
  );
}

export function* spend({ now, ...spent }: Input<"spend">): Steps<void> {
  yield* addUsage(spent, now);
}

const SUMS = `CAST(SUM(u.input) AS BIGINT) AS input, CAST(SUM(u.output) AS BIGINT) AS output, CAST(SUM(u.cache_read) AS BIGINT) AS cache_read,
  CAST(SUM(u.cache_write) AS BIGINT) AS cache_write, COUNT(DISTINCT u.turn_id) AS turns`;

/** What a session and the sub-agents that work for it have spent. */
const OF_SESSION = "u.turn_id IN (SELECT id FROM turns WHERE session_id = ? OR session_id IN (SELECT child_session FROM sub_agents WHERE root_id = ?))";

export function* sumUsage({ from, to, sessionId, turnId, by, limit }: Input<"sumUsage">): Steps<Operations["sumUsage"]["output"]> {
  const where = new Where().when("u.at >= ?", from).when("u.at < ?", to).when("u.turn_id = ?", turnId);
  if (sessionId !== undefined) {
    where.always(OF_SESSION);
    where.params.push(sessionId, sessionId);
  }
  const key = by === "slot" ? "u.slot" : by === "turn" ? "u.turn_id" : by === "session" ? "s.key" : "'all'";
  const sessions = by === "session" ? "JOIN turns t ON t.id = u.turn_id JOIN sessions s ON s.id = t.session_id" : "";
  const rows = yield* all<UsageColumns & { key: Value; model: string; turns: number }>(
    `SELECT ${key} AS key, u.model, ${SUMS} FROM usage_by_turn u ${sessions} ${where.sql} GROUP BY 1, u.model ORDER BY MAX(u.at) DESC, 1, u.model LIMIT ?`,
    ...where.params,
    limit,
  );
  return rows.map((row) => ({
    key: by === "slot" ? String(Number(row.key) * SLOT_MS) : String(row.key),
    model: row.model,
    turns: row.turns,
    usage: toUsage(row),
  }));
}

export function* usageEstimates({ model, limit }: Input<"usageEstimates">): Steps<Operations["usageEstimates"]["output"]> {
  const row = yield* one<{ estimated: number | null; counted: number | null }>(
    `SELECT CAST(SUM(estimated) AS BIGINT) AS estimated, CAST(SUM(input + cache_read + cache_write) AS BIGINT) AS counted FROM
       (SELECT estimated, input, cache_read, cache_write FROM usage_by_turn WHERE model = ? AND estimated > 0 ORDER BY at DESC LIMIT ?) AS newest`,
    model,
    limit,
  );
  return { estimated: row?.estimated ?? 0, counted: row?.counted ?? 0 };
}

export function* usageByModel({ since, sessionId }: Input<"usageByModel">): Steps<Operations["usageByModel"]["output"]> {
  const where = new Where().when("u.at >= ?", since).when("u.turn_id IN (SELECT id FROM turns WHERE session_id = ?)", sessionId);
  const rows = yield* all<UsageColumns & { model: string; turns: number }>(
    `SELECT u.model, ${SUMS} FROM usage_by_turn u ${where.sql} GROUP BY u.model ORDER BY u.model`,
    ...where.params,
  );
  return rows.map((row) => ({ model: row.model, turns: row.turns, usage: toUsage(row) }));
}

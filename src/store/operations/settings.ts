import type { Operations } from "../../core/store.ts";
import { all, one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

/** The number of this start of this home: the high part of every event's seq. */
export function* boot({ instance }: Input<"boot">): Steps<{ boot: number }> {
  if (instance !== undefined) {
    const prefix = `${instance}.`;
    yield* run("UPDATE leases SET owner = NULL, expires_at = 0 WHERE owner IS NOT NULL AND substr(owner, 1, ?) = ?", prefix.length, prefix);
  }
  const row = yield* one<{ value: number }>(
    "INSERT INTO counters (name, value) VALUES ('boot', 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value",
  );
  return { boot: row!.value };
}

export function* getSetting({ name }: Input<"getSetting">): Steps<string | undefined> {
  return (yield* one<{ value: string }>("SELECT value FROM settings WHERE name = ?", name))?.value;
}

export function* setSetting({ name, value }: Input<"setSetting">): Steps<void> {
  if (value === null) yield* run("DELETE FROM settings WHERE name = ?", name);
  else yield* run("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value);
}

export function* counts(): Steps<Operations["counts"]["output"]> {
  const turns = { queued: 0, running: 0, waiting: 0, done: 0, failed: 0, cancelled: 0 };
  // Each half by its own index.
  for (const half of ["ended_at IS NULL", "ended_at IS NOT NULL"]) {
    const sql = `SELECT status, COUNT(*) AS count FROM turns WHERE ${half} GROUP BY status`;
    for (const row of yield* all<{ status: keyof typeof turns; count: number }>(sql)) turns[row.status] += row.count;
  }
  const deliveries: Record<string, number> = {};
  const unsettled = "SELECT status, COUNT(*) AS count FROM deliveries WHERE status IN ('open', 'unknown', 'failed') GROUP BY status";
  for (const row of yield* all<{ status: string; count: number }>(unsettled)) deliveries[row.status] = row.count;
  const sessions = yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM sessions WHERE ended_at IS NULL");
  const pending = yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM inbox WHERE pending = 1");
  return {
    turns,
    pendingMessages: pending!.count,
    openDeliveries: deliveries["open"] ?? 0,
    unknownDeliveries: deliveries["unknown"] ?? 0,
    failedDeliveries: deliveries["failed"] ?? 0,
    sessions: sessions!.count,
  };
}

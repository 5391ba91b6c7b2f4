import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { migrateSqlite } from "../../../src/store/operations/migrate-sqlite.ts";
import { createMemoryStore } from "../../../src/store/memory/index.ts";

test("what was used before usage was kept by quarters of an hour is kept", async () => {
  const database = new DatabaseSync(":memory:");
  migrateSqlite(database, { now: 1, upTo: 6 });
  const at = Date.UTC(2026, 0, 1, 12, 20);
  database.prepare("INSERT INTO usage_by_turn (turn_id, model, at, input, output, cache_read, cache_write) VALUES ('t1', 'fake:one', ?, 10, 5, 1, 0)").run(at);
  const store = createMemoryStore({ database });
  const usage = { input: 10, output: 5, cacheRead: 1, cacheWrite: 0 };
  assert.deepEqual(await store.sumUsage({ by: "slot", limit: 5 }), [{ key: String(Date.UTC(2026, 0, 1, 12, 15)), model: "fake:one", turns: 1, usage }]);
  assert.deepEqual(await store.usageByModel({ since: at }), [{ model: "fake:one", turns: 1, usage }]);
  await store.spend({ turnId: "t1", model: "fake:one", usage, estimate: 3, now: at + 1 });
  assert.equal((await store.sumUsage({ turnId: "t1", limit: 5 }))[0]?.usage.input, 20);
  await store.close();
  database.close();
});

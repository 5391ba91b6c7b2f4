import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import type { Clock } from "../../src/core/clock.ts";
import { silentLog } from "../../src/core/log.ts";
import { createHousekeeping, type Retention } from "../../src/sessions/housekeeping.ts";
import { operations } from "../../src/store/operations/operations.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { World } from "../contract/store/world.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

const DAY_MS = 86_400_000;
const MB = 1_000_000;
const folder = mkdtempSync(join(tmpdir(), "clanker-retention-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface House {
  /** Bytes of the database file at the end of each day. */
  readonly sizes: readonly number[];
  /** Days that have an entry left, counted from the first one. */
  readonly kept: readonly number[];
}

/** People write every day and are answered over a messenger, and at its end what may go goes. */
async function live(name: string, retention: Retention, { days, exchanges, chars }: { days: number; exchanges: number; chars: number }): Promise<House> {
  const path = join(folder, `${name}.db`);
  const random = createSeededRandom(66);
  const first = 1_800_000_000_000;
  let now = first;
  // Between two steps of the housekeeping no time passes that anybody waits for.
  const clock: Clock = { now: () => now, monotonic: () => now, timer: (_ms, run) => (setImmediate(run), () => {}) };
  const store = await createSqliteStore({ path, clock });
  const housekeeping = createHousekeeping({ store, clock, log: silentLog, retention: () => retention });
  const worlds = Array.from({ length: exchanges }, () => new World(store));
  const text = () =>
    Array.from({ length: chars / 6 }, () =>
      Math.floor(random.number() * 50_000)
        .toString(36)
        .padStart(5, "w"),
    ).join(" ");
  const sizes: number[] = [];
  for (let day = 0; day < days; day += 1) {
    for (const w of worlds) {
      w.now = now;
      const answer = text();
      const started = await w.begin(text());
      const delivery = w.delivery([answer]);
      await w.commit(started, { entries: [w.answer(answer)], deliveries: [delivery] });
      const sending = { fence: await w.holder(), deliveryId: delivery.id, part: 0, now };
      await store.markSending(sending);
      await store.settlePart({ ...sending, status: "sent", receipt: { messageId: "1" } });
    }
    now += DAY_MS;
    await housekeeping.round();
    sizes.push(statSync(path).size);
  }
  await store.close();
  const database = new DatabaseSync(path, { readOnly: true });
  const kept = (database.prepare("SELECT DISTINCT at FROM entries ORDER BY at").all() as { at: number }[]).map(({ at }) => (at - first) / DAY_MS);
  database.close();
  return { sizes, kept };
}

describe("a database that is written to for ever", () => {
  test("by age: it stops growing once the first days go, and keeps exactly the days it was told to (fault-66)", async () => {
    const { sizes, kept } = await live("age", { days: 35, megabytes: 0 }, { days: 120, exchanges: 4, chars: 1_200 });
    assert.deepEqual(
      kept,
      Array.from({ length: 35 }, (_, index) => 85 + index),
    );
    const [settled, last] = [Math.max(...sizes.slice(0, 60)), Math.max(...sizes)];
    assert.ok(last <= settled * 1.1, `${last} bytes after ${settled}`);
  });

  for (const { name, cap, exchanges, chars } of [
    { name: "long messages", cap: 6, exchanges: 3, chars: 3_000 },
    { name: "short messages", cap: 1.5, exchanges: 5, chars: 30 },
  ])
    test(`by size, ${name}: the file stays under its cap while messages keep arriving, and no less than two fifths of it is used (fault-66)`, async () => {
      const { sizes, kept } = await live(name.replace(" ", "-"), { days: 0, megabytes: cap }, { days: 130, exchanges, chars });
      assert.ok(Math.max(...sizes) <= cap * MB, `${Math.max(...sizes)} bytes`);
      assert.ok(sizes.at(-1)! > cap * MB * 0.4, `${sizes.at(-1)} bytes`);
      assert.ok(kept[0]! > 0, "the oldest days are gone");
      assert.deepEqual(
        kept,
        Array.from({ length: 130 - kept[0]! }, (_, index) => kept[0]! + index),
        "no day is missing in between",
      );
    });
});

describe("lists of a large database", () => {
  /** What clients and the gateway's own loops ask, as they ask it. */
  const QUESTIONS: Readonly<Record<string, object>> = {
    listSessions: { limit: 50 },
    listTurns: { sessionId: "s", limit: 50 },
    listDeliveries: { limit: 50 },
    listInbox: { limit: 50 },
    listApprovals: { limit: 50 },
    readEntries: { sessionId: "s", limit: 50 },
    readAudit: { limit: 50 },
    searchEntries: { sight: "private", query: "kettle", limit: 50 },
    dueLanes: { now: 1, limit: 50 },
    nextDue: { now: 1 },
    dueDeliveries: { channel: "c", account: "a", now: 1, limit: 50 },
    nextDelivery: { channel: "c", account: "a", now: 1 },
    nextExpiry: {},
    counts: {},
    indexEntries: { limit: 50 },
    measureKept: { limit: 50, after: { sessionId: "s", number: 1 } },
  };

  test("every one is answered by an index or reads from one end of its table, and none sorts a table first (fault-66)", async () => {
    const path = join(folder, "plans.db");
    await (await createSqliteStore({ path, clock: { now: () => 1 } })).close();
    const database = new DatabaseSync(path);
    const wrong: string[] = [];
    for (const [name, input] of Object.entries(QUESTIONS)) {
      const steps = operations.find((operation) => operation.name === name)!.run(input as never);
      for (let step = steps.next(); !step.done;) {
        const { sql, params, mode } = step.value;
        const plan = (database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params) as { detail: string }[]).map(({ detail }) => detail);
        // By its rowid, newest first, up to the limit.
        const fromTheEnd = /ORDER BY (\w\.)?seq( DESC)? LIMIT \?$/.test(sql);
        // What the statement has made itself is read whole; how, stands in its own lines.
        const made = new Set(plan.map((line) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)/.exec(line)?.[1]));
        const scans = plan.some((line) => /^SCAN (?!CONSTANT)/.test(line) && !made.has(line.split(" ")[1]) && !/USING|VIRTUAL/.test(line));
        const sorts = plan.some((line) => /TEMP B-TREE FOR (ORDER|DISTINCT)/.test(line)) && !plan.some((line) => /turns_open|deliveries_open/.test(line));
        if ((scans && !fromTheEnd) || sorts) wrong.push(`${name}: ${sql}\n${plan.join("\n")}`);
        const statement = database.prepare(sql);
        step = steps.next(mode === "one" ? statement.get(...params) : statement.all(...params));
      }
    }
    database.close();
    assert.deepEqual(wrong, []);
  });
});

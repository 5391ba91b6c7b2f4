import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import type { Store } from "../../src/core/store.ts";
import { createHousekeeping, type Retention } from "../../src/sessions/housekeeping.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { World } from "../contract/store/world.ts";
import { createManualClock, type ManualClock } from "../fakes/manual-clock.ts";

const DAY_MS = 86_400_000;

describe("housekeeping", () => {
  let store: Store;
  let clock: ManualClock;
  let world: World;
  const keep = (retention: Retention, from: Store = store) => createHousekeeping({ store: from, clock, log: silentLog, retention: () => retention });
  beforeEach(() => {
    store = createMemoryStore({});
    world = new World(store);
    clock = createManualClock(world.now);
  });
  afterEach(() => store.close());

  /** One exchange per day, from day 0 on. */
  async function talk(days: number, bytes = 10): Promise<string> {
    let id = "";
    for (let day = 0; day < days; day += 1) {
      const started = await world.begin("x".repeat(bytes));
      await world.commit(started);
      id = started.session.id;
      await clock.advance(DAY_MS);
      world.now = clock.now();
    }
    return id;
  }
  const numbers = async (sessionId: string) => (await store.readEntries({ sessionId, limit: 1000 })).map(({ number }) => number);
  async function round(retention: Retention, from?: Store): Promise<void> {
    let done = false;
    const work = keep(retention, from)
      .round()
      .then(() => (done = true));
    while (!done) await clock.advance(50);
    await work;
  }

  test("what is older than so many days goes, and nothing without a limit", async () => {
    const id = await talk(10);
    await round({ days: 0, megabytes: 0 });
    assert.equal((await numbers(id)).length, 20);
    await round({ days: 3, megabytes: 0 });
    assert.deepEqual(await numbers(id), [17, 18, 19, 20]);
    assert.deepEqual(await store.searchEntries({ sight: "private", query: "yes", limit: 100 }).then((found) => found.length), 2);
  });

  test("above the size the oldest days go until the rest fits, never today or yesterday", async () => {
    // A text counts eight times: it is in the transcript, in the inbox, for search ...
    const id = await talk(6, 300_000);
    await round({ days: 0, megabytes: 8 });
    const left = await numbers(id);
    assert.deepEqual(left, [7, 8, 9, 10, 11, 12]);
    await world.commit(await world.begin("x".repeat(3_000_000)));
    await round({ days: 0, megabytes: 8 });
    assert.deepEqual(await numbers(id), [11, 12, 13, 14]);
  });

  test("it works by itself: soon after the start and every hour, and a stop ends it at once", async () => {
    const id = await talk(5);
    const stopped = new AbortController();
    const done = keep({ days: 2, megabytes: 0 }).start(stopped.signal);
    assert.equal((await numbers(id)).length, 10);
    await clock.advance(60_000);
    assert.deepEqual(await numbers(id), [9, 10]);
    await clock.advance(DAY_MS);
    assert.deepEqual(await numbers(id), []);
    stopped.abort();
    await done;
    assert.equal(clock.pending(), 0);
  });

  test("a store that refuses stops nothing: the next round does it", async () => {
    const id = await talk(5);
    let refusals = 0;
    const refusing: Store = {
      ...store,
      forgetOld: async (input) => {
        if (refusals++ === 0) throw new Error("no");
        return await store.forgetOld(input);
      },
    };
    await round({ days: 2, megabytes: 0 }, refusing);
    assert.equal((await numbers(id)).length, 10);
    await round({ days: 2, megabytes: 0 }, refusing);
    assert.equal((await numbers(id)).length, 2);
  });
});

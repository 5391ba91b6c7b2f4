import assert from "node:assert/strict";
import { test } from "node:test";
import { createInOrder } from "../../src/lib/in-order/index.ts";

test("items are worked off in order, one that fails is tried again before the next, and a full queue holds up whoever adds", async () => {
  const stop = new AbortController();
  const done: number[] = [];
  const gate = Promise.withResolvers<void>();
  let failures = 0;
  const queue = createInOrder<number>({
    signal: stop.signal,
    room: 3,
    async work(item) {
      await gate.promise;
      if (item === 2 && failures < 2) throw new Error("not yet");
      done.push(item);
    },
    async failed(_, count) {
      failures = count;
    },
  });
  await queue.add(1);
  await queue.add(2);
  let added = false;
  const third = queue.add(3).then(() => (added = true));
  await Promise.resolve();
  assert.equal(added, false);
  gate.resolve();
  await third;
  await queue.idle();
  assert.deepEqual([done, failures], [[1, 2, 3], 2]);
});

test("a stop ends the waiting and the trying again", async () => {
  const stop = new AbortController();
  const queue = createInOrder<number>({
    signal: stop.signal,
    work: async () => {
      throw new Error("never");
    },
    failed: async () => stop.abort(),
  });
  await queue.add(1);
  await queue.idle();
  assert.ok(stop.signal.aborted);
});

test("an item that comes at the very moment at which the one before is done is worked off too", async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const done: number[] = [];
    const queue = createInOrder<number>({ signal: new AbortController().signal, work: async (item) => void done.push(item), failed: async () => {} });
    await queue.add(1);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    await queue.add(2);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(done, [1, 2], `after ${turns} turns`);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { silentLog } from "../../src/core/log.ts";
import { createHub } from "../../src/gateway/index.ts";
import { settleMemory } from "../../src/app/settle-memory.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

/** Made apart, so that no variable of the test holds it. */
function makeGarbage(): WeakRef<object> {
  return new WeakRef({ made: "while starting" });
}

function bench() {
  const clock = createManualClock();
  const stopped = new AbortController();
  const hub = createHub({ clock, boot: 1, log: silentLog });
  settleMemory({ clock, hub, signal: stopped.signal });
  const endTurns = (count: number) => {
    for (let turn = 0; turn < count; turn += 1) hub.publish({ event: "turn.ended", session: "s", payload: { turn_id: `t${turn}` } } as never);
  };
  return { clock, stopped, endTurns };
}

test("what starting left behind is collected a few seconds later, and the program does not get a gc of its own", async () => {
  const { clock } = bench();
  const garbage = makeGarbage();
  // A WeakRef holds its target until the task ends that made it.
  await setImmediate();
  await clock.advance(5_000);
  await setImmediate();
  assert.equal(garbage.deref(), undefined);
  assert.equal("gc" in globalThis, false);
});

test("what a busy time left behind is collected when it has been quiet for half a minute, each time", async () => {
  const { clock, endTurns } = bench();
  await clock.advance(5_000);
  for (let time = 0; time < 2; time += 1) {
    endTurns(150);
    await clock.advance(20_000);
    endTurns(1);
    const garbage = makeGarbage();
    await setImmediate();
    await clock.advance(29_000);
    assert.ok(garbage.deref(), "not while turns end");
    // What was looked at lives until the end of its task.
    await setImmediate();
    await clock.advance(1_000);
    await setImmediate();
    assert.equal(garbage.deref(), undefined);
    assert.equal(clock.pending(), 0);
  }
});

test("a few turns are not worth it", async () => {
  const { clock, endTurns } = bench();
  await clock.advance(5_000);
  endTurns(99);
  assert.equal(clock.pending(), 0);
});

test("a gateway that stops before has nothing left to do", () => {
  for (const turns of [0, 100]) {
    const { clock, stopped, endTurns } = bench();
    endTurns(turns);
    stopped.abort();
    endTurns(100);
    assert.equal(clock.pending(), 0);
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { settleMemory } from "../../src/app/settle-memory.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

/** Made apart, so that no variable of the test holds it. */
function makeGarbage(): WeakRef<object> {
  return new WeakRef({ made: "while starting" });
}

test("what starting left behind is collected a few seconds later, and the program does not get a gc of its own", async () => {
  const clock = createManualClock();
  settleMemory(clock, new AbortController().signal);
  const garbage = makeGarbage();
  // A WeakRef holds its target until the task ends that made it.
  await setImmediate();
  await clock.advance(5_000);
  await setImmediate();
  assert.equal(garbage.deref(), undefined);
  assert.equal("gc" in globalThis, false);
});

test("a gateway that stops before has nothing left to do", () => {
  const clock = createManualClock();
  const stopped = new AbortController();
  settleMemory(clock, stopped.signal);
  stopped.abort();
  assert.equal(clock.pending(), 0);
});

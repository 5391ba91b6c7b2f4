import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { deadline } from "../../src/core/clock.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

describe("a deadline", () => {
  test("comes at its time", async () => {
    const clock = createManualClock();
    const came: number[] = [];
    deadline(clock, 1_000, () => came.push(clock.monotonic()));
    await clock.advance(999);
    assert.deepEqual(came, []);
    await clock.advance(1);
    assert.deepEqual(came, [1_000]);
  });

  test("that is late, because nothing could run, leaves a moment to read what has come (fault-44)", async () => {
    const clock = createManualClock();
    const came: number[] = [];
    deadline(clock, 1_000, () => came.push(clock.monotonic()));
    const cancel = deadline(clock, 1_000, () => came.push(-1));
    clock.block(120_000);
    assert.deepEqual(came, []);
    // The answer of the second one lay in the socket.
    cancel();
    await clock.advance(100);
    assert.deepEqual(came, [120_050]);
    assert.equal(clock.pending(), 0);
  });
});

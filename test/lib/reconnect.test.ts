import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createBackoff } from "../../src/lib/reconnect/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const random = (value: number) => ({ bytes: (length: number) => new Uint8Array(length), number: () => value });

describe("backoff", () => {
  test("pauses double up to the cap, with jitter between half and all of each", () => {
    const most = createBackoff({ clock: createManualClock(), random: random(0.999999), minMs: 1_000, maxMs: 30_000 });
    const least = createBackoff({ clock: createManualClock(), random: random(0), minMs: 1_000, maxMs: 30_000 });
    assert.deepEqual(Array.from({ length: 7 }, most.next), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    assert.deepEqual(Array.from({ length: 7 }, least.next), [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  test("after a success it starts anew", () => {
    const backoff = createBackoff({ clock: createManualClock(), random: random(0) });
    backoff.next();
    backoff.next();
    assert.equal(backoff.failures, 2);
    backoff.reset();
    assert.equal(backoff.failures, 0);
    assert.equal(backoff.next(), 500);
  });

  test("days of failures do not overflow", () => {
    const backoff = createBackoff({ clock: createManualClock(), random: random(0) });
    for (let i = 0; i < 5_000; i++) assert.ok(backoff.next() <= 30_000);
  });

  test("it waits for the pause, or longer when the server asked for it", async () => {
    const clock = createManualClock();
    const backoff = createBackoff({ clock, random: random(0) });
    let done = 0;
    const wait = backoff.wait(new AbortController().signal, 37_000).then(() => (done = clock.monotonic()));
    await clock.advance(36_999);
    assert.equal(done, 0);
    await clock.advance(1);
    await wait;
    assert.equal(done, 37_000);
  });

  test("an abort ends the wait and leaves no timer", async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const wait = createBackoff({ clock, random: random(0) }).wait(stop.signal);
    assert.equal(clock.pending(), 1);
    stop.abort();
    await wait;
    assert.equal(clock.pending(), 0);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import { createIntakeQueue } from "../../src/lib/intake-queue/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

test("what is refused is tried again after longer and longer pauses, and what came after it waits; the account is stuck meanwhile", async () => {
  const clock = createManualClock();
  const random = { bytes: (length: number) => new Uint8Array(length), number: () => 1 };
  const account = {
    config: { account: "home" },
    timing: { minBackoffMs: 1_000, maxBackoffMs: 8_000 },
    deps: { clock, random, log: silentLog, metrics: silentMetrics },
    stuck: false,
  };
  const told: string[] = [];
  let refusing = true;
  const queue = createIntakeQueue<string, typeof account>(
    account,
    { channel: "post", signal: new AbortController().signal, recover: (_, __, { backoff, signal }) => backoff.wait(signal) },
    {
      async take(item) {
        told.push(`${item} at ${clock.monotonic()}`);
        if (refusing && item === "b") throw new Error("no");
      },
      unstuck: () => void told.push("unstuck"),
    },
  );
  for (const item of ["a", "b", "c"]) await queue.add(item);
  await clock.advance(5_000);
  assert.deepEqual(told, ["a at 0", "b at 0", "b at 1000", "b at 3000"]);
  assert.equal(account.stuck, true);
  refusing = false;
  await clock.advance(4_000);
  await queue.idle();
  assert.deepEqual(told.slice(4), ["b at 7000", "unstuck", "c at 7000"]);
  assert.equal(account.stuck, false);
});

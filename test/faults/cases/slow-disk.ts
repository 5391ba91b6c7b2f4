/** fault-63: every commit takes 50 ms, and hundreds of messages a second want to be written. */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { createGatewayHome, gatewayConfig, GATEWAY_TOKEN } from "../gateway-process.ts";
import { createProbe, loopFigures } from "../probed-gateway.ts";
import type { Scenario } from "../scenario.ts";

const FSYNC_MS = 50;

export const slowDisk: Scenario = {
  name: "slow-disk",
  title: "a disk that takes 50 ms to sync slows answers down, never the event loop, and nobody is told that the database is locked (fault-63)",
  async run(size) {
    const probe = createProbe({ CLANKER_SLOW_FSYNC_MS: String(FSYNC_MS) });
    const home = createGatewayHome({ config: gatewayConfig({}), env: probe.env });
    try {
      const gateway = await home.start();
      await gateway.call("POST", "/api/message", { session: "agent:main:hook:warm", message: "warm up", wait: true });
      await probe.look(gateway.pid);
      const [seconds, perSecond] = size === "long" ? [30, 500] : [3, 200];
      const taken: number[] = [];
      const refusals = new Set<string>();
      const begun = performance.now();
      const asked: Promise<void>[] = [];
      for (let n = 0; n < seconds * perSecond; n += 1) {
        const due = begun + (n * 1_000) / perSecond;
        if (due > performance.now() + 1) await wait(due - performance.now());
        const from = performance.now();
        asked.push(
          fetch(`${gateway.url}/api/message`, {
            method: "POST",
            headers: { authorization: `Bearer ${GATEWAY_TOKEN}`, "content-type": "application/json" },
            body: JSON.stringify({ session: `agent:main:hook:slow${n % 50}`, message: `n${n}`, idempotency_key: `slow-${n}` }),
          }).then(async (response) => {
            taken.push(performance.now() - from);
            const text = await response.text();
            if (!response.ok) refusals.add(text);
          }),
        );
      }
      await Promise.all(asked);
      const accepted = Math.round((taken.length * 1_000) / (performance.now() - begun));
      const figures = await probe.look(gateway.pid);
      const median = taken.toSorted((a, b) => a - b)[taken.length >> 1]!;
      assert.ok(median > FSYNC_MS / 2, `an answer within ${median} ms cannot have waited for this disk`);
      assert.deepEqual([...refusals], [], "every message is accepted");
      assert.ok(!gateway.stderr().includes("database is locked"));
      // A commit on the main thread would hold it for 50 ms each time, and nearly all of the time.
      assert.ok(figures.loop.p50 < FSYNC_MS, `the loop's usual delay is ${figures.loop.p50} ms`);
      if (size === "long") assert.ok(figures.loop.p99 < FSYNC_MS, `the loop's p99 is ${figures.loop.p99} ms`);
      return { "writes accepted per second": accepted, "acceptance p50, ms": Math.round(median), ...loopFigures(figures) };
    } finally {
      await home.remove();
    }
  },
};

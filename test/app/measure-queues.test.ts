import assert from "node:assert/strict";
import { test } from "node:test";
import { measureQueues } from "../../src/app/measure-queues.ts";
import { silentLog } from "../../src/core/log.ts";
import { createMetrics } from "../../src/observe/index.ts";

test("what waits in the store is a gauge each, and a store that cannot be read leaves the last values", async () => {
  const metrics = createMetrics();
  const turns = { queued: 2, running: 1, waiting: 1, done: 9, failed: 0, cancelled: 0 };
  const counts = { turns, pendingMessages: 4, openDeliveries: 5, unknownDeliveries: 0, failedDeliveries: 0, sessions: 1 };
  await measureQueues({ counts: async () => counts }, { metrics, log: silentLog });
  await measureQueues({ counts: () => Promise.reject(new Error("closed")) }, { metrics, log: silentLog });
  const text = await metrics.text();
  assert.match(text, /^clanker_queue_size\{queue="inbox"\} 4$/m);
  assert.match(text, /^clanker_queue_size\{queue="turns"\} 3$/m);
  assert.match(text, /^clanker_queue_size\{queue="deliveries"\} 5$/m);
  metrics.close();
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { collectGarbage } from "../../src/lib/collect-garbage/index.ts";

test("threads that collect at the same moment do not take the means from each other", async () => {
  const room = new URL("../../src/lib/collect-garbage/index.ts", import.meta.url).href;
  const code = `import(${JSON.stringify(room)}).then(({ collectGarbage }) => { for (let i = 0; i < 30; i++) collectGarbage(); });`;
  const workers = [1, 2].map(() => new Worker(code, { eval: true }));
  const ended = Promise.all(workers.map((worker) => once(worker, "exit")));
  for (let i = 0; i < 30; i++) collectGarbage();
  assert.deepEqual(await ended, [[0], [0]]);
});

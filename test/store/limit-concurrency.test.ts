import assert from "node:assert/strict";
import { test } from "node:test";
import { limitConcurrency } from "../../src/store/postgres/limit-concurrency.ts";

test("no more works than allowed run at a time, in order, and a failed one gives its place on", async () => {
  const inPlace = limitConcurrency(2);
  const begun: number[] = [];
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const works = gates.map(({ promise }, index) =>
    inPlace(() => {
      begun.push(index);
      return promise;
    }),
  );
  assert.deepEqual(begun, [0, 1]);
  gates[1]!.reject(new Error("lost"));
  await assert.rejects(works[1]!, /lost/);
  assert.deepEqual(begun, [0, 1, 2]);
  gates.forEach(({ resolve }) => resolve());
  await Promise.all([works[0], works[2], works[3]]);
  assert.deepEqual(begun, [0, 1, 2, 3]);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runWorld } from "./world.ts";

const AT_ONCE = 10;

/** Each seed is a world of 20,000 steps or a day; one that breaks a promise is named with the command that shows it. */
export function seedTests({ first, count }: { first: number; count: number }): void {
  describe("simulated worlds", () => {
    for (let from = first; from < first + count; from += AT_ONCE)
      test(`seeds ${from} to ${from + AT_ONCE - 1} keep P1 to P6 and P10 (fault-87, fault-3, fault-13, fault-18, fault-20, fault-22, fault-55)`, async () => {
        for (let seed = from; seed < from + AT_ONCE; seed += 1) {
          const { violations } = await runWorld(seed);
          const texts = violations.map(({ promise, text }) => `${promise}: ${text} (node test/sim/run.ts --seed ${seed})`);
          assert.deepEqual(texts, []);
        }
      });
  });
}

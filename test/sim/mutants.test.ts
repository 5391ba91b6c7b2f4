import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hunt, huntNothing, MUTANTS } from "./mutants.ts";
import { SimDatabase } from "./sim-database.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { operations } from "../../src/store/operations/operations.ts";

describe("the mutation check of the simulator", () => {
  test("the unchanged program keeps every promise where the mutants are hunted (fault-87)", async () => {
    assert.equal(await huntNothing(), undefined);
  });

  for (const mutant of MUTANTS)
    test(`without ${mutant.name} a promise is broken, and it is noticed (fault-87)`, async () => {
      assert.notEqual(await hunt(mutant), undefined);
    });

  test("a power cut takes a part of the lazy writes behind the last full one, and nothing before it", () => {
    const operation = (name: string) => operations.find((one) => one.name === name)!;
    const fates = new Set<number>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const database = new SimDatabase({});
      const write = (name: string, input: object) => database.commit([{ operation: operation(name), input, answered: true }]);
      const lease = (ms: number) => write("renewLeases", { owner: "a.1", now: 0, leaseMs: ms });
      write("boot", { now: 1, instance: "a" });
      write("claimLease", { lease: "lane:x", owner: "a.1", now: 0, leaseMs: 1 });
      lease(2);
      lease(3);
      const lost = database.powerLoss(createSeededRandom(seed));
      const row = database.database.prepare("SELECT expires_at FROM leases").get() as { expires_at: number };
      assert.equal(row.expires_at, 3 - lost.length);
      assert.equal((database.database.prepare("SELECT value FROM counters").get() as { value: number }).value, 1);
      fates.add(lost.length);
      database.close();
    }
    assert.deepEqual([...fates].toSorted(), [0, 1, 2]);
  });
});

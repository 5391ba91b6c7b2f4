import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PEOPLE } from "./soak-load.ts";
import { runKillSoak, soakTable, type SoakOptions } from "./kill-soak.ts";

/** The figures of a hundred kills are in docs/reliability.md; here a few keep it so. */
const RUNS: SoakOptions[] = [
  { store: "sqlite", kills: 12, seed: 11 },
  { store: "postgres", kills: 6, seed: 12 },
];

describe("a gateway that is killed again and again under load", () => {
  for (const run of RUNS) {
    test(`on ${run.store}, after ${run.kills} kills nothing is lost, reordered, confirmed early or said twice (fault-1, fault-2, fault-4, fault-26)`, async (t) => {
      const report = await runKillSoak(run);
      t.diagnostic(soakTable(report));
      assert.deepEqual(report.problems, []);
      assert.equal(report.earlyConfirms, 0);
      // Each conversation has at most one part in flight (deliver), so that a kill leaves at most one in doubt in each.
      assert.ok(report.unknown <= report.kills * PEOPLE.length, `${report.unknown} deliveries in doubt after ${report.kills} kills`);
      assert.equal(report.answered + report.deadLettered, report.messages);
      assert.ok(report.messages >= run.kills, "the load went on during the kills");
    });
  }
});

/** fault-1, fault-2, fault-4, fault-26: the kill soak as a scenario of the lab. */
import assert from "node:assert/strict";
import { runKillSoak } from "../kill-soak.ts";
import type { Scenario } from "../scenario.ts";

export const killSoak: Scenario = {
  name: "kill-soak",
  title: "killed at random under load, again and again, nothing is lost, reordered, confirmed early or said twice (fault-1, fault-2, fault-4, fault-26)",
  async run(size) {
    const { problems, messages, answered, lost, reordered, duplicates, earlyConfirms, unknown, settledMs } = await runKillSoak({
      store: "sqlite",
      kills: size === "long" ? 1_000 : 12,
      seed: 1,
    });
    assert.deepEqual(problems, []);
    assert.equal(earlyConfirms, 0);
    return {
      messages,
      answered,
      lost,
      reordered,
      duplicates,
      "early confirms": earlyConfirms,
      "deliveries in doubt": unknown,
      "settled after the last start, ms": settledMs,
    };
  },
};

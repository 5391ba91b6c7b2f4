import { describe, test } from "node:test";
import { poison, killedRecovery, stoppedProcess, blockedLoop, commandLine } from "./scenarios.ts";

/** The short forms; the long ones are run by `npm run faults -- --long`. */
describe("processes that die, freeze and meet", () => {
  for (const { title, run } of [poison, killedRecovery, stoppedProcess, blockedLoop, commandLine]) {
    test(title, { timeout: 120_000 }, async (t) => {
      for (const [what, value] of Object.entries(await run("short"))) t.diagnostic(`${what}: ${value}`);
    });
  }
});

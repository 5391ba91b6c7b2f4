import { describe, test } from "node:test";
import { slowDisk, powerLoss, bitFlips, truncatedLog, diskFull, restoreDrill } from "./scenarios.ts";

/** The short forms; the long ones are run by `npm run faults -- --long`. */
describe("a disk that is slow, full, damaged or without power", () => {
  for (const { title, run } of [slowDisk, powerLoss, bitFlips, truncatedLog, diskFull, restoreDrill]) {
    test(title, { timeout: 120_000 }, async (t) => {
      for (const [what, value] of Object.entries(await run("short"))) t.diagnostic(`${what}: ${value}`);
    });
  }
});

import { describe, test } from "node:test";
import { NotHere } from "./scenario.ts";
import { dnsOutage, networkCut, lossyNetwork, ownNetwork } from "./scenarios.ts";

/** The short forms; the long ones are run by `npm run faults -- --long`. */
describe("a network that is away or bad", () => {
  for (const { title, run } of [dnsOutage, networkCut, lossyNetwork, ownNetwork]) {
    test(title, { timeout: 120_000 }, async (t) => {
      try {
        for (const [what, value] of Object.entries(await run("short"))) t.diagnostic(`${what}: ${value}`);
      } catch (error) {
        if (!(error instanceof NotHere)) throw error;
        t.skip(error.message);
      }
    });
  }
});

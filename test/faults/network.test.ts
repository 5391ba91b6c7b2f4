import { describe, test } from "node:test";
import { dnsOutage, networkCut, lossyNetwork } from "./scenarios.ts";

/** The short forms; the long ones are run by `npm run faults -- --long`. */
describe("a network that is away or bad", () => {
  for (const { title, run } of [dnsOutage, networkCut, lossyNetwork]) {
    test(title, { timeout: 120_000 }, async (t) => {
      for (const [what, value] of Object.entries(await run("short"))) t.diagnostic(`${what}: ${value}`);
    });
  }
});

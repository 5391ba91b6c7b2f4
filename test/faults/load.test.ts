import { describe, test } from "node:test";
import { crowd, floodOfMessages, leakSoak, runawayModel } from "./scenarios.ts";

/** The short forms; the long ones are run by `npm run faults -- --long`. */
describe("more than it can do", () => {
  for (const { title, run } of [crowd, floodOfMessages, leakSoak, runawayModel]) {
    test(title, { timeout: 120_000 }, async (t) => {
      for (const [what, value] of Object.entries(await run("short"))) t.diagnostic(`${what}: ${value}`);
    });
  }
});

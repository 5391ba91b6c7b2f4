import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { whyNoOwnNetwork } from "./own-network.ts";
import { NotHere } from "./scenario.ts";
import { dnsOutage, networkCut, lossyNetwork, ownNetwork } from "./scenarios.ts";

const refusal = await whyNoOwnNetwork();

/** The short forms; the long ones are run by `npm run faults -- --long`. */
describe("a network that is away or bad", () => {
  for (const { title, run } of [dnsOutage, networkCut, lossyNetwork, ...(refusal === undefined ? [ownNetwork] : [])]) {
    test(title, { timeout: 120_000 }, async (t) => {
      for (const [what, value] of Object.entries(await run("short"))) t.diagnostic(`${what}: ${value}`);
    });
  }

  if (refusal !== undefined) {
    test(`where no network namespace may be made, the scenario says so and gives no figures (here: ${refusal})`, async () => {
      await assert.rejects(ownNetwork.run("short"), NotHere);
    });
  }
});

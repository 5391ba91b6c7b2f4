/**
 * What every channel has to survive (reliability.md, C and E): the same faults against the real parts of a gateway and each platform's fake, in manual time, so that
 * minutes and hours of an outage cost none. A channel takes part by a declaration of its platform (`FaultPartner`) in test/channels/NAME/faults.test.ts.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openFaultHouse, type FaultHouse } from "./house.ts";
import { livenessCases } from "./liveness-cases.ts";
import { outboxCases } from "./outbox-cases.ts";
import type { OpenPartner } from "./partner.ts";

export { PAUSE_MS, type Failure, type FaultPartner, type OpenPartner } from "./partner.ts";

/** One fault: its name with the numbers of the cases, and what is done to a gateway that is ready. */
export interface FaultCase {
  readonly name: string;
  readonly run: (house: FaultHouse) => Promise<void>;
  /** The gateway is not started before it. */
  readonly cold?: true;
}

/** @param name of the channel, as the config names it */
export function channelFaultSuite(name: string, open: OpenPartner): void {
  describe(`${name} under faults`, () => {
    for (const { name: title, run, cold } of [...outboxCases, ...livenessCases]) {
      test(title, async () => {
        const house = await openFaultHouse(open);
        try {
          if (cold !== true) await house.start();
          await run(house);
          assert.deepEqual(house.partner.violations(), []);
        } finally {
          await house.close();
        }
      });
    }
  });
}

import assert from "node:assert/strict";
import type { FaultHouse } from "./house.ts";

/** One fault: its name with the numbers of the cases, and what is done to a gateway that is ready. */
export interface FaultCase {
  readonly name: string;
  readonly run: (house: FaultHouse) => Promise<void>;
  /** The gateway is not started before it. */
  readonly cold?: true;
}

/** Status and /health/ready tell it in time: not healthy 150 s after the fault at the latest, healthy 60 s after its end (fault-51). */
export async function untilHealth(house: FaultHouse, well: boolean): Promise<void> {
  await house.until(() => (house.status().state === "ready") === well, well ? 60_000 : 150_000);
  const { ready, reasons } = house.ready();
  assert.equal(ready, well);
  const { state, detail, code } = house.status();
  if (!well) assert.deepEqual(reasons, [`${house.channel.name}:default is ${state}: ${detail}`]);
  assert.equal(code === undefined, well);
}

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** By then all that a start loads is loaded. */
export const SETTLED_MS = 3_000;

/**
 * Collects all garbage of this thread, as V8 does before it gives up for want of memory: also code that has not run since, and pages that are half empty.
 * It stops the thread for some 25 ms: for the moment when starting is over, since V8 collects by how much is made and an idle program would keep its garbage for hours.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: object) => void;
  setFlagsFromString("--no-expose-gc");
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}

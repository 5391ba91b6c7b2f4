import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "../core/clock.ts";

/** By then channels have connected and the first page has been served. */
const SETTLED_MS = 3_000;

/**
 * Collects garbage once, when everything has been loaded: what starting left behind is a fifth of the heap, and V8 collects by how much is made, so an idle
 * gateway would keep it for hours. It stops the program for some 25 ms.
 */
export function settleMemory(clock: Clock, signal: AbortSignal): void {
  const cancel = clock.timer(SETTLED_MS, () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as (options: object) => void;
    // What V8 does before it gives up for want of memory: also code that has not run since, and pages that are half empty.
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
    setFlagsFromString("--no-expose-gc");
  });
  signal.addEventListener("abort", cancel, { once: true });
}

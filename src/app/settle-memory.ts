import { flushCompileCache } from "node:module";
import type { Clock } from "../core/clock.ts";
import { collectGarbage, SETTLED_MS } from "../lib/collect-garbage/index.ts";

/** Gives back once what only starting needed: a fifth of the heap. The writer's thread does the same for its own. */
export function settleMemory(clock: Clock, signal: AbortSignal): void {
  const cancel = clock.timer(SETTLED_MS, () => {
    // Otherwise kept in memory until the end, and lost if that is a kill.
    flushCompileCache();
    collectGarbage();
  });
  signal.addEventListener("abort", cancel, { once: true });
}

import { flushCompileCache } from "node:module";
import type { Clock } from "../core/clock.ts";
import type { EventHub } from "../gateway/index.ts";
import { collectGarbage, collectSeldom, SETTLED_MS } from "../lib/collect-garbage/index.ts";

/** So many turns leave enough behind to be worth a stop of some 25 ms. */
const BUSY_TURNS = 100;
/** Without the end of a turn it is quiet. */
const QUIET_MS = 30_000;

/**
 * Gives back what only starting needed, a fifth of the heap, and what a busy time has left behind, once it is over: V8 would keep that until as much is made again.
 * The writer's thread does the first for its own.
 */
export function settleMemory({ clock, hub, signal }: { clock: Clock; hub: Pick<EventHub, "listen">; signal: AbortSignal }): void {
  let turns = 0;
  let endedAt = 0;
  let cancelQuiet = () => {};
  const cancelStart = clock.timer(SETTLED_MS, () => {
    // Otherwise kept in memory until the end, and lost if that is a kill.
    flushCompileCache();
    collectGarbage();
    collectSeldom();
  });
  const whenQuiet = () => {
    const left = endedAt + QUIET_MS - clock.monotonic();
    if (left > 0) return void (cancelQuiet = clock.timer(left, whenQuiet));
    turns = 0;
    collectGarbage();
  };
  const unlisten = hub.listen(({ name }) => {
    if (name !== "turn.ended") return;
    turns += 1;
    endedAt = clock.monotonic();
    // One timer for a busy time, none while it is quiet.
    if (turns === BUSY_TURNS) cancelQuiet = clock.timer(QUIET_MS, whenQuiet);
  });
  signal.addEventListener(
    "abort",
    () => {
      unlisten();
      cancelStart();
      cancelQuiet();
    },
    { once: true },
  );
}

import { type Clock, sleep } from "../../core/clock.ts";

/** Keeps what we say within what servers take before they cut one off for flooding. */
export interface Pace {
  /** Resolves when a line may go out; at once for the first few. @returns false when `signal` aborted first. */
  turn(signal: AbortSignal): Promise<boolean>;
}

/** @param options.burst lines at once. @param options.lineMs milliseconds in which one more becomes free. */
export function createPace(clock: Clock, { burst, lineMs }: { burst: number; lineMs: number }): Pace {
  /** Monotonic time at which everything that was said is forgotten. */
  let busyUntil = 0;
  let last: Promise<unknown> = Promise.resolve();
  const waited = async (signal: AbortSignal): Promise<boolean> => {
    const wait = busyUntil - (burst - 1) * lineMs - clock.monotonic();
    if (wait > 0) await sleep(clock, wait, signal);
    if (signal.aborted) return false;
    busyUntil = Math.max(busyUntil, clock.monotonic()) + lineMs;
    return true;
  };
  return {
    turn(signal) {
      const mine = last.then(() => waited(signal));
      last = mine;
      return mine;
    },
  };
}

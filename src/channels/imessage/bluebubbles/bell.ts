import { type Clock, sleep } from "../../../core/clock.ts";

/** A pause that ends early when there is news. */
export interface Bell {
  ring(): void;
  /** Resolves after `ms`, or soon after a ring, also one since the last wait; at once when `signal` aborts. Never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** @param quietMs shortest pause, however often it rings */
export function createBell(clock: Clock, quietMs: number): Bell {
  let rung = false;
  let wake = () => {};
  return {
    ring() {
      rung = true;
      wake();
    },
    async wait(ms, signal) {
      if (!rung) {
        const ringing = new AbortController();
        wake = () => ringing.abort();
        await sleep(clock, ms, AbortSignal.any([signal, ringing.signal]));
        wake = () => {};
      }
      if (!rung) return;
      await sleep(clock, quietMs, signal);
      rung = false;
    },
  };
}

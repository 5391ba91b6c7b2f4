/** Time comes from here alone, so that the simulator can own it. */
export interface Clock {
  /** Wall time, milliseconds since the epoch: for schedules and records. */
  now(): number;
  /** Monotonic milliseconds: for timers and durations (P12). */
  monotonic(): number;
  /** Calls `run` once after `ms`; the returned function cancels it and may be called at any time. */
  timer(ms: number, run: () => void): () => void;
}

/** Resolves after `ms`, or at once when `signal` aborts (never rejects: look at the signal). */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const finish = () => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.timer(ms, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}

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

/** A timer that comes later than this was kept from coming. */
const LATE_MS = 20;
/** What has come meanwhile is read within this time. */
const LOOK_MS = 50;

/**
 * The time by which something from outside must have come. After a moment in which the event loop was blocked or the process frozen (fault-44), timers are called
 * before what lies in the sockets is read: one that comes late looks again when that has been read.
 * @returns the function that cancels it
 */
export function deadline(clock: Clock, ms: number, run: () => void): () => void {
  const due = clock.monotonic() + ms;
  let cancel = clock.timer(ms, () => {
    if (clock.monotonic() - due <= LATE_MS) run();
    else cancel = clock.timer(LOOK_MS, run);
  });
  return () => cancel();
}

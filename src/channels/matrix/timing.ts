/** Waits and bounds, changed by tests alone; milliseconds. */
export interface MatrixTiming {
  /** First and longest pause between two tries to sync. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after the server refused the credential: only the owner can mend that. */
  readonly refusedMs: number;
  /** How long the server holds a sync in which nothing happens. */
  readonly syncMs: number;
  /** How long past that it may stay silent. */
  readonly graceMs: number;
  /** How long the keys of a message may take before the assistant is told that it cannot be read. */
  readonly keysMs: number;
}

export const TIMING: MatrixTiming = { minBackoffMs: 1_000, maxBackoffMs: 30_000, refusedMs: 60_000, syncMs: 30_000, graceMs: 30_000, keysMs: 15_000 };

/** Waits and bounds, changed by tests alone; milliseconds. */
export interface NostrTiming {
  /** First and longest pause between two tries to connect. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How often a quiet relay is asked whether it is there, and how long any answer may take. */
  readonly pingMs: number;
  readonly answerMs: number;
  /** How often the position is written down while nothing comes. */
  readonly markMs: number;
}

export const TIMING: NostrTiming = { minBackoffMs: 1_000, maxBackoffMs: 60_000, pingMs: 30_000, answerMs: 15_000, markMs: 3_600_000 };

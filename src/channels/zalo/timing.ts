/** Waits, changed by tests alone; milliseconds. */
export interface ZaloTiming {
  /** First and longest pause between two tries to reach Zalo. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after Zalo refused the token: only the owner can mend that. */
  readonly refusedMs: number;
  /** How often Zalo is asked who we are and where it posts to. */
  readonly checkMs: number;
}

export const TIMING: ZaloTiming = { minBackoffMs: 2_000, maxBackoffMs: 60_000, refusedMs: 300_000, checkMs: 120_000 };

/** Waits and bounds, changed by tests alone; milliseconds. */
export interface EmailTiming {
  /** First and longest pause between two tries to connect. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after a server refused the password: only the owner can mend that. */
  readonly refusedMs: number;
  /** How often a quiet mailbox is asked, besides IDLE, and how long any answer may take. */
  readonly pingMs: number;
  readonly answerMs: number;
}

export const TIMING: EmailTiming = { minBackoffMs: 2_000, maxBackoffMs: 30_000, refusedMs: 300_000, pingMs: 120_000, answerMs: 30_000 };

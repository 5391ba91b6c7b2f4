/** Waits and bounds, changed by tests alone; milliseconds. */
export interface XmppTiming {
  /** First and longest pause between two tries to connect. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after the server refused the password, or somebody else took our place: only the owner can mend that. */
  readonly refusedMs: number;
  /** Until we are logged in. */
  readonly loginMs: number;
  /** How often a quiet server is asked whether it is there, and how long any answer may take. */
  readonly pingMs: number;
  readonly answerMs: number;
}

export const TIMING: XmppTiming = { minBackoffMs: 1_000, maxBackoffMs: 60_000, refusedMs: 120_000, loginMs: 30_000, pingMs: 45_000, answerMs: 20_000 };

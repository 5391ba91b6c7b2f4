/** Waits and bounds, changed by tests alone; milliseconds. */
export interface CloudTiming {
  /** First and longest pause between two tries to reach Meta. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after Meta refused the token: only the owner can mend that. */
  readonly refusedMs: number;
  /** How often Meta is asked whether the number is there. */
  readonly checkMs: number;
  /** How long a message that Meta has taken is waited for to be sent or to fail; what fails later is in the log alone. */
  readonly statusMs: number;
  /** The same for one whose answer was lost. */
  readonly doubtMs: number;
  /** Meta shows the sign of writing for 25 s. */
  readonly typingMs: number;
}

export const TIMING: CloudTiming = {
  minBackoffMs: 1_000,
  maxBackoffMs: 60_000,
  refusedMs: 60_000,
  checkMs: 120_000,
  statusMs: 3_000,
  doubtMs: 15_000,
  typingMs: 20_000,
};

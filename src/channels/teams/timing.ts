/** Waits and bounds, changed by tests alone; milliseconds. */
export interface TeamsTiming {
  /** First and longest pause between two tries. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after Microsoft refused the app's password: only the owner can mend that. */
  readonly refusedMs: number;
  /** How often the keys are asked for, which also shows that Microsoft answers. */
  readonly checkMs: number;
  /** A token that names an unknown key makes us ask for keys again, at most this often. */
  readonly keysCooldownMs: number;
  /** Whoever presses a button waits for the answer, and Teams gives up after some seconds: what takes longer goes on behind it. */
  readonly invokeMs: number;
}

export const TIMING: TeamsTiming = {
  minBackoffMs: 1_000,
  maxBackoffMs: 30_000,
  refusedMs: 60_000,
  checkMs: 60_000,
  keysCooldownMs: 10_000,
  invokeMs: 5_000,
};

/** Waits and bounds, changed by tests alone; milliseconds. */
export interface FeishuTiming {
  /** First and longest pause between two tries to connect. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after the app's credentials were refused: only the owner can mend that. */
  readonly refusedMs: number;
  /** In webhook mode: how often the platform is asked whether it answers. */
  readonly checkMs: number;
  /** How often the connection is asked whether it is there, and how long it may take to answer. The platform proposes two minutes, which is long to be deaf. */
  readonly pingMs: number;
  readonly pongMs: number;
}

export const TIMING: FeishuTiming = { minBackoffMs: 1_000, maxBackoffMs: 60_000, refusedMs: 60_000, checkMs: 60_000, pingMs: 30_000, pongMs: 15_000 };

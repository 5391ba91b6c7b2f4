/** Waits and bounds, changed by tests alone; milliseconds. */
export interface MattermostTiming {
  /** First and longest pause between two tries to connect. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after the server refused the token: only the owner can mend that. */
  readonly refusedMs: number;
  /** Until the socket has said hello. */
  readonly helloMs: number;
  /** How often the socket is asked whether it is there, and how long it may take to answer. */
  readonly pingMs: number;
  readonly pongMs: number;
}

export const TIMING: MattermostTiming = { minBackoffMs: 1_000, maxBackoffMs: 30_000, refusedMs: 60_000, helloMs: 15_000, pingMs: 20_000, pongMs: 10_000 };

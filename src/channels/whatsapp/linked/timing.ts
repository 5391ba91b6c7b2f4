/** Waits and bounds, changed by tests alone; milliseconds. */
export interface LinkedTiming {
  /** First and longest pause before the child or its connection is begun anew. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause where only the owner can mend something: a missing library, an account that WhatsApp has closed. */
  readonly refusedMs: number;
  /** How often WhatsApp is asked whether it is there, and how long it may take to answer. */
  readonly checkMs: number;
  readonly aliveMs: number;
  /** How long WhatsApp may take to acknowledge a message that was written to it. */
  readonly ackMs: number;
  /** Most of the time that a call may take, a file included. */
  readonly callMs: number;
}

export const TIMING: LinkedTiming = {
  minBackoffMs: 1_000,
  maxBackoffMs: 60_000,
  refusedMs: 300_000,
  checkMs: 60_000,
  aliveMs: 20_000,
  ackMs: 15_000,
  callMs: 120_000,
};

/** Waits and bounds, changed by tests alone; milliseconds. */
export interface SlackTiming {
  /** First and longest pause between two tries to connect. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after Slack refused a token: only the owner can mend that. */
  readonly refusedMs: number;
  /** How often a webhook account asks whether its token still holds. */
  readonly checkMs: number;
  /** Until the socket has said hello. */
  readonly helloMs: number;
  /** How often the socket is asked whether it is there, and how long it may take to answer. */
  readonly pingMs: number;
  readonly pongMs: number;
  /** How long a socket that Slack is about to close is read on beside its successor. */
  readonly drainMs: number;
  /** Pauses before each look whether a doubtful message was posted after all. */
  readonly proofMs: readonly number[];
}

export const TIMING: SlackTiming = {
  minBackoffMs: 1_000,
  maxBackoffMs: 30_000,
  refusedMs: 60_000,
  checkMs: 60_000,
  helloMs: 15_000,
  pingMs: 20_000,
  pongMs: 10_000,
  drainMs: 30_000,
  proofMs: [500, 2_000, 4_000],
};

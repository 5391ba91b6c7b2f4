/** Waits and bounds, changed by tests alone; milliseconds. */
export interface LineTiming {
  /** First and longest pause between two tries to reach LINE. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after LINE refused the token: only the owner can mend that. */
  readonly refusedMs: number;
  /** How often LINE is asked to post to us; it allows 60 such tests an hour. */
  readonly checkMs: number;
  /** The same while something is wrong at LINE's side of the webhook. */
  readonly recheckMs: number;
  /** A reply token is good for one minute after the webhook; the request itself takes its time. */
  readonly replyMs: number;
  /** Between two looks at a film or a sound that LINE still prepares. */
  readonly prepareMs: number;
}

export const TIMING: LineTiming = {
  minBackoffMs: 2_000,
  maxBackoffMs: 60_000,
  refusedMs: 300_000,
  checkMs: 300_000,
  recheckMs: 90_000,
  replyMs: 50_000,
  prepareMs: 1_500,
};

/** Waits and bounds, changed by tests alone. */
export interface TelegramTiming {
  /** How long Telegram may hold a poll open, seconds. */
  readonly pollSeconds: number;
  /** How much longer than that a poll may take before it counts as hung, milliseconds. */
  readonly graceMs: number;
  /** First and longest pause after a failed poll. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after Telegram refused the token: only the owner can mend that. */
  readonly refusedMs: number;
  /** How often a webhook account asks Telegram how the deliveries go. */
  readonly checkMs: number;
}

export const TIMING: TelegramTiming = { pollSeconds: 50, graceMs: 15_000, minBackoffMs: 1_000, maxBackoffMs: 30_000, refusedMs: 60_000, checkMs: 60_000 };

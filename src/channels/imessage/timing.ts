/** Waits and bounds, changed by tests alone; milliseconds. */
export interface ImessageTiming {
  /** First and longest pause between two tries to reach the Mac. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after the server refused the password: only the owner can mend that. */
  readonly refusedMs: number;
  /** Between two looks for news; the config's if undefined. */
  readonly pollMs: number | undefined;
  /** Shortest time between two looks, however often the webhook is called. */
  readonly pokeMs: number;
  /** Typing need not be asked for more often than this. */
  readonly typingMs: number;
}

export const TIMING: ImessageTiming = { minBackoffMs: 1_000, maxBackoffMs: 30_000, refusedMs: 60_000, pollMs: undefined, pokeMs: 500, typingMs: 20_000 };

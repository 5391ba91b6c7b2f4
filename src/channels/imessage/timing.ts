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
  /** How often imsg is asked whether it is there, and how long it may take to answer. */
  readonly pingMs: number;
  readonly pongMs: number;
  /** How long imsg may take for anything else: it waits until Messages has written what it sent. */
  readonly answerMs: number;
  /** Typing need not be asked for more often than this. */
  readonly typingMs: number;
}

export const TIMING: ImessageTiming = {
  minBackoffMs: 1_000,
  maxBackoffMs: 30_000,
  refusedMs: 60_000,
  pollMs: undefined,
  pokeMs: 500,
  pingMs: 30_000,
  pongMs: 15_000,
  answerMs: 120_000,
  typingMs: 20_000,
};

/** Waits and bounds, changed by tests alone; milliseconds. */
export interface SignalTiming {
  /** First and longest pause between two tries to reach the daemon. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after the daemon does not know the account: only the owner can mend that. */
  readonly refusedMs: number;
  /** Longest silence of the event stream; the daemon writes a comment every 15 seconds. */
  readonly silentMs: number;
  /** Typing is shown for 15 seconds; it need not be asked for more often than this. */
  readonly typingMs: number;
}

export const TIMING: SignalTiming = { minBackoffMs: 1_000, maxBackoffMs: 30_000, refusedMs: 60_000, silentMs: 40_000, typingMs: 10_000 };

/** Waits and bounds, changed by tests alone; milliseconds. */
export interface GoogleChatTiming {
  /** First and longest pause between two tries. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after Google refused the service account: only the owner can mend that. */
  readonly refusedMs: number;
  /** How often Google is asked for its keys and whether the service account holds. */
  readonly checkMs: number;
  /** A token that names an unknown key makes us ask for keys again, at most this often. */
  readonly keysCooldownMs: number;
}

export const TIMING: GoogleChatTiming = { minBackoffMs: 1_000, maxBackoffMs: 30_000, refusedMs: 60_000, checkMs: 60_000, keysCooldownMs: 10_000 };

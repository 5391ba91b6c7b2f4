/** Waits and bounds, changed by tests alone. */
export interface DiscordTiming {
  /** How long the gateway may take to say hello, and to answer identify or resume, milliseconds. */
  readonly helloMs: number;
  /** First and longest pause after a lost connection. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after Discord refused the token or the intents: only the owner can mend that. */
  readonly refusedMs: number;
  /** Before a fresh identify after Invalid Session: a random time between these (Gateway, Resuming). */
  readonly invalidMinMs: number;
  readonly invalidMaxMs: number;
  /** How old an unanswered send may be for Discord to know its nonce still; it promises "a few minutes". */
  readonly nonceMs: number;
}

export const TIMING: DiscordTiming = {
  helloMs: 20_000,
  minBackoffMs: 1_000,
  maxBackoffMs: 30_000,
  refusedMs: 60_000,
  invalidMinMs: 1_000,
  invalidMaxMs: 5_000,
  nonceMs: 90_000,
};

/** Waits and bounds, changed by tests alone; milliseconds. */
export interface IrcTiming {
  /** First and longest pause between two tries to connect. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after the server refused a password: only the owner can mend that. */
  readonly refusedMs: number;
  /** Until the server has welcomed us. */
  readonly welcomeMs: number;
  /** How often a quiet server is asked whether it is there, and how long any answer may take. */
  readonly pingMs: number;
  readonly answerMs: number;
  /** How often a nick that somebody else holds is asked for again. */
  readonly nickMs: number;
  /** Lines that may go out at once, and the pause that each further one takes (RFC 1459 section 8.10: two seconds a line). */
  readonly burst: number;
  readonly lineMs: number;
}

export const TIMING: IrcTiming = {
  minBackoffMs: 2_000,
  maxBackoffMs: 120_000,
  refusedMs: 300_000,
  welcomeMs: 60_000,
  pingMs: 60_000,
  answerMs: 20_000,
  nickMs: 60_000,
  burst: 4,
  lineMs: 2_000,
};

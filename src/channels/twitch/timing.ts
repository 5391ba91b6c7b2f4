/** Waits and bounds, changed by tests alone; milliseconds. */
export interface TwitchTiming {
  /** First and longest pause between two tries to connect. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Pause after Twitch refused the tokens: only the owner can mend that. */
  readonly refusedMs: number;
  /** Until the socket has said welcome. */
  readonly welcomeMs: number;
  /** What is given beyond the silence that Twitch allows itself. */
  readonly graceMs: number;
  /** How often the token is looked at: every hour, as Twitch demands (dev.twitch.tv, Validating Tokens). */
  readonly validateMs: number;
}

export const TIMING: TwitchTiming = { minBackoffMs: 1_000, maxBackoffMs: 60_000, refusedMs: 300_000, welcomeMs: 15_000, graceMs: 5_000, validateMs: 3_600_000 };

/** Where Twitch is; tests have their own. */
export interface TwitchPlaces {
  readonly api: string;
  readonly login: string;
  readonly events: string;
}

export const PLACES: TwitchPlaces = { api: "https://api.twitch.tv", login: "https://id.twitch.tv", events: "https://eventsub.wss.twitch.tv/ws" };

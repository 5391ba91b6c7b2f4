import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { TwitchFailure } from "./answer.ts";
import type { TwitchApi } from "./api.ts";
import type { TwitchAccountConfig } from "./config.ts";
import type { Identity, Login } from "./login.ts";
import type { TwitchPlaces, TwitchTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface TwitchAccount {
  readonly config: TwitchAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: TwitchApi;
  readonly login: Login;
  readonly timing: TwitchTiming;
  readonly places: TwitchPlaces;
  readonly health: Health;
  /** Who we are; set once the token was looked at. */
  me: Identity | undefined;
  /** Chats that Twitch does not let us read, and why. */
  readonly closed: Map<string, string>;
  /** What came in cannot be stored now: that Twitch speaks does not make the account ready. */
  stuck: boolean;
}

/** What is wrong with a socket that had opened, or with what the token may do. */
export class TwitchTrouble extends Error {
  override readonly name = "TwitchTrouble";
  readonly code: "twitch_silent" | "twitch_socket_lost" | "twitch_scope_missing";

  constructor(code: TwitchTrouble["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Twitch has said something. The account is ready when all its chats are read and what comes in is taken. */
export function alive({ stuck, closed, health }: TwitchAccount): void {
  if (stuck) return;
  const [first] = closed;
  if (first === undefined) health.alive();
  else health.trouble("degraded", "twitch_not_in_chat", `the chat of ${first[0]} cannot be read: ${first[1]}; trying again with the next connection`);
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: TwitchAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait here`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "twitch_unreachable", `Twitch does not answer (${error.kind}); trying again. Check the network`);
    return backoff.wait(signal);
  }
  if (error instanceof TwitchTrouble) {
    const final = error.code === "twitch_scope_missing";
    health.trouble(final ? "failed" : "degraded", error.code, `${error.message}; ${final ? "make a new refresh token with it" : "connecting anew"}`);
    return backoff.wait(signal, final ? timing.refusedMs : 0);
  }
  if (!(error instanceof TwitchFailure)) {
    deps.log.error("twitch messages could not be handed in", { error });
    health.trouble("degraded", "twitch_intake_failed", "messages cannot be handed in; they wait here. See the log");
    return backoff.wait(signal);
  }
  if ([400, 401, 403].includes(error.status) && /oauth2/.test(error.message)) {
    health.trouble("failed", "twitch_token_refused", "Twitch refuses the tokens: check client_id and client_secret, and make a new refresh_token");
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", error.status === 429 ? "twitch_rate_limited" : "twitch_error", `Twitch answered ${error.message}`);
  return backoff.wait(signal, error.retryAfterMs);
}

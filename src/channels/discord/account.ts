import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Background } from "../../lib/background/index.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { type DiscordApi, DiscordFailure } from "./api.ts";
import type { DiscordAccountConfig } from "./config.ts";
import type { Places } from "./places.ts";
import type { Polls } from "./polls.ts";
import type { DiscordTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface DiscordAccount {
  readonly config: DiscordAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: DiscordApi;
  readonly timing: DiscordTiming;
  readonly health: Health;
  readonly places: Places;
  readonly authors: Authors;
  readonly polls: Polls;
  readonly background: Background;
  /** Who we are; set once the first request has answered. */
  me: { readonly id: string; readonly username: string } | undefined;
}

/** Who wrote the last messages: a deletion does not say whose words it takes away. */
export interface Authors {
  get(messageId: string): string | undefined;
  add(messageId: string, userId: string): void;
}

const MAX_AUTHORS = 5_000;

export function createAuthors(): Authors {
  const authors = new Map<string, string>();
  return {
    get: (messageId) => authors.get(messageId),
    add(messageId, userId) {
      authors.set(messageId, userId);
      if (authors.size > MAX_AUTHORS) authors.delete(authors.keys().next().value!);
    },
  };
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover(account: DiscordAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { health, timing } = account;
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait at Discord`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "discord_unreachable", `Discord does not answer (${error.kind}); trying again. Check the network and api_root`);
    return backoff.wait(signal);
  }
  if (!(error instanceof DiscordFailure)) {
    account.deps.log.error("discord events could not be handed in", { error });
    health.trouble("degraded", "discord_intake_failed", "events cannot be handed in; they wait at Discord. See the log");
    return backoff.wait(signal);
  }
  if (error.status === 401) {
    health.trouble("failed", "discord_token_refused", "Discord refuses the token: reset it in the Developer Portal and put it into channels.discord.token");
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", error.status === 429 ? "discord_rate_limited" : "discord_error", `Discord answered ${error.status}: ${error.description}`);
  return backoff.wait(signal, error.retryAfterMs);
}

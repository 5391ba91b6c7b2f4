import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Background } from "../../lib/background/index.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { KnownThreads } from "../../lib/known-threads/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { TelegramFailure, type TelegramApi } from "./api.ts";
import type { TelegramAccountConfig } from "./config.ts";
import type { KnownPoll } from "./inbound.ts";
import type { TelegramTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface TelegramAccount {
  readonly config: TelegramAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: TelegramApi;
  readonly timing: TelegramTiming;
  readonly polls: Polls;
  readonly health: Health;
  /** Who we are; set once getMe has answered. */
  me: { readonly id: number; readonly username: string } | undefined;
  readonly background: Background;
  readonly known: KnownThreads;
}

/** Polls that we posted in this process, newest kept. */
export interface Polls {
  get(id: string): KnownPoll | undefined;
  add(id: string, poll: KnownPoll): void;
}

const MAX_POLLS = 500;

export function createPolls(): Polls {
  const polls = new Map<string, KnownPoll>();
  return {
    get: (id) => polls.get(id),
    add(id, poll) {
      polls.set(id, poll);
      if (polls.size > MAX_POLLS) polls.delete(polls.keys().next().value!);
    },
  };
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover(account: TelegramAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { health, timing } = account;
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait at Telegram`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "telegram_unreachable", `Telegram does not answer (${error.kind}); trying again. Check the network and api_root`);
    return backoff.wait(signal);
  }
  if (!(error instanceof TelegramFailure)) {
    account.deps.log.error("telegram updates could not be handed in", { error });
    health.trouble("degraded", "telegram_intake_failed", "updates cannot be handed in; they wait at Telegram. See the log");
    return backoff.wait(signal);
  }
  if (error.code === 401 || error.code === 404) {
    health.trouble("failed", "telegram_token_refused", "Telegram refuses the token: get a new one from @BotFather and put it into channels.telegram.token");
    return backoff.wait(signal, timing.refusedMs);
  }
  if (error.code === 409) {
    const webhook = error.description.includes("webhook");
    health.trouble(
      "degraded",
      webhook ? "telegram_webhook_set" : "telegram_conflict",
      webhook
        ? "something has set a webhook for this bot; restart this account to remove it"
        : "another program polls with the same token: stop it, or give this one a bot of its own",
    );
    return backoff.wait(signal);
  }
  health.trouble("degraded", error.code === 429 ? "telegram_rate_limited" : "telegram_error", `Telegram answered ${error.code}: ${error.description}`);
  return backoff.wait(signal, error.retryAfterMs);
}

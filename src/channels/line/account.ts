import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { type LineApi, LineFailure } from "./api.ts";
import type { LineAccountConfig } from "./config.ts";
import type { ReplyTokens } from "./reply-tokens.ts";
import type { LineTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface LineAccount {
  readonly config: LineAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: LineApi;
  readonly timing: LineTiming;
  readonly health: Health;
  readonly replies: ReplyTokens;
  /** Our own user id; set once the first request has answered. */
  me: string | undefined;
  /** Ids of what we have sent, oldest first: to quote one of them is to speak to us. */
  readonly sent: Set<string>;
  /** With which a message can be quoted, by its id, oldest first. */
  readonly quoteTokens: Map<string, string>;
}

/** How many of the last messages are remembered. */
const REMEMBERED = 2_000;

export function rememberSent({ sent }: LineAccount, id: string): void {
  sent.add(id);
  if (sent.size > REMEMBERED) sent.delete(sent.values().next().value!);
}

export function rememberQuote({ quoteTokens }: LineAccount, id: string, token: string): void {
  quoteTokens.set(id, token);
  if (quoteTokens.size > REMEMBERED) quoteTokens.delete(quoteTokens.keys().next().value!);
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: LineAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "line_unreachable", `LINE does not answer (${error.kind}); trying again. Check the network and api_root`);
    return backoff.wait(signal);
  }
  if (!(error instanceof LineFailure)) {
    deps.log.error("line account could not be checked", { error });
    health.trouble("degraded", "line_check_failed", "the account could not be checked; see the log");
    return backoff.wait(signal);
  }
  if (error.status === 401) {
    health.trouble(
      "failed",
      "line_token_refused",
      "LINE refuses the token: issue a new one on the channel's page Messaging API and put it into channels.line.access_token",
    );
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", error.status === 429 ? "line_rate_limited" : "line_error", `LINE answered ${error.message}`);
  return backoff.wait(signal, error.retryAfterMs);
}

import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Background } from "../../lib/background/index.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { KnownThreads } from "../../lib/known-threads/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { type MattermostApi, MattermostFailure } from "./api.ts";
import type { MattermostAccountConfig } from "./config.ts";
import type { MattermostTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface MattermostAccount {
  readonly config: MattermostAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: MattermostApi;
  readonly timing: MattermostTiming;
  readonly health: Health;
  readonly background: Background;
  readonly known: KnownThreads;
  /** Who we are; set once the first request has answered. */
  me: { readonly id: string; readonly username: string } | undefined;
  /** Up to where nothing is missing, milliseconds by the server's clock; 0 when nothing has been seen yet. */
  seen: number;
  /** Whether a conversation is of two alone, by its id. */
  readonly directs: Map<string, boolean>;
  /** Threads in which we have spoken, newest last. */
  readonly threads: Set<string>;
  /** What came in cannot be stored now: that the server answers does not make the account ready. */
  stuck: boolean;
}

/** What is wrong with a socket that had opened. */
export class SocketTrouble extends Error {
  override readonly name = "SocketTrouble";
  readonly code: "mattermost_silent" | "mattermost_socket_lost";

  constructor(code: SocketTrouble["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: MattermostAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait at Mattermost`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "mattermost_unreachable", `Mattermost does not answer (${error.kind}); trying again. Check the network and url`);
    return backoff.wait(signal);
  }
  if (error instanceof SocketTrouble) {
    health.trouble("degraded", error.code, `${error.message}; connecting anew`);
    return backoff.wait(signal);
  }
  if (!(error instanceof MattermostFailure)) {
    deps.log.error("mattermost events could not be handed in", { error });
    health.trouble("degraded", "mattermost_intake_failed", "events cannot be handed in; they wait at Mattermost. See the log");
    return backoff.wait(signal);
  }
  if (error.status === 401) {
    health.trouble("failed", "mattermost_token_refused", "Mattermost refuses the token: make a new one for the bot and put it into channels.mattermost.token");
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", error.status === 429 ? "mattermost_rate_limited" : "mattermost_error", `Mattermost answered ${error.message}`);
  return backoff.wait(signal, error.retryAfterMs);
}

const MAX_THREADS = 2_000;

/** An answer in a thread in which we have spoken is said to us. */
export function spokeIn({ threads }: MattermostAccount, root: string): void {
  threads.delete(root);
  threads.add(root);
  if (threads.size > MAX_THREADS) threads.delete(threads.values().next().value!);
}

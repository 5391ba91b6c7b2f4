import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Background } from "../../lib/background/index.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { KnownThreads } from "../../lib/known-threads/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { type SlackApi, SlackFailure } from "./api.ts";
import type { SlackAccountConfig } from "./config.ts";
import { isTokenRefused } from "./failure.ts";
import type { Me } from "./inbound.ts";
import type { Names } from "./names.ts";
import type { SlackTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface SlackAccount {
  readonly config: SlackAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: SlackApi;
  readonly timing: SlackTiming;
  readonly health: Health;
  readonly names: Names;
  readonly background: Background;
  readonly known: KnownThreads;
  /** Who we are; set once auth.test has answered. */
  me: Me | undefined;
  /** Up to where nothing is missing, as Slack's timestamp. */
  seen: string;
  /** The newest message handed in. */
  newest: string;
  /** There was a start before this one, so something may have been missed. */
  resumed: boolean;
  /** How often nobody listened; while that is being read, and after it could not be read, `seen` stays where it is. */
  gaps: number;
  readingGap: boolean;
  behind: boolean;
  /** What came in cannot be stored now: that Slack answers does not make the account ready. */
  stuck: boolean;
  /** So many hellos in a row told of sockets of this app that are not ours. */
  shared: number;
}

/** What is wrong with a socket that had opened. */
export class SocketTrouble extends Error {
  override readonly name = "SocketTrouble";
  /** Status code. */
  readonly code: "slack_silent" | "slack_socket_lost" | "slack_socket_disabled";

  constructor(code: SocketTrouble["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** A round trip is complete; where another program holds a socket of this app, it gets a share of what comes in. The first hello that says so may count a lost one of ours. */
export function alive({ health, shared }: Pick<SlackAccount, "health" | "shared">): void {
  if (shared < 2) return health.alive();
  health.limping(
    "slack_sockets_shared",
    "another program holds a socket of this app and gets a share of its events: stop it, or give this gateway an app of its own",
  );
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover(account: SlackAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { health, timing, deps } = account;
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they are not acknowledged to Slack`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "slack_unreachable", `Slack does not answer (${error.kind}); trying again. Check the network and api_root`);
    return backoff.wait(signal);
  }
  if (error instanceof SocketTrouble) {
    const off = error.code === "slack_socket_disabled";
    health.trouble(
      off ? "failed" : "degraded",
      error.code,
      off ? "Socket Mode is switched off: switch it on on the app's page Socket Mode" : `${error.message}; connecting anew`,
    );
    return backoff.wait(signal, off ? timing.refusedMs : 0);
  }
  if (isTokenRefused(error)) {
    const key = error.method === "apps.connections.open" ? "app_token" : "bot_token";
    health.trouble("failed", "slack_token_refused", `Slack refuses the ${key} (${error.reason}): copy it anew from the app's pages into channels.slack.${key}`);
    return backoff.wait(signal, timing.refusedMs);
  }
  if (!(error instanceof SlackFailure)) {
    deps.log.error("slack events could not be handed in", { error });
    health.trouble("degraded", "slack_intake_failed", "events cannot be handed in and are not acknowledged. See the log");
    return backoff.wait(signal);
  }
  if (error.reason === "missing_scope") {
    health.trouble("failed", "slack_scope_missing", `${error.message}: add it on the app's page OAuth & Permissions and install the app anew`);
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", error.status === 429 ? "slack_rate_limited" : "slack_error", `Slack answered ${error.message}`);
  return backoff.wait(signal, error.retryAfterMs);
}

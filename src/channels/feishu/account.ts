import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { type FeishuApi, FeishuFailure, isLimit } from "./api.ts";
import type { FeishuAccountConfig } from "./config.ts";
import type { FeishuTiming } from "./timing.ts";

/** Where a message stands, for events that name nothing but its id. */
export interface KnownMessage {
  readonly conversation: string;
  readonly direct: boolean;
  readonly thread?: string;
  /** Whose it is; absent for our own. */
  readonly sender?: string;
}

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface FeishuAccount {
  readonly config: FeishuAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: FeishuApi;
  readonly timing: FeishuTiming;
  readonly health: Health;
  /** Our own open_id and name; set once the first request has answered. */
  me: { readonly openId: string; readonly name: string } | undefined;
  /** Whether a conversation is of two alone, by its id. */
  readonly directs: Map<string, boolean>;
  /** The last messages, oldest first. */
  readonly known: Map<string, KnownMessage>;
  /** Topics in which we have spoken, by their first message, oldest first. */
  readonly threads: Set<string>;
}

const REMEMBERED = 2_000;

export function remember({ known, directs }: FeishuAccount, id: string, message: KnownMessage): void {
  known.delete(id);
  known.set(id, message);
  if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
  directs.set(message.conversation, message.direct);
  if (directs.size > REMEMBERED) directs.delete(directs.keys().next().value!);
}

/** An answer in a topic in which we have spoken is said to us. */
export function spokeIn({ threads }: FeishuAccount, root: string): void {
  threads.delete(root);
  threads.add(root);
  if (threads.size > REMEMBERED) threads.delete(threads.values().next().value!);
}

/** What is wrong with a connection that had opened. */
export class SocketTrouble extends Error {
  override readonly name = "SocketTrouble";
  readonly code: "feishu_silent" | "feishu_socket_lost";

  constructor(code: SocketTrouble["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: FeishuAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; Feishu hands them in again`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "feishu_unreachable", `Feishu does not answer (${error.kind}); trying again. Check the network and api_root`);
    return backoff.wait(signal);
  }
  if (error instanceof SocketTrouble) {
    health.trouble("degraded", error.code, `${error.message}; connecting anew`);
    return backoff.wait(signal);
  }
  if (!(error instanceof FeishuFailure)) {
    deps.log.error("feishu account could not be kept up", { error });
    health.trouble("degraded", "feishu_check_failed", "the account could not be kept up; see the log");
    return backoff.wait(signal);
  }
  if (error.credentials) {
    health.trouble(
      "failed",
      "feishu_credentials_refused",
      `Feishu refuses the app: ${error.message}. Copy App ID and App Secret anew from the app's page Credentials & Basic Info`,
    );
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", isLimit(error.status, error.code) ? "feishu_rate_limited" : "feishu_error", `Feishu answered ${error.message}`);
  return backoff.wait(signal, error.retryAfterMs);
}

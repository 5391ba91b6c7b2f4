import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Background } from "../../lib/background/index.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import { toHex } from "../../lib/hex/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { type MatrixApi, MatrixFailure } from "./api.ts";
import type { MatrixAccountConfig } from "./config.ts";
import type { Crypto } from "./crypto-port.ts";
import type { Mount } from "./indexed-db/index.ts";
import type { Lock } from "./lock.ts";
import type { Recent } from "./recent.ts";
import type { Rooms } from "./rooms.ts";
import type { MatrixTiming } from "./timing.ts";
import type { WireEvent } from "./wire.ts";

/** A message whose keys have not come yet. */
export interface Unread {
  readonly room: string;
  readonly event: WireEvent;
  /** Wall milliseconds. */
  readonly since: number;
  /** The assistant has been told. */
  readonly told?: true;
}

/** What an event was, for those that name it later. */
export interface SeenEvent {
  readonly sender: string;
  readonly thread?: string;
  /** Set for a reaction. */
  readonly reaction?: { readonly to: string; readonly emoji: string };
}

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface MatrixAccount {
  readonly config: MatrixAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: MatrixApi;
  readonly timing: MatrixTiming;
  readonly health: Health;
  readonly background: Background;
  readonly rooms: Rooms;
  readonly seen: Recent<SeenEvent>;
  /** Threads in which we have spoken. */
  readonly threads: Recent<true>;
  /** Who we are; set once the first request has answered. */
  me: { readonly id: string; readonly device: string; readonly name?: string } | undefined;
  /** Position of the sync up to which everything is taken in. */
  since: string | undefined;
  /** Set while started, where encryption is wanted. */
  crypto: Crypto | undefined;
  kept: Mount | undefined;
  unread: readonly Unread[];
  /** Changes of `unread`, one after the other. */
  readonly changeUnread: Lock;
}

/** What only the owner can mend, in words. */
export class MatrixTrouble extends Error {
  override readonly name = "MatrixTrouble";
  readonly code: "matrix_device_taken" | "matrix_wrong_device";

  constructor(code: MatrixTrouble["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: MatrixAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError && error.code === "keep_damaged") {
    health.trouble("failed", error.code, `${error.message}. Remove the file to begin as a new device; with access_token, give one of a new session`);
    return backoff.wait(signal, timing.refusedMs);
  }
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait at the homeserver`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure) {
    health.trouble("degraded", "matrix_unreachable", `the homeserver does not answer (${error.kind}); trying again. Check the network and homeserver`);
    return backoff.wait(signal);
  }
  if (error instanceof MatrixTrouble) {
    health.trouble("failed", error.code, error.message);
    return backoff.wait(signal, timing.refusedMs);
  }
  if (!(error instanceof MatrixFailure)) {
    deps.log.error("matrix events could not be handed in", { error });
    health.trouble("degraded", "matrix_intake_failed", "events cannot be handed in; they wait at the homeserver. See the log");
    return backoff.wait(signal);
  }
  if (error.status === 401 || error.errcode === "M_FORBIDDEN" || error.errcode === "M_USER_DEACTIVATED") {
    health.trouble(
      "failed",
      "matrix_token_refused",
      `the homeserver refuses the credential: ${error.message}. Make a new access token, or check user and password`,
    );
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", error.status === 429 ? "matrix_rate_limited" : "matrix_error", `the homeserver answered ${error.message}`);
  return backoff.wait(signal, error.retryAfterMs);
}

/** A request of our own that must be done once, whatever happens in between. */
export function txnId({ deps }: MatrixAccount): string {
  return `clanker-${toHex(deps.random.bytes(16))}`;
}

export function path(...parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Background } from "../../lib/background/index.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import type { ImessageAccountConfig } from "./config.ts";
import { ACCESS } from "./failure.ts";
import type { ImessageTiming } from "./timing.ts";
import { type Way, WayFailure } from "./way.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface ImessageAccount {
  readonly config: ImessageAccountConfig;
  readonly deps: ChannelDeps;
  readonly way: Way;
  readonly timing: ImessageTiming;
  readonly health: Health;
  readonly background: Background;
  /** Rowid up to which nothing is missing; undefined before anything is on record. */
  position: number | undefined;
  /** Guids of messages that went out from this Apple account, newest last. */
  readonly ours: Map<string, string>;
  /** The beginning of what was said lately, by guid: a reply names only that. */
  readonly texts: Map<string, string>;
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover(
  { health, timing, deps, config }: ImessageAccount,
  error: unknown,
  wait: { backoff: Backoff; signal: AbortSignal },
): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait on the Mac`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof WayFailure && error.kind === "password") {
    health.trouble(
      "failed",
      "imessage_password_refused",
      "the BlueBubbles server refuses the password: put the one that it shows into channels.imessage.password",
    );
    return backoff.wait(signal, timing.refusedMs);
  }
  if (error instanceof WayFailure && error.kind === "access") {
    health.trouble("failed", "imessage_no_access", `macOS does not let imsg read Messages. ${ACCESS}`);
    return backoff.wait(signal, timing.refusedMs);
  }
  if (error instanceof HttpFailure || (error instanceof WayFailure && error.kind === "away")) {
    health.trouble(
      "degraded",
      "imessage_unreachable",
      `${error instanceof WayFailure ? error.message : `the Mac does not answer (${error.kind})`}; trying again. ${away(config)}`,
    );
    return backoff.wait(signal);
  }
  if (error instanceof WayFailure) {
    health.trouble("degraded", "imessage_error", `the Mac answered ${error.message}`);
    return backoff.wait(signal);
  }
  deps.log.error("imessage rows could not be handed in", { error });
  health.trouble("degraded", "imessage_intake_failed", "messages cannot be handed in; they wait on the Mac. See the log");
  return backoff.wait(signal);
}

function away({ via }: ImessageAccountConfig): string {
  return via === "imsg" ? "Is imsg installed, and does channels.imessage.command name it?" : "Is it awake, and is the server running?";
}

const MAX_REMEMBERED = 1_000;

/** Keeps the newest. */
export function remember(map: Map<string, string>, key: string, value: string): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value!);
}

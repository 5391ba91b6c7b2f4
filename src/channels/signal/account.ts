import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { Background } from "../../lib/background/index.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import { type SignalApi, SignalFailure } from "./api.ts";
import type { SignalAccountConfig } from "./config.ts";
import { SAFETY_NUMBER, UNKNOWN_ACCOUNT } from "./failure.ts";
import type { SignalTiming } from "./timing.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface SignalAccount {
  readonly config: SignalAccountConfig;
  readonly deps: ChannelDeps;
  readonly api: SignalApi;
  readonly timing: SignalTiming;
  readonly health: Health;
  readonly background: Background;
  /** Our own ACI; set once the daemon has told it. */
  me: string | undefined;
  /** What came in cannot be stored now: that the daemon answers does not make the account ready. */
  stuck: boolean;
  /** Which message a later version of it belongs to, by the version's name. */
  readonly versions: Map<string, string>;
  /** The beginning of texts that were said lately, by name: a quote has to bring its text along. */
  readonly texts: Map<string, string>;
  /** How people call themselves, by ACI: a mention brings only that. */
  readonly names: Map<string, string>;
  /** Aborted to have the daemon asked at once; replaced then. */
  again: AbortController;
  /** People whose safety number has changed: what they write cannot be read before it is trusted. */
  readonly untrusted: Set<string>;
}

/** The stream of events ended or fell silent. */
export class StreamTrouble extends Error {
  override readonly name = "StreamTrouble";
}

/** The daemon answers. It does not make the account ready while somebody's messages cannot be read or stored. */
export function alive({ health, untrusted, stuck }: SignalAccount): void {
  if (stuck) return;
  if (untrusted.size === 0) return health.alive();
  const who = [...untrusted].slice(0, 5).join(", ");
  health.limping("signal_safety_number_changed", `the safety number of ${who} has changed: what they write cannot be read. ${SAFETY_NUMBER}`);
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: SignalAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  if (error instanceof HttpFailure && error.kind === "timeout") {
    health.trouble("degraded", "signal_silent", "the signal-cli daemon has fallen silent; connecting anew");
    return backoff.wait(signal);
  }
  if (error instanceof HttpFailure) {
    health.trouble(
      "degraded",
      "signal_unreachable",
      `the signal-cli daemon does not answer (${error.kind}); trying again. Is it running at channels.signal.url?`,
    );
    return backoff.wait(signal);
  }
  if (error instanceof StreamTrouble) {
    health.trouble("degraded", "signal_stream_lost", `${error.message}; connecting anew`);
    return backoff.wait(signal);
  }
  if (!(error instanceof SignalFailure)) {
    deps.log.error("signal events could not be handed in", { error });
    health.trouble("degraded", "signal_intake_failed", "events cannot be handed in; they wait. See the log");
    return backoff.wait(signal);
  }
  if (error.code === -32602 || (error.code === undefined && error.status === 400)) {
    health.trouble("failed", "signal_account_unknown", `the daemon does not have this account. ${UNKNOWN_ACCOUNT}`);
    return backoff.wait(signal, timing.refusedMs);
  }
  if (error.code === undefined && error.status < 500) {
    const detail = `what listens at channels.signal.url is not a signal-cli daemon, or does not go by that name (HTTP ${error.status})`;
    health.trouble("failed", "signal_not_a_daemon", detail);
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", "signal_error", `signal-cli answered ${error.message}`);
  return backoff.wait(signal);
}

const MAX_REMEMBERED = 1_000;

/** Keeps the newest. */
export function remember(map: Map<string, string>, key: string, value: string): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value!);
}

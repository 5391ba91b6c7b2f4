import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import { HttpFailure } from "../../core/http.ts";
import type { SocketDestination } from "../../core/sockets.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import type { NostrAccountConfig } from "./config.ts";
import type { Keys } from "./keys.ts";
import { Relay, RelayTrouble } from "./relay.ts";
import type { NostrTiming } from "./timing.ts";
import type { NostrEvent } from "./wire.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface NostrAccount {
  readonly config: NostrAccountConfig;
  readonly deps: ChannelDeps;
  readonly timing: NostrTiming;
  readonly health: Health;
  /** The library with our key; once started. */
  keys: Keys | undefined;
  /** The relays of the config that stand: everything stored there was handed over. */
  readonly standing: Map<string, Relay>;
  /** Where people have their inbox, and when that was looked up, monotonic milliseconds. */
  readonly inboxes: Map<string, { readonly relays: readonly string[]; readonly at: number }>;
  /** What was wrapped for a part, by reader and nonce, so that a repetition is the very same event. */
  readonly wrapped: Map<string, Wrapped>;
  /** What came in cannot be stored now: that relays answer does not make the account ready. */
  stuck: boolean;
}

export interface Wrapped {
  /** Of the message inside. */
  readonly id: string;
  readonly theirs: NostrEvent;
  readonly ours: NostrEvent;
}

const MAX_MESSAGE_BYTES = 1_000_000;

/** @param own a relay of the config, where we say who we are at once. @throws HttpFailure */
export async function connect(account: NostrAccount, url: string, { own, signal }: { own: boolean; signal: AbortSignal }): Promise<Relay> {
  const { deps, timing, keys, config } = account;
  const named = own || config.relays.includes(url) || config.lookup_relays.includes(url);
  // What somebody else has named may lead nowhere but to public addresses.
  const destination: SocketDestination = { baseUrl: url, ...(named ? {} : { untrusted: true }) };
  const socket = await deps.sockets.connect(destination, { signal, timeoutMs: timing.answerMs, maxBytes: MAX_MESSAGE_BYTES });
  return new Relay(socket, {
    url,
    clock: deps.clock,
    answerMs: timing.answerMs,
    now: () => deps.clock.now(),
    sign: keys!.sign,
    introduce: own,
    notice: (text) => deps.log.info("nostr: a relay says", { relay: url, text }),
  });
}

/** A round trip with a relay is complete. One relay is enough: people send to all of them. */
export function alive(account: NostrAccount): void {
  const { standing, config, health, stuck, keys } = account;
  health.identify(config.relays.length === 1 ? keys!.npub : `${keys!.npub} (${standing.size} of ${config.relays.length} relays)`);
  if (!stuck && standing.size > 0) health.alive();
}

/** A relay is away. Nothing is ready any more when it was the last. */
export function gone({ standing, health, config }: NostrAccount, url: string, reason: string): void {
  standing.delete(url);
  if (standing.size === 0)
    health.trouble(
      "degraded",
      "nostr_unreachable",
      `${config.relays.length === 1 ? "the relay does" : "none of the relays do"} not answer (${url}: ${reason}); trying again`,
    );
}

/** Reports why what came in could not be handed in and waits as long as the reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, deps }: NostrAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}; they wait here and at the relays`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  deps.log.error("nostr messages could not be handed in", { error });
  health.trouble("degraded", "nostr_intake_failed", "messages cannot be handed in; they wait here and at the relays. See the log");
  return backoff.wait(signal);
}

export function reasonOf(error: unknown): string {
  return error instanceof RelayTrouble || error instanceof HttpFailure ? error.message : "failed";
}

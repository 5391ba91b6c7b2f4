import type { ChannelDeps } from "../../../core/channel.ts";
import { StoreError } from "../../../core/errors.ts";
import type { Health } from "../../../lib/channel-health/index.ts";
import type { Backoff } from "../../../lib/reconnect/index.ts";
import type { WhatsappCloudConfig } from "../config.ts";
import type { GraphApi } from "./api.ts";
import { toChannelError } from "./failure.ts";
import type { Receipts } from "./receipts.ts";
import type { CloudTiming } from "./timing.ts";

/** What the files of this mode share about one account. Made by create-cloud, handed to each. */
export interface CloudAccount {
  readonly config: WhatsappCloudConfig;
  readonly deps: ChannelDeps;
  readonly api: GraphApi;
  readonly timing: CloudTiming;
  readonly health: Health;
  readonly receipts: Receipts;
  /** The newest message of each person, for the sign of writing, which WhatsApp shows below a message. Newest person last. */
  readonly newest: Map<string, string>;
  /** What came in cannot be stored now: that Meta answers does not make the account ready. */
  stuck: boolean;
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps }: CloudAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `messages cannot be stored: ${error.message}`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  const { code, message, hint, failure, retryAfterMs } = toChannelError(error, true);
  deps.log.debug("whatsapp round trip failed", { code });
  if (failure === "permanent") {
    health.trouble("failed", code, `${message}${hint === undefined ? "" : `; ${hint}`}`);
    return backoff.wait(signal, timing.refusedMs);
  }
  health.trouble("degraded", code, `${message}; trying again`);
  return backoff.wait(signal, retryAfterMs);
}

const MAX_PEOPLE = 5_000;

export function wrote({ newest }: CloudAccount, person: string, messageId: string): void {
  newest.delete(person);
  newest.set(person, messageId);
  if (newest.size > MAX_PEOPLE) newest.delete(newest.keys().next().value!);
}

import type { ChannelDeps } from "../../core/channel.ts";
import { StoreError } from "../../core/errors.ts";
import type { Health } from "../../lib/channel-health/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import type { EmailAccountConfig } from "./config.ts";
import type { ThreadHead } from "./inbound.ts";
import type { Mailbox } from "./mailbox.ts";
import type { EmailTiming } from "./timing.ts";
import { CERTIFICATE_HINT, EmailTrouble, toTrouble } from "./trouble.ts";

/** What the files of this adapter share about one account. Made by the door, handed to each. */
export interface EmailAccount {
  readonly config: EmailAccountConfig;
  readonly deps: ChannelDeps;
  readonly timing: EmailTiming;
  readonly health: Health;
  /** The connection that stands, its folder open. */
  mailbox: Mailbox | undefined;
  /** Threads that are talked in, newest last: what an answer needs of them. */
  readonly threads: Map<string, ThreadHead>;
}

const MAX_THREADS = 1_000;

export function rememberThread({ threads }: Pick<EmailAccount, "threads">, root: string, head: ThreadHead): void {
  threads.delete(root);
  threads.set(root, head);
  if (threads.size > MAX_THREADS) threads.delete(threads.keys().next().value!);
}

/** Reports why a round trip failed and waits as long as its reason asks for. Resolves early when `signal` aborts. */
export async function recover({ health, timing, deps, config }: EmailAccount, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { backoff, signal } = wait;
  if (signal.aborted) return;
  if (error instanceof StoreError) {
    health.trouble("degraded", error.code, `mail cannot be stored: ${error.message}; it waits in the mailbox`);
    return backoff.wait(signal, error.retryAfterMs);
  }
  const trouble = error instanceof EmailTrouble ? error : toTrouble(error, `IMAP server ${config.imap_host}`);
  if (trouble.code === "email_login_refused") {
    health.trouble("failed", trouble.code, `${trouble.message}: check user and password; many providers want an app password`);
    return backoff.wait(signal, timing.refusedMs);
  }
  if (trouble.code === "email_certificate_refused") {
    health.trouble("degraded", trouble.code, `${trouble.message}. ${CERTIFICATE_HINT}`);
    return backoff.wait(signal);
  }
  if (!(error instanceof EmailTrouble)) deps.log.error("email could not be handed in", { error });
  health.trouble("degraded", trouble.code, `${trouble.message}; trying again. Check the hosts, ports and security of both servers`);
  return backoff.wait(signal);
}

/**
 * How a channel goes on when its platform does not answer: it says so in its status, waits longer each time and tries again, until its account stops. Nothing here
 * rejects: a platform's failure is a state, not an end.
 */
import type { ChannelDeps } from "../../core/channel.ts";
import { sleep } from "../../core/clock.ts";
import { type Backoff, createAccountBackoff } from "../reconnect/index.ts";

/** What a channel's account needs to have for it. */
export interface TryingAccount {
  readonly config: { readonly account: string };
  readonly deps: Pick<ChannelDeps, "clock" | "random" | "log" | "metrics">;
  /** Milliseconds. */
  readonly timing: { readonly minBackoffMs: number; readonly maxBackoffMs: number };
}

export interface Trying<A> {
  /** The channel's name, for the log and the metrics. */
  readonly channel: string;
  readonly signal: AbortSignal;
  /** Reports why a try failed and waits as long as its reason asks for. Called only while `signal` has not aborted; must not reject. */
  readonly recover: (account: A, error: unknown, wait: { backoff: Backoff; signal: AbortSignal }) => Promise<void>;
}

/** A connection that lived as long as this has worked: the next loss is a new one. */
const LIVED_MS = 60_000;

/**
 * What has to be known before anything can be received: asked until it is answered.
 * @returns whether it was; false when stopped meanwhile
 * @example if (await tryUntilDone(account, { channel: "slack", signal, recover }, () => introduce(account, signal))) await keepSocket(account, signal);
 */
export async function tryUntilDone<A extends TryingAccount>(account: A, { channel, signal, recover }: Trying<A>, ask: () => Promise<void>): Promise<boolean> {
  const backoff = createAccountBackoff(account);
  while (!signal.aborted) {
    try {
      await ask();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      account.deps.log.warn(`${channel} account cannot start yet`, { error, failures: backoff.failures + 1 });
      await recover(account, error, { backoff, signal });
    }
  }
  return false;
}

/**
 * For platforms that call us: whether they would answer can only be asked, again and again (P7). Until `signal` aborts.
 * @param check a round trip, and what it says for the account's health @returns the pause in milliseconds, if another than `timing.checkMs`
 */
export async function keepChecking<A extends TryingAccount & { readonly timing: { readonly checkMs: number } }>(
  account: A,
  { channel, signal, recover }: Trying<A>,
  check: () => Promise<number | void>,
): Promise<void> {
  const { deps, timing } = account;
  const backoff = createAccountBackoff(account);
  while (!signal.aborted) {
    try {
      const pauseMs = (await check()) ?? timing.checkMs;
      backoff.reset();
      await sleep(deps.clock, pauseMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      report(account, `${channel} does not answer`, { error, channel, failures: backoff.failures + 1 });
      await recover(account, error, { backoff, signal });
    }
  }
}

/** For platforms that are listened to: connects anew until `signal` aborts. @param connect one connection, from its beginning to its end; rejects with why it ended */
export async function keepConnected<A extends TryingAccount>(account: A, { channel, signal, recover }: Trying<A>, connect: () => Promise<void>): Promise<void> {
  const { clock } = account.deps;
  const backoff = createAccountBackoff(account);
  while (!signal.aborted) {
    const openedAt = clock.monotonic();
    try {
      await connect();
      // One that ends without a word is a loss like any other: without a pause before the next this loop would take the whole processor.
      if (!signal.aborted) throw new Error("the connection ended");
    } catch (error) {
      if (signal.aborted) return;
      if (clock.monotonic() - openedAt > LIVED_MS) backoff.reset();
      report(account, `${channel} connection failed`, { error, channel, failures: backoff.failures + 1 });
      await recover(account, error, { backoff, signal });
    }
  }
}

function report({ config, deps }: TryingAccount, message: string, { channel, error, failures }: { channel: string; error: unknown; failures: number }): void {
  deps.metrics.count("channel_poll_failures", { channel, account: config.account });
  deps.log.warn(message, { error, failures });
}

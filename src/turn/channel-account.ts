/**
 * Hall, both ends: the holder of a channel account. Under the account's lease it lets the channel receive (step 1) and sends what the outbox has (step 4);
 * whatever breaks is started again with a pause, and only this account (fault-43).
 */
import { sleep } from "../core/clock.ts";
import { toClankerError } from "../core/errors.ts";
import type { Channel } from "../core/channel.ts";
import { deliverLoop, type DeliverDeps } from "./deliver.ts";

export interface AccountDeps extends DeliverDeps {
  readonly owner: string;
  readonly leaseMs: number;
}

const PAUSE_MS = { first: 1_000, most: 60_000 };

/** Holds one account until `signal` aborts. Never rejects. */
export async function holdAccount(channel: Channel, deps: AccountDeps, signal: AbortSignal): Promise<void> {
  const lease = `account:${channel.name}:${channel.account}`;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const fence = await deps.store.claimLease({ lease, owner: deps.owner, now: deps.clock.now(), leaseMs: deps.leaseMs });
      if (fence) {
        await runBoth(channel, fence, deps, signal);
        failures = 0;
        await deps.store.releaseLease({ fence });
      } else {
        // Another gateway holds it; look again when its lease could have run out.
        await sleep(deps.clock, deps.leaseMs / 2, signal);
      }
    } catch (thrown) {
      failures += 1;
      const error = toClankerError(thrown);
      deps.log.error("channel stopped unexpectedly; starting it again", {
        channel: channel.name,
        account: channel.account,
        code: error.code,
        error: error.message,
        stack: error.stack,
      });
      await sleep(deps.clock, Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** failures) * (0.5 + deps.random.number() / 2), signal);
    }
  }
}

/** Receiving and sending end together: when one of them ends, the other is stopped. */
async function runBoth(channel: Channel, fence: Parameters<typeof deliverLoop>[1], deps: AccountDeps, signal: AbortSignal): Promise<void> {
  const both = new AbortController();
  const stop = () => both.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const results = await Promise.allSettled([channel.start(both.signal).finally(stop), deliverLoop(channel, fence, deps, both.signal).finally(stop)]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
    if (!signal.aborted) throw new Error("the channel stopped by itself");
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

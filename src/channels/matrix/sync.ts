/**
 * The first step of the hall: Matrix tells what happens as the answers to a long poll. Always true: the next one names the position of an answer only when all of it
 * is taken in; what the store refuses is kept and tried again.
 */
import { HttpFailure } from "../../core/http.ts";
import { type Backoff, createAccountBackoff } from "../../lib/reconnect/index.ts";
import { type MatrixAccount, recover } from "./account.ts";
import { admitSync, type Recorded } from "./admit.ts";
import { MatrixFailure } from "./api.ts";
import { backUpKeys } from "./key-backup.ts";
import type { WireSync } from "./wire.ts";

/** Who is there and reads, and what is typed, is not asked for. */
const FILTER = JSON.stringify({
  presence: { types: [] },
  account_data: { types: ["m.direct"] },
  room: {
    ephemeral: { types: [] },
    account_data: { types: [] },
    state: { types: ["m.room.member", "m.room.encryption"] },
    timeline: { limit: 50 },
  },
});

/** Syncs until `signal` aborts, or until the account has to be opened anew: its login does not hold any more, its keys could not be stored, its backup is another one. Never rejects. */
export async function keepSyncing(account: MatrixAccount, signal: AbortSignal): Promise<void> {
  const { deps, health, config } = account;
  const backoff = createAccountBackoff(account);
  const recorded: Recorded = { at: deps.clock.monotonic() };
  // The first tells the state of all rooms, for nothing of it is kept.
  let whole = true;
  while (!signal.aborted) {
    try {
      await account.crypto?.pump(signal);
      const sync = await ask(account, whole, signal);
      await account.crypto?.receive(sync);
      await takeIn(account, sync, { recorded, signal, backoff: createAccountBackoff(account) });
      if (signal.aborted) break;
      whole = false;
      backoff.reset();
      health.alive();
      if (!(await backUpKeys(account, signal))) return;
    } catch (error) {
      if (signal.aborted) break;
      deps.metrics.count("channel_poll_failures", { channel: "matrix", account: config.account });
      deps.log.warn("matrix sync failed", { error, failures: backoff.failures + 1 });
      const refused = error instanceof MatrixFailure && error.status === 401;
      // A login of our own can be renewed at once.
      if (!refused || config.access_token !== undefined) await recover(account, error, { backoff, signal });
      // What the library keeps in memory may be ahead of what could be stored.
      if (refused || !(error instanceof MatrixFailure || error instanceof HttpFailure)) return;
    }
  }
}

function ask({ api, timing, since }: MatrixAccount, whole: boolean, signal: AbortSignal): Promise<WireSync> {
  const query = new URLSearchParams({ filter: FILTER, timeout: String(whole ? 0 : timing.syncMs), ...(since === undefined ? {} : { since }) });
  if (whole && since !== undefined) query.set("full_state", "true");
  return api.call<WireSync>("GET", `/client/v3/sync?${query}`, { signal, timeoutMs: timing.syncMs + timing.graceMs });
}

/** The same answer again and again until it is taken: what was sent to the device can be opened once. */
async function takeIn(
  account: MatrixAccount,
  sync: WireSync,
  { recorded, signal, backoff }: { recorded: Recorded; signal: AbortSignal; backoff: Backoff },
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await admitSync(account, sync, { recorded, signal });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof MatrixFailure && error.status === 401) throw error;
      account.deps.log.warn("matrix events not taken; trying again", { error, failures: backoff.failures + 1 });
      await recover(account, error, { backoff, signal });
    }
  }
}

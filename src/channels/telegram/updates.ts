/**
 * The first step of the hall (house.md section 2): polls Telegram and hands batches on. Always true: getUpdates is called with offset N+1 only after
 * the rows of all updates up to N and the cursor are committed (P1, fault-4), by one poll at a time.
 */
import type { Update as TelegramUpdate } from "@grammyjs/types";
import { createAccountBackoff } from "../../lib/reconnect/index.ts";
import { admit } from "./admit.ts";
import { recover, type TelegramAccount } from "./account.ts";
import { ALLOWED_UPDATES } from "./inbound.ts";

/** Update ids may start anew, lower, after a week without updates (Bot API, Update); before that the offset is let go. */
const FORGET_OFFSET_MS = 6 * 24 * 3_600_000;

/** Polls until `signal` aborts. Never rejects. */
export async function pollUpdates(account: TelegramAccount, signal: AbortSignal): Promise<void> {
  const { api, deps, config, timing, health } = account;
  const { clock } = deps;
  const backoff = createAccountBackoff(account);
  let position: { offset?: number } | undefined;
  let lastUpdate = clock.monotonic();
  // The first poll and those after a failure do not wait for updates: their answer tells at once that all is well.
  let seconds = 0;
  while (!signal.aborted) {
    try {
      position ??= await storedOffset(account);
      if (clock.monotonic() - lastUpdate > FORGET_OFFSET_MS) position = {};
      const call = { ...position, timeout: seconds, limit: 100, allowed_updates: ALLOWED_UPDATES };
      const updates = await api.call("getUpdates", call, { signal, timeoutMs: seconds * 1000 + timing.graceMs, idleTimeoutMs: timing.graceMs });
      const offset = nextOffset(updates);
      if (offset !== undefined) {
        await admit(account, updates, { channel: "telegram", account: config.account, name: "offset", value: String(offset) });
        position = { offset };
        lastUpdate = clock.monotonic();
      }
      health.alive();
      backoff.reset();
      seconds = timing.pollSeconds;
    } catch (error) {
      if (signal.aborted) return;
      seconds = 0;
      deps.metrics.count("channel_poll_failures", { channel: "telegram", account: config.account });
      deps.log.warn("telegram poll failed", { error, failures: backoff.failures + 1 });
      await recover(account, error, { backoff, signal });
    }
  }
}

async function storedOffset(account: TelegramAccount): Promise<{ offset?: number }> {
  const offset = Number((await account.deps.cursor("offset")) ?? Number.NaN);
  return Number.isSafeInteger(offset) ? { offset } : {};
}

/** One above the highest id, whatever could be made of the updates: what cannot be read must not come again for ever. */
function nextOffset(updates: readonly TelegramUpdate[]): number | undefined {
  const ids = updates.map((update) => update.update_id).filter((id) => Number.isSafeInteger(id));
  return ids.length === 0 ? undefined : Math.max(...ids) + 1;
}

import { sleep } from "../../core/clock.ts";
import { createBackoff } from "../../lib/reconnect/index.ts";
import type { GoogleChatAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";

/**
 * Asks regularly for Google's keys and, as the app, for its spaces: ready means that both were answered (P7), and a key that was taken back holds no longer. Whether
 * Google reaches us, only what comes in can show (`lastEventAt`). Until `signal` aborts; never rejects.
 */
export async function keepChecking(account: GoogleChatAccount, signal: AbortSignal): Promise<void> {
  const { api, deps, timing, health, verifier } = account;
  const backoff = createBackoff({ clock: deps.clock, random: deps.random, minMs: timing.minBackoffMs, maxMs: timing.maxBackoffMs });
  while (!signal.aborted) {
    try {
      await verifier.refresh();
      await api.call("GET", "/spaces?pageSize=1", { signal });
      if (signal.aborted) return;
      // Nobody may try again what could not be stored; the trouble is shown until the second look at it.
      if (!account.stuck) health.alive();
      account.stuck = false;
      backoff.reset();
      await sleep(deps.clock, timing.checkMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      const { code, message, hint, failure, retryAfterMs } = toChannelError(error);
      deps.log.warn("google chat: Google does not answer as it should", { error });
      deps.metrics.count("channel_poll_failures", { channel: "googlechat", account: account.config.account });
      const refused = failure === "permanent";
      health.trouble(refused ? "failed" : "degraded", code, `${message}; trying again${hint === undefined ? "" : `. ${hint}`}`);
      await backoff.wait(signal, refused ? timing.refusedMs : retryAfterMs);
    }
  }
}

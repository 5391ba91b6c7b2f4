import { sleep } from "../../core/clock.ts";
import { createBackoff } from "../../lib/reconnect/index.ts";
import type { TeamsAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";

/**
 * Asks regularly for the connector's keys and holds a token: ready means that Microsoft has answered both (P7), and a key that was taken back holds no longer. Whether
 * the connector reaches us, only what comes in can show (`lastEventAt`). Until `signal` aborts; never rejects.
 */
export async function keepChecking(account: TeamsAccount, signal: AbortSignal): Promise<void> {
  const { api, deps, timing, health, verifier } = account;
  const backoff = createBackoff({ clock: deps.clock, random: deps.random, minMs: timing.minBackoffMs, maxMs: timing.maxBackoffMs });
  while (!signal.aborted) {
    try {
      await verifier.refresh();
      await api.login();
      if (signal.aborted) return;
      // Nobody may try again what could not be stored; the trouble is shown until the second look at it.
      if (!account.stuck) health.alive();
      account.stuck = false;
      backoff.reset();
      await sleep(deps.clock, timing.checkMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      const { code, message, hint, retryAfterMs } = toChannelError(error, "repeatable");
      deps.log.warn("teams: Microsoft does not answer as it should", { error });
      deps.metrics.count("channel_poll_failures", { channel: "teams", account: account.config.account });
      const refused = code === "teams_login_refused";
      health.trouble(refused ? "failed" : "degraded", code, `${message}; trying again${hint === undefined ? "" : `. ${hint}`}`);
      await backoff.wait(signal, refused ? timing.refusedMs : retryAfterMs);
    }
  }
}

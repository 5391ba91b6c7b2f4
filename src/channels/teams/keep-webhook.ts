import { keepChecking } from "../../lib/keep-trying/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import type { TeamsAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";

/**
 * Asks regularly for the connector's keys and holds a token: ready means that Microsoft has answered both (P7), and a key that was taken back holds no longer. Whether
 * the connector reaches us, only what comes in can show (`lastEventAt`). Until `signal` aborts; never rejects.
 */
export function keepWebhook(account: TeamsAccount, signal: AbortSignal): Promise<void> {
  return keepChecking(account, { channel: "teams", signal, recover }, async () => {
    await account.verifier.refresh();
    await account.api.login();
    if (signal.aborted) return;
    // Nobody may try again what could not be stored; the trouble is shown until the second look at it.
    if (!account.stuck) account.health.alive();
    account.stuck = false;
  });
}

async function recover({ health, timing }: TeamsAccount, error: unknown, { backoff, signal }: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { code, message, hint, retryAfterMs } = toChannelError(error, "repeatable");
  const refused = code === "teams_login_refused";
  health.trouble(refused ? "failed" : "degraded", code, `${message}; trying again${hint === undefined ? "" : `. ${hint}`}`);
  await backoff.wait(signal, refused ? timing.refusedMs : retryAfterMs);
}

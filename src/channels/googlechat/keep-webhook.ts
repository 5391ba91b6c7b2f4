import { keepChecking } from "../../lib/keep-trying/index.ts";
import type { Backoff } from "../../lib/reconnect/index.ts";
import type { GoogleChatAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";

/**
 * Asks regularly for Google's keys and, as the app, for its spaces: ready means that both were answered (P7), and a key that was taken back holds no longer. Whether
 * Google reaches us, only what comes in can show (`lastEventAt`). Until `signal` aborts; never rejects.
 */
export function keepWebhook(account: GoogleChatAccount, signal: AbortSignal): Promise<void> {
  return keepChecking(account, { channel: "googlechat", signal, recover }, async () => {
    await account.verifier.refresh();
    await account.api.call("GET", "/spaces?pageSize=1", { signal });
    if (signal.aborted) return;
    // Nobody may try again what could not be stored; the trouble is shown until the second look at it.
    if (!account.stuck) account.health.alive();
    account.stuck = false;
  });
}

async function recover({ health, timing }: GoogleChatAccount, error: unknown, { backoff, signal }: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { code, message, hint, failure, retryAfterMs } = toChannelError(error);
  const refused = failure === "permanent";
  health.trouble(refused ? "failed" : "degraded", code, `${message}; trying again${hint === undefined ? "" : `. ${hint}`}`);
  await backoff.wait(signal, refused ? timing.refusedMs : retryAfterMs);
}

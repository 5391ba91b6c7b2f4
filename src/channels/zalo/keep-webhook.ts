/** Whether Zalo answers us and knows where to post. Ready means that it has just said both (P7); that its posts arrive nobody can ask it, QUIRKS.md says why. */
import { HttpFailure } from "../../core/http.ts";
import { keepChecking } from "../../lib/keep-trying/index.ts";
import { type Backoff } from "../../lib/reconnect/index.ts";
import type { ZaloAccount } from "./account.ts";
import { ZaloFailure } from "./api.ts";
import { idOf, textOf, type WireBot, type WireWebhook } from "./wire.ts";

/** Until `signal` aborts; never rejects. */
export function keepWebhook(account: ZaloAccount, signal: AbortSignal): Promise<void> {
  const { health } = account;
  // Entered anew at each start because Zalo never shows the secret: it may be an old one.
  let entered = false;
  return keepChecking(account, { channel: "zalo", signal, recover }, async () => {
    const known = await look(account, entered, signal);
    if (signal.aborted) return;
    entered = true;
    if (known) health.alive();
    else
      health.trouble(
        "degraded",
        "zalo_webhook_unset",
        "Zalo does not know where to post: set channels.zalo.public_url, or enter the webhook by hand (docs/channels/zalo.md)",
      );
  });
}

async function recover(account: ZaloAccount, error: unknown, { backoff, signal }: { backoff: Backoff; signal: AbortSignal }): Promise<void> {
  const { state, code, detail, pauseMs } = troubleOf(error, account);
  account.health.trouble(state, code, detail);
  await backoff.wait(signal, pauseMs);
}

/** @returns whether Zalo has an address to post to. @throws ZaloFailure, HttpFailure */
async function look({ api, config, deps, health }: ZaloAccount, entered: boolean, signal: AbortSignal): Promise<boolean> {
  const me = await api.call<WireBot>("getMe", {}, signal);
  health.identify(textOf(me.account_name) ?? idOf(me.id) ?? "?");
  const { url } = await api.call<WireWebhook>("getWebhookInfo", {}, signal);
  const { public_url, webhook_secret } = config;
  if (public_url === undefined) return textOf(url) !== undefined;
  if (!entered || url !== public_url) {
    await api.call("setWebhook", { url: public_url, secret_token: webhook_secret.reveal() }, signal);
    deps.log.info("zalo webhook set");
  }
  return true;
}

interface Trouble {
  readonly state: "degraded" | "failed";
  readonly code: string;
  readonly detail: string;
  readonly pauseMs?: number | undefined;
}

function troubleOf(error: unknown, { timing }: ZaloAccount): Trouble {
  if (error instanceof HttpFailure)
    return {
      state: "degraded",
      code: "zalo_unreachable",
      detail: `Zalo does not answer (${error.kind}); trying again. Check the network and channels.zalo.api_root`,
    };
  if (!(error instanceof ZaloFailure)) return { state: "degraded", code: "zalo_check_failed", detail: "the account could not be checked; see the log" };
  // A path that holds a wrong token may also be no path at all.
  if (error.code === 401 || error.code === 404)
    return {
      state: "failed",
      code: "zalo_token_refused",
      detail: "Zalo refuses the token: copy it from Zalo Bot Creator anew and put it into channels.zalo.token",
      pauseMs: timing.refusedMs,
    };
  if (error.message.startsWith("setWebhook:") && error.code === 400)
    return {
      state: "degraded",
      code: "zalo_webhook_refused",
      detail: `Zalo will not post to channels.zalo.public_url, which the internet has to reach over https: ${error.message}`,
    };
  return {
    state: "degraded",
    code: error.code === 429 ? "zalo_rate_limited" : "zalo_error",
    detail: `Zalo answered ${error.message}`,
    pauseMs: error.retryAfterMs,
  };
}

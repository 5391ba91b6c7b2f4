/**
 * Whether LINE answers us and reaches us. Always true: ready means that LINE itself has just posted to the webhook and was answered (P7), for silence alone says
 * nothing about a platform that only ever calls.
 */
import { keepChecking } from "../../lib/keep-trying/index.ts";
import { type LineAccount, recover } from "./account.ts";
import { LineFailure } from "./api.ts";

/** Until `signal` aborts; never rejects. */
export function keepWebhook(account: LineAccount, signal: AbortSignal): Promise<void> {
  const { timing, health, replies } = account;
  return keepChecking(account, { channel: "line", signal, recover }, async () => {
    await replies.load();
    const trouble = await look(account, signal);
    if (signal.aborted) return;
    if (trouble === undefined) return health.alive();
    health.trouble("degraded", trouble.code, trouble.detail);
    return timing.recheckMs;
  });
}

interface Trouble {
  readonly code: string;
  readonly detail: string;
}

/** @returns what is wrong, if anything. @throws LineFailure, HttpFailure */
async function look(account: LineAccount, signal: AbortSignal): Promise<Trouble | undefined> {
  const { api, config, health, deps } = account;
  const { userId, basicId } = await api.call<{ userId: string; basicId?: string }>("GET", "/v2/bot/info", { signal });
  account.me = userId;
  health.identify(basicId ?? userId);
  const { endpoint, active } = await webhookOf(account, signal);
  if (config.public_url !== undefined && endpoint !== config.public_url) {
    await api.call("PUT", "/v2/bot/channel/webhook/endpoint", { body: { endpoint: config.public_url }, signal });
    deps.log.info("line webhook set");
  } else if (endpoint === undefined || endpoint === "") {
    return {
      code: "line_webhook_unset",
      detail: "LINE does not know where to post: set channels.line.public_url, or enter the webhook URL on the channel's page Messaging API",
    };
  }
  if (active === false) return { code: "line_webhook_off", detail: "LINE posts nothing: switch on Use webhook on the channel's page Messaging API" };
  const test = await api.call<{ success?: boolean; statusCode?: number; reason?: string; detail?: string }>("POST", "/v2/bot/channel/webhook/test", {
    body: {},
    signal,
  });
  if (test.success !== true)
    return {
      code: "line_webhook_failing",
      detail: `LINE cannot reach the webhook: ${test.reason ?? "no reason given"} ${test.statusCode ?? ""} ${test.detail ?? ""}`.trim().slice(0, 300),
    };
  return await quotaTrouble(account, signal);
}

async function webhookOf({ api }: LineAccount, signal: AbortSignal): Promise<{ endpoint?: string; active?: boolean }> {
  try {
    return await api.call<{ endpoint?: string; active?: boolean }>("GET", "/v2/bot/channel/webhook/endpoint", { signal });
  } catch (error) {
    // None was ever entered.
    if (error instanceof LineFailure && error.status === 404) return {};
    throw error;
  }
}

async function quotaTrouble({ api }: LineAccount, signal: AbortSignal): Promise<Trouble | undefined> {
  const { type, value } = await api.call<{ type?: string; value?: number }>("GET", "/v2/bot/message/quota", { signal });
  if (type !== "limited" || value === undefined) return undefined;
  const { totalUsage = 0 } = await api.call<{ totalUsage?: number }>("GET", "/v2/bot/message/quota/consumption", { signal });
  if (totalUsage < value) return undefined;
  return {
    code: "line_quota_used_up",
    detail: `the ${value} messages of this month are sent; only what is answered within a minute still goes. The LINE Official Account Manager has other plans`,
  };
}

/**
 * The first step of the hall in webhook mode: Telegram posts updates to the gateway, which mounts this handler. Always true: 200 is answered only after
 * the rows are committed (P1); on any failure Telegram keeps the update and posts it again.
 */
import type { Update as TelegramUpdate } from "@grammyjs/types";
import { StoreError } from "../../core/errors.ts";
import { keepChecking } from "../../lib/keep-trying/index.ts";
import { readBody } from "../../lib/read-body/index.ts";
import { isSameSecret } from "../../lib/same-secret/index.ts";
import { admit } from "./admit.ts";
import { recover, type TelegramAccount } from "./account.ts";
import { validWebhookSecret } from "./config.ts";
import { ALLOWED_UPDATES } from "./inbound.ts";

const MAX_BODY_BYTES = 1_000_000;
const RETRY_AFTER_MS = 5_000;

/** @returns 200 taken, 400 not an update, 401 wrong secret, 404 not in webhook mode, 413 too long, 503 try again. */
export async function receiveWebhook(account: TelegramAccount, request: Request): Promise<Response> {
  const { config, deps, health } = account;
  if (config.mode !== "webhook" || !validWebhookSecret(config.webhook_secret)) return new Response(null, { status: 404 });
  // Before the body is read: a stranger costs no memory (sec-107).
  if (!isSameSecret(request.headers.get("x-telegram-bot-api-secret-token"), config.webhook_secret)) return new Response(null, { status: 401 });
  if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
  if (account.me === undefined || health.status().state === "stopped") return unavailable(RETRY_AFTER_MS);
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return new Response(null, { status: 413 });
  let update: TelegramUpdate;
  try {
    update = JSON.parse(new TextDecoder().decode(body)) as TelegramUpdate;
    if (!Number.isSafeInteger(update?.update_id)) throw new TypeError("no update_id");
  } catch {
    return new Response(null, { status: 400 });
  }
  try {
    await admit(account, [update]);
  } catch (error) {
    deps.log.warn("telegram webhook: update not taken", { error });
    const retryAfterMs = error instanceof StoreError ? (error.retryAfterMs ?? RETRY_AFTER_MS) : RETRY_AFTER_MS;
    health.trouble(
      "degraded",
      error instanceof StoreError ? error.code : "telegram_intake_failed",
      "updates cannot be stored; Telegram keeps them and tries again",
    );
    return unavailable(retryAfterMs);
  }
  health.alive();
  return new Response(null, { status: 200 });
}

/** Sets the webhook, then asks regularly whether Telegram can deliver. Until `signal` aborts; never rejects. */
export function keepWebhook(account: TelegramAccount, signal: AbortSignal): Promise<void> {
  const { api, config, deps, timing, health } = account;
  const url = config.webhook_url ?? "";
  return keepChecking(account, { channel: "telegram", signal, recover }, async () => {
    const info = await api.call("getWebhookInfo", {}, { signal });
    // Posted again at each start because Telegram never shows the secret: it may be an old one.
    if (info.url !== url || health.status().state === "starting") {
      await api.call("setWebhook", { url, secret_token: config.webhook_secret!.reveal(), allowed_updates: ALLOWED_UPDATES }, { signal });
      deps.log.info("telegram webhook set");
      health.alive();
    } else if (deliveryFails(info, deps.clock.now(), timing.checkMs)) {
      health.trouble("degraded", "telegram_webhook_failing", `Telegram cannot deliver to webhook_url: ${info.last_error_message ?? "no reason given"}`);
    } else health.alive();
  });
}

function deliveryFails(info: { pending_update_count: number; last_error_date?: number }, now: number, checkMs: number): boolean {
  return info.pending_update_count > 0 && info.last_error_date !== undefined && now - info.last_error_date * 1000 < 2 * checkMs;
}

function unavailable(retryAfterMs: number): Response {
  return new Response(null, { status: 503, headers: { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1000))) } });
}

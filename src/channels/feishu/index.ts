/** Door of the Feishu (Lark) adapter: one app's bot in one tenant as a Channel. README.md walks through its files; QUIRKS.md has the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { ConfigError } from "../../core/errors.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { tryUntilDone } from "../../lib/keep-trying/index.ts";
import { type FeishuAccount, recover } from "./account.ts";
import { createActions } from "./actions.ts";
import { createApi } from "./api.ts";
import { type FeishuAccountConfig, MODE_COMPLETE, modeComplete } from "./config.ts";
import { keepConnection } from "./connection.ts";
import { fetchMedia } from "./files.ts";
import { createOutbound } from "./outbound.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type FeishuTiming, TIMING } from "./timing.ts";
import { keepWebhook, receiveWebhook } from "./webhook.ts";

export type { FeishuAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { FeishuTiming } from "./timing.ts";

/** "Update a card": five a second for one message, a thousand a minute for the app. */
const EDIT_PACE_MS = 1_000;

/**
 * @param timing for tests: shorter waits.
 * @throws ConfigError `feishu_mode_config` when webhook mode lacks its key.
 * @example const channel = createFeishu({ ...section, account: "default", app_id, app_secret }, deps); await channel.start(signal);
 */
export function createFeishu(config: FeishuAccountConfig, given: ChannelDeps, timing: Partial<FeishuTiming> = {}): Channel {
  if (!modeComplete(config)) throw new ConfigError("feishu_mode_config", "feishu: webhook mode without encrypt_key", { hint: MODE_COMPLETE });
  const deps = { ...given, log: given.log.child({ channel: "feishu", account: config.account }) };
  const account: FeishuAccount = {
    config,
    deps,
    api: createApi(deps, config),
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("feishu", deps),
    me: undefined,
    directs: new Map(),
    known: new Map(),
    threads: new Set(),
  };
  const outbound = createOutbound(account);
  return {
    name: "feishu",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: false,
      media: true,
      buttons: true,
      threads: true,
      idempotentSend: true,
      editPaceMs: EDIT_PACE_MS,
    },
    start: (signal) => run(account, signal),
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    edit: outbound.edit,
    fetchMedia: (media, signal) => fetchMedia(account, media, signal),
    actions: createActions(account, outbound),
    webhook: (request) => receiveWebhook(account, request),
  };
}

async function run(account: FeishuAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  if (await tryUntilDone(account, { channel: "feishu", signal, recover }, () => introduce(account, signal)))
    await (account.config.mode === "socket" ? keepConnection(account, signal) : keepWebhook(account, signal));
  account.health.set("stopped");
}

/** Who are we? Without the answer no mention can be recognised, so nothing is received before. */
async function introduce(account: FeishuAccount, signal: AbortSignal): Promise<void> {
  const { api, health } = account;
  const { bot } = await api.call<{ bot: { open_id: string; app_name?: string } }>("GET", "/bot/v3/info", { signal });
  account.me = { openId: bot.open_id, name: bot.app_name ?? "" };
  health.identify(bot.app_name ?? bot.open_id);
}

/** Door of the Telegram adapter: one bot account as a Channel. README.md walks through its files; QUIRKS.md has the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { chatCommands } from "../../core/command.ts";
import { ConfigError } from "../../core/errors.ts";
import { createBackground } from "../../lib/background/index.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { capital } from "../../lib/plain-text/index.ts";
import { tryUntilDone } from "../../lib/keep-trying/index.ts";
import { createKnownThreads } from "../../lib/known-threads/index.ts";
import { createPolls, recover, type TelegramAccount } from "./account.ts";
import { createActions } from "./actions.ts";
import { createApi } from "./api.ts";
import { type TelegramAccountConfig, validWebhookSecret } from "./config.ts";
import { fetchMedia } from "./media.ts";
import { createOutbound } from "./outbound.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type TelegramTiming, TIMING } from "./timing.ts";
import { pollUpdates } from "./updates.ts";
import { keepWebhook, receiveWebhook } from "./webhook.ts";

export type { TelegramAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { TelegramTiming } from "./timing.ts";

/** What everybody may use; the owner's own commands would only puzzle the others (Bot API, setMyCommands: one list for all chats). */
const COMMANDS = chatCommands.filter(({ owner }) => owner !== true).map(({ name, what }) => ({ command: name, description: capital(what) }));

/**
 * @param timing for tests: shorter waits.
 * @throws ConfigError `telegram_webhook_config` when webhook mode lacks its URL or a usable secret.
 * @example const channel = createTelegram({ ...section, account: "default", token }, deps); await channel.start(signal);
 */
export function createTelegram(config: TelegramAccountConfig, deps: ChannelDeps, timing: Partial<TelegramTiming> = {}): Channel {
  if (config.mode === "webhook" && (config.webhook_url === undefined || !validWebhookSecret(config.webhook_secret))) {
    throw new ConfigError("telegram_webhook_config", "telegram: webhook mode without webhook_url or webhook_secret", {
      hint: "Set webhook_url and a webhook_secret of 1 to 256 letters, digits, - and _",
    });
  }
  const log = deps.log.child({ channel: "telegram", account: config.account });
  const account: TelegramAccount = {
    config,
    deps: { ...deps, log },
    api: createApi(deps.http, deps.random, { baseUrl: config.api_root, credential: { in: "path", secret: config.token } }),
    timing: { ...TIMING, ...timing },
    polls: createPolls(),
    health: createAccountHealth("telegram", { clock: deps.clock, log }),
    me: undefined,
    background: createBackground(),
    known: createKnownThreads(),
  };
  const outbound = createOutbound(account);
  return {
    name: "telegram",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: true,
      media: true,
      buttons: true,
      threads: true,
      idempotentSend: false,
      editPaceMs: 1_000,
    },
    start: (signal) => run(account, signal),
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    edit: outbound.edit,
    typing: outbound.typing,
    fetchMedia: (media, signal) => fetchMedia(account, media, signal),
    actions: createActions(account, outbound),
    webhook: (request) => receiveWebhook(account, request),
  };
}

async function run(account: TelegramAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  if (await tryUntilDone(account, { channel: "telegram", signal, recover }, () => introduce(account, signal))) {
    await (account.config.mode === "webhook" ? keepWebhook(account, signal) : pollUpdates(account, signal));
  }
  await account.background.stop();
  account.health.set("stopped");
}

/** Who are we? Without the answer no mention can be recognised, so nothing is received before. */
async function introduce(account: TelegramAccount, signal: AbortSignal): Promise<void> {
  const { api, config, health } = account;
  const me = await api.call("getMe", {}, { signal });
  account.me = { id: me.id, username: me.username };
  health.identify(`@${me.username}`);
  if (config.mode === "polling") await removeWebhook(account, signal);
  account.background.run((stopping) => announceCommands(account, stopping));
}

/** Telegram refuses polls while a webhook is set. Pending updates are kept. */
async function removeWebhook({ api, deps }: TelegramAccount, signal: AbortSignal): Promise<void> {
  const { url } = await api.call("getWebhookInfo", {}, { signal });
  if (url === undefined || url === "") return;
  await api.call("deleteWebhook", { drop_pending_updates: false }, { signal });
  deps.log.warn("telegram webhook removed, because this account polls", { host: URL.parse(url)?.host });
}

async function announceCommands({ api, deps }: TelegramAccount, signal: AbortSignal): Promise<void> {
  try {
    await api.call("setMyCommands", { commands: COMMANDS }, { signal });
  } catch (error) {
    if (!signal.aborted) deps.log.debug("telegram command list not set", { error });
  }
}

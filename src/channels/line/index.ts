/** Door of the LINE adapter: one official account as a Channel. README.md walks through its files; QUIRKS.md has the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import type { LineAccount } from "./account.ts";
import { createApi } from "./api.ts";
import type { LineAccountConfig } from "./config.ts";
import { fetchMedia } from "./files.ts";
import { createOutbound } from "./outbound.ts";
import { keepWebhook } from "./keep-webhook.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { createReplyTokens } from "./reply-tokens.ts";
import { type LineTiming, TIMING } from "./timing.ts";
import { receiveWebhook } from "./webhook.ts";

export type { LineAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { LineTiming } from "./timing.ts";

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createLine({ ...section, account: "default", channel_secret, access_token }, deps); await channel.start(signal);
 */
export function createLine(config: LineAccountConfig, given: ChannelDeps, timing: Partial<LineTiming> = {}): Channel {
  const deps = { ...given, log: given.log.child({ channel: "line", account: config.account }) };
  const times = { ...TIMING, ...timing };
  const account: LineAccount = {
    config,
    deps,
    api: createApi(deps.http, config),
    timing: times,
    health: createAccountHealth("line", deps),
    replies: createReplyTokens(deps, config.account, times.replyMs),
    me: undefined,
    sent: new Set(),
    quoteTokens: new Map(),
  };
  const outbound = createOutbound(account);
  const files = config.public_url !== undefined;
  return {
    name: "line",
    account: config.account,
    capabilities: { maxText: MAX_TEXT, edit: false, typing: true, media: files, buttons: true, threads: false, idempotentSend: true, editPaceMs: 0 },
    async start(signal) {
      account.health.set("starting");
      await keepWebhook(account, signal);
      account.health.set("stopped");
    },
    status: account.health.status,
    render: (message) => renderMessage(message, { files }),
    send: outbound.send,
    typing: outbound.typing,
    fetchMedia: (media, signal) => fetchMedia(account, media, signal),
    webhook: (request) => receiveWebhook(account, request),
  };
}

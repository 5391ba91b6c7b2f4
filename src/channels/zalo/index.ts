/** Door of the Zalo adapter: one bot of the Zalo Bot Platform as a Channel, by webhook alone. QUIRKS.md has the platform's facts behind it. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { createFileLinks } from "../../lib/file-links/index.ts";
import type { ZaloAccount } from "./account.ts";
import { createApi } from "./api.ts";
import type { ZaloAccountConfig } from "./config.ts";
import { fetchMedia } from "./files.ts";
import { sendPart, showTyping } from "./outbound.ts";
import { keepWebhook } from "./keep-webhook.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { TIMING, type ZaloTiming } from "./timing.ts";
import { receiveWebhook } from "./webhook.ts";

export type { ZaloAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { ZaloTiming } from "./timing.ts";

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createZalo({ ...section, account: "default", token, webhook_secret }, deps); await channel.start(signal);
 */
export function createZalo(config: ZaloAccountConfig, given: ChannelDeps, timing: Partial<ZaloTiming> = {}): Channel {
  const deps = { ...given, log: given.log.child({ channel: "zalo", account: config.account }) };
  const account: ZaloAccount = {
    config,
    deps,
    api: createApi(deps.http, config),
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("zalo", deps),
    links: createFileLinks({ secret: config.webhook_secret, purpose: "zalo-file", account: config.account, clock: deps.clock }),
  };
  const files = config.public_url !== undefined;
  return {
    name: "zalo",
    account: config.account,
    capabilities: { maxText: MAX_TEXT, edit: false, typing: true, media: files, buttons: false, threads: false, idempotentSend: false, editPaceMs: 0 },
    async start(signal) {
      account.health.set("starting");
      await keepWebhook(account, signal);
      account.health.set("stopped");
    },
    status: account.health.status,
    render: (message) => renderMessage(message, { files }),
    send: (part, target) => sendPart(account, part, target),
    typing: (address) => showTyping(account, address),
    fetchMedia: (media, signal) => fetchMedia(account, media, signal),
    webhook: (request) => receiveWebhook(account, request),
  };
}

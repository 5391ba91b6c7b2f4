/** A business number over Meta's Cloud API as a Channel. QUIRKS.md has the platform's facts behind its files. */
import type { Channel, ChannelDeps } from "../../../core/channel.ts";
import { createAccountHealth } from "../../../lib/channel-health/index.ts";
import { keepChecking } from "../../../lib/keep-trying/index.ts";
import type { WhatsappCloudConfig } from "../config.ts";
import { MAX_TEXT, renderMessage } from "../render.ts";
import { type CloudAccount, recover } from "./account.ts";
import { createApi } from "./api.ts";
import { createOutbound } from "./outbound.ts";
import { createReceipts } from "./receipts.ts";
import { type CloudTiming, TIMING } from "./timing.ts";
import { receivePost } from "./webhook.ts";

/** There are no edits, so no preview is ever shown. */
const NO_PACE_MS = 60_000;

export function createCloud(config: WhatsappCloudConfig, deps: ChannelDeps, given: Partial<CloudTiming> = {}): Channel {
  const log = deps.log.child({ channel: "whatsapp", account: config.account });
  const timing = { ...TIMING, ...given };
  const account: CloudAccount = {
    config,
    deps: { ...deps, log },
    api: createApi(deps.http, config),
    timing,
    health: createAccountHealth("whatsapp", { clock: deps.clock, log }),
    receipts: createReceipts(deps.clock, timing),
    newest: new Map(),
    stuck: false,
  };
  const outbound = createOutbound(account);
  return {
    name: "whatsapp",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: false,
      typing: config.mark_read,
      media: true,
      buttons: true,
      threads: false,
      idempotentSend: false,
      editPaceMs: NO_PACE_MS,
    },
    start: (signal) => run(account, signal),
    status: account.health.status,
    render: (message) => renderMessage(message, { polls: false, buttons: true }),
    send: outbound.send,
    typing: outbound.typing,
    fetchMedia: outbound.fetchMedia,
    actions: { react: outbound.react },
    webhook: (request) => receivePost(account, request),
  };
}

async function run(account: CloudAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  await keepChecking(account, { channel: "whatsapp", signal, recover }, () => check(account, signal));
  account.health.set("stopped");
}

/** Do the number and the token hold? */
async function check(account: CloudAccount, signal: AbortSignal): Promise<void> {
  const { api, config, health } = account;
  const path = `/${config.phone_number_id}?fields=display_phone_number,verified_name`;
  const { display_phone_number: number, verified_name: name } = await api.call<{ display_phone_number?: string; verified_name?: string }>("GET", path, {
    signal,
  });
  health.identify([name, number].filter((one) => typeof one === "string").join(" ") || config.phone_number_id);
  if (!account.stuck) health.alive();
}

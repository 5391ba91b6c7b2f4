/** Door of the Nostr adapter: one key as a Channel of private messages (NIP-17). QUIRKS.md has the network's facts behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import type { NostrAccount } from "./account.ts";
import type { NostrAccountConfig } from "./config.ts";
import { createOutbound } from "./outbound.ts";
import { receiveWraps } from "./receive.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type NostrTiming, TIMING } from "./timing.ts";

export type { NostrAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { NostrTiming } from "./timing.ts";

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createNostr({ ...section, account: "default", private_key, relays }, deps); await channel.start(signal);
 */
export function createNostr(config: NostrAccountConfig, deps: ChannelDeps, timing: Partial<NostrTiming> = {}): Channel {
  const log = deps.log.child({ channel: "nostr", account: config.account });
  const account: NostrAccount = {
    config,
    deps: { ...deps, log },
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("nostr", { clock: deps.clock, log }),
    keys: undefined,
    standing: new Map(),
    inboxes: new Map(),
    wrapped: new Map(),
    stuck: false,
  };
  const outbound = createOutbound(account);
  return {
    name: "nostr",
    account: config.account,
    capabilities: { maxText: MAX_TEXT, edit: false, typing: false, media: false, buttons: false, threads: false, idempotentSend: true, editPaceMs: 0 },
    async start(signal) {
      account.health.set("starting");
      await receiveWraps(account, signal);
      account.health.set("stopped");
    },
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    fetchMedia: outbound.fetchMedia,
  };
}

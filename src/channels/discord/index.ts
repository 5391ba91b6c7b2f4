/** Door of the Discord adapter: one bot account as a Channel. README.md walks through its files; QUIRKS.md has the platform's facts behind them. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createBackground } from "../../lib/background/index.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import { tryUntilDone } from "../../lib/keep-trying/index.ts";
import { createAuthors, type DiscordAccount, recover } from "./account.ts";
import { createApi, USER_AGENT } from "./api.ts";
import type { DiscordAccountConfig } from "./config.ts";
import { receiveEvents } from "./gateway.ts";
import { announceCommands } from "./interactions.ts";
import { fetchMedia } from "./media.ts";
import { createMessageActions } from "./message-actions.ts";
import { createOutbound } from "./outbound.ts";
import { createPlaces } from "./places.ts";
import { createPolls } from "./polls.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { type DiscordTiming, TIMING } from "./timing.ts";
import type { WireUser } from "./wire.ts";

export type { DiscordAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { DiscordTiming } from "./timing.ts";

/**
 * @param timing for tests: shorter waits.
 * @example const channel = createDiscord({ ...section, account: "default", token }, deps); await channel.start(signal);
 */
export function createDiscord(config: DiscordAccountConfig, deps: ChannelDeps, timing: Partial<DiscordTiming> = {}): Channel {
  const log = deps.log.child({ channel: "discord", account: config.account });
  const credential = { in: "header", name: "authorization", prefix: "Bot ", secret: config.token } as const;
  const api = createApi({ baseUrl: config.api_root, credential, headers: { "user-agent": USER_AGENT } }, deps);
  const account: DiscordAccount = {
    config,
    deps: { ...deps, log },
    api,
    timing: { ...TIMING, ...timing },
    health: createAccountHealth("discord", { clock: deps.clock, log }),
    places: createPlaces(api),
    authors: createAuthors(),
    polls: createPolls(),
    background: createBackground(),
    me: undefined,
  };
  const outbound = createOutbound(account);
  return {
    name: "discord",
    account: config.account,
    capabilities: {
      maxText: MAX_TEXT,
      edit: config.streaming,
      typing: true,
      media: true,
      buttons: true,
      threads: true,
      idempotentSend: true,
      // Five edits in five seconds and channel are allowed; two of them at most are ours.
      editPaceMs: 1_200,
    },
    start: (signal) => run(account, signal),
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    edit: outbound.edit,
    typing: outbound.typing,
    actions: createMessageActions(account, outbound),
    fetchMedia: (media, signal) => fetchMedia(account, media, signal),
  };
}

async function run(account: DiscordAccount, signal: AbortSignal): Promise<void> {
  account.health.set("starting");
  if (await tryUntilDone(account, { channel: "discord", signal, recover }, () => introduce(account, signal))) await receiveEvents(account, signal);
  await account.background.stop();
  account.health.set("stopped");
}

/** Who are we? Without the answer no mention can be recognised, so nothing is received before. */
async function introduce(account: DiscordAccount, signal: AbortSignal): Promise<void> {
  const { api, config, health } = account;
  const me = (await api.call("GET", "/users/@me", { signal })) as WireUser;
  account.me = { id: me.id, username: me.username ?? me.id };
  health.identify(`@${account.me.username}`);
  if (config.slash_commands) account.background.run((stopping) => announceCommands(account, stopping));
}

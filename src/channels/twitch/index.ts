/** Door of the Twitch adapter: one account that reads and writes chats as a Channel. QUIRKS.md has the platform's facts behind its files. */
import type { Channel, ChannelDeps } from "../../core/channel.ts";
import { createAccountHealth } from "../../lib/channel-health/index.ts";
import type { TwitchAccount } from "./account.ts";
import { createApi } from "./api.ts";
import type { TwitchAccountConfig } from "./config.ts";
import { receiveEvents } from "./events.ts";
import { createLogin } from "./login.ts";
import { createOutbound } from "./outbound.ts";
import { MAX_TEXT, renderMessage } from "./render.ts";
import { PLACES, TIMING, type TwitchPlaces, type TwitchTiming } from "./timing.ts";

export type { TwitchAccountConfig } from "./config.ts";
export { plainMarkdown } from "./render.ts";
export type { TwitchPlaces, TwitchTiming } from "./timing.ts";

/**
 * @param tests shorter waits and another Twitch.
 * @example const channel = createTwitch({ ...section, account: "default", client_id, client_secret, refresh_token }, deps); await channel.start(signal);
 */
export function createTwitch(config: TwitchAccountConfig, deps: ChannelDeps, tests: { timing?: Partial<TwitchTiming>; places?: TwitchPlaces } = {}): Channel {
  const log = deps.log.child({ channel: "twitch", account: config.account });
  const places = tests.places ?? PLACES;
  const login = createLogin(config, { ...deps, log }, places);
  const account: TwitchAccount = {
    config,
    deps: { ...deps, log },
    api: createApi(login, deps.clock),
    login,
    timing: { ...TIMING, ...tests.timing },
    places,
    health: createAccountHealth("twitch", { clock: deps.clock, log }),
    me: undefined,
    closed: new Map(),
    stuck: false,
  };
  const outbound = createOutbound(account);
  return {
    name: "twitch",
    account: config.account,
    capabilities: { maxText: MAX_TEXT, edit: false, typing: false, media: false, buttons: false, threads: false, idempotentSend: false, editPaceMs: 0 },
    async start(signal) {
      account.health.set("starting");
      await receiveEvents(account, signal);
    },
    status: account.health.status,
    render: renderMessage,
    send: outbound.send,
    actions: outbound.actions,
  };
}

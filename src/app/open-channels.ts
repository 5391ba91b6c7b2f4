import { channelAccounts, type AccountSettings, type ChannelName } from "../config/channel-accounts.ts";
import type { Config } from "../config/schema.ts";
import type { Channel, ChannelDeps } from "../core/channel.ts";

/** Makes an account, or nothing when it is not really one: a section that only holds further accounts. */
type Open<C extends ChannelName> = (settings: AccountSettings<C>, account: string, deps: ChannelDeps) => Promise<Channel | undefined>;

/** How each channel is made; its adapter is loaded only then. */
const OPEN: { readonly [C in ChannelName]: Open<C> } = {
  slack: async ({ bot_token, ...settings }, account, deps) => {
    if (bot_token === undefined) return undefined;
    const { createSlack } = await import("../channels/slack/index.ts");
    return createSlack({ ...settings, bot_token, account }, deps);
  },
  telegram: async ({ token, ...settings }, account, deps) => {
    if (token === undefined) return undefined;
    const { createTelegram } = await import("../channels/telegram/index.ts");
    return createTelegram({ ...settings, token, account }, deps);
  },
  discord: async ({ token, ...settings }, account, deps) => {
    if (token === undefined) return undefined;
    const { createDiscord } = await import("../channels/discord/index.ts");
    return createDiscord({ ...settings, token, account }, deps);
  },
  irc: async ({ server, ...settings }, account, deps) => {
    if (server === undefined) return undefined;
    const { createIrc } = await import("../channels/irc/index.ts");
    return createIrc({ ...settings, server, account }, deps);
  },
  email: async ({ address, password, imap_host, smtp_host, authserv_id, ...settings }, account, deps) => {
    if (address === undefined || password === undefined || imap_host === undefined || smtp_host === undefined || authserv_id === undefined) return undefined;
    const { createEmail } = await import("../channels/email/index.ts");
    return createEmail({ ...settings, address, password, imap_host, smtp_host, authserv_id, account }, deps);
  },
  xmpp: async ({ jid, password, ...settings }, account, deps) => {
    if (jid === undefined || password === undefined) return undefined;
    const { createXmpp } = await import("../channels/xmpp/index.ts");
    return createXmpp({ ...settings, jid, password, account }, deps);
  },
  twitch: async ({ client_id, client_secret, refresh_token, channels, ...settings }, account, deps) => {
    if (client_id === undefined || client_secret === undefined || refresh_token === undefined || channels === undefined) return undefined;
    const { createTwitch } = await import("../channels/twitch/index.ts");
    return createTwitch({ ...settings, client_id, client_secret, refresh_token, channels, account }, deps);
  },
  nostr: async ({ private_key, relays, ...settings }, account, deps) => {
    if (private_key === undefined || relays === undefined) return undefined;
    const { createNostr } = await import("../channels/nostr/index.ts");
    return createNostr({ ...settings, private_key, relays, account }, deps);
  },
  webhook: async ({ url, secret, ...settings }, account, deps) => {
    if (url === undefined || secret === undefined) return undefined;
    const { createWebhook } = await import("../channels/webhook/index.ts");
    return createWebhook({ ...settings, url, secret, account }, deps);
  },
  feishu: async ({ app_id, app_secret, ...settings }, account, deps) => {
    if (app_id === undefined || app_secret === undefined) return undefined;
    const { createFeishu } = await import("../channels/feishu/index.ts");
    return createFeishu({ ...settings, app_id, app_secret, account }, deps);
  },
  line: async ({ channel_secret, access_token, ...settings }, account, deps) => {
    if (channel_secret === undefined || access_token === undefined) return undefined;
    const { createLine } = await import("../channels/line/index.ts");
    return createLine({ ...settings, channel_secret, access_token, account }, deps);
  },
  zalo: async ({ token, webhook_secret, ...settings }, account, deps) => {
    if (token === undefined || webhook_secret === undefined) return undefined;
    const { createZalo } = await import("../channels/zalo/index.ts");
    return createZalo({ ...settings, token, webhook_secret, account }, deps);
  },
  mattermost: async ({ url, token, ...settings }, account, deps) => {
    if (url === undefined || token === undefined) return undefined;
    const { createMattermost } = await import("../channels/mattermost/index.ts");
    return createMattermost({ ...settings, url, token, account }, deps);
  },
  whatsapp: async (settings, account, deps) => {
    const { createWhatsapp, isCloudComplete } = await import("../channels/whatsapp/index.ts");
    if (settings.mode === "linked") return createWhatsapp({ ...settings, mode: "linked", account }, deps);
    return isCloudComplete(settings) ? createWhatsapp({ ...settings, account }, deps) : undefined;
  },
  signal: async ({ url, number, ...settings }, account, deps) => {
    if (url === undefined || number === undefined) return undefined;
    const { createSignal } = await import("../channels/signal/index.ts");
    return createSignal({ ...settings, url, number, account }, deps);
  },
  imessage: async (settings, account, deps) => {
    if (settings.via === "bluebubbles" && settings.url === undefined) return undefined;
    const { createImessage } = await import("../channels/imessage/index.ts");
    return createImessage({ ...settings, account }, deps);
  },
  teams: async ({ app_id, app_password, tenant_id, ...settings }, account, deps) => {
    if (app_id === undefined || app_password === undefined || tenant_id === undefined) return undefined;
    const { createTeams } = await import("../channels/teams/index.ts");
    return createTeams({ ...settings, app_id, app_password, tenant_id, account }, deps);
  },
  googlechat: async ({ service_account, audience, ...settings }, account, deps) => {
    if (service_account === undefined || audience === undefined) return undefined;
    const { createGoogleChat } = await import("../channels/googlechat/index.ts");
    return createGoogleChat({ ...settings, service_account, audience, account }, deps);
  },
  matrix: async ({ homeserver, ...settings }, account, deps) => {
    if (homeserver === undefined) return undefined;
    const { createMatrix } = await import("../channels/matrix/index.ts");
    return createMatrix({ ...settings, homeserver, account }, deps);
  },
};

/** Makes the enabled channel accounts of the config. @param wanted which of them, by `channel:account`; default: all */
export async function openChannels(
  config: Config,
  deps: (channel: string, account: string) => ChannelDeps,
  wanted: (key: string) => boolean = () => true,
): Promise<Channel[]> {
  const channels: Channel[] = [];
  for (const { channel, account, settings } of channelAccounts(config)) {
    if (!settings.enabled || !wanted(`${channel}:${account}`)) continue;
    const open = OPEN[channel] as Open<ChannelName>;
    const opened = await open(settings as AccountSettings<ChannelName>, account, deps(channel, account));
    if (opened) channels.push(opened);
  }
  for (const [name, hook] of Object.entries(config.hooks.out)) {
    if (!hook.enabled || !wanted(`hooks:${name}`)) continue;
    const { createEventSender } = await import("../hooks/create-event-sender.ts");
    channels.push(createEventSender(name, hook, deps("hooks", name)));
  }
  return channels;
}

import { discordConfig } from "../channels/discord/config.ts";
import { emailConfig } from "../channels/email/config.ts";
import { imessageConfig } from "../channels/imessage/config.ts";
import { googlechatConfig } from "../channels/googlechat/config.ts";
import { feishuConfig } from "../channels/feishu/config.ts";
import { ircConfig } from "../channels/irc/config.ts";
import { lineConfig } from "../channels/line/config.ts";
import { matrixConfig } from "../channels/matrix/config.ts";
import { mattermostConfig } from "../channels/mattermost/config.ts";
import { signalConfig } from "../channels/signal/config.ts";
import { nostrConfig } from "../channels/nostr/config.ts";
import { telegramConfig } from "../channels/telegram/config.ts";
import { slackConfig } from "../channels/slack/config.ts";
import { teamsConfig } from "../channels/teams/config.ts";
import { xmppConfig } from "../channels/xmpp/config.ts";
import { twitchConfig } from "../channels/twitch/config.ts";
import { webhookConfig } from "../channels/webhook/config.ts";
import { whatsappConfig } from "../channels/whatsapp/config.ts";
import { zaloConfig } from "../channels/zalo/config.ts";
import { webChannelConfig } from "../gateway/config.ts";
import { described, v } from "../lib/schema/index.ts";

/** `[channels]`: one section for each channel there is. */
export const channelsConfig = v.strictObject({
  web: described(v.optional(webChannelConfig, {}), "The page, and the clients of /ws and HTTP."),
  slack: described(v.optional(slackConfig), "A Slack app's bot; further workspaces under accounts.NAME."),
  telegram: described(v.optional(telegramConfig), "A Telegram bot; further ones under accounts.NAME."),
  discord: described(v.optional(discordConfig), "A Discord bot; further ones under accounts.NAME."),
  imessage: described(v.optional(imessageConfig), "Messages on a Mac; further ones under accounts.NAME."),
  irc: described(v.optional(ircConfig), "A nick on an IRC network; further networks under accounts.NAME."),
  email: described(v.optional(emailConfig), "A mailbox; further ones under accounts.NAME."),
  xmpp: described(v.optional(xmppConfig), "An XMPP (Jabber) account; further ones under accounts.NAME."),
  twitch: described(v.optional(twitchConfig), "A Twitch account in chats; further ones under accounts.NAME."),
  matrix: described(v.optional(matrixConfig), "An account on a Matrix homeserver; further ones under accounts.NAME."),
  nostr: described(v.optional(nostrConfig), "A Nostr key for private messages; further ones under accounts.NAME."),
  mattermost: described(v.optional(mattermostConfig), "A Mattermost bot; further ones under accounts.NAME."),
  whatsapp: described(v.optional(whatsappConfig), "A WhatsApp number; further ones under accounts.NAME."),
  signal: described(v.optional(signalConfig), "A Signal account of a signal-cli daemon; further ones under accounts.NAME."),
  teams: described(v.optional(teamsConfig), "A bot in Microsoft Teams; further ones under accounts.NAME."),
  googlechat: described(v.optional(googlechatConfig), "A Google Chat app; further ones under accounts.NAME."),
  feishu: described(v.optional(feishuConfig), "A Feishu (Lark) app's bot; further ones under accounts.NAME."),
  line: described(v.optional(lineConfig), "A LINE official account; further ones under accounts.NAME."),
  zalo: described(v.optional(zaloConfig), "A bot of the Zalo Bot Platform; further ones under accounts.NAME."),
  webhook: described(v.optional(webhookConfig), "A program of your own, over signed requests; further ones under accounts.NAME."),
});

export type ChannelsConfig = v.InferOutput<typeof channelsConfig>;

import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_USER = "must be a Mattermost user id: 26 small letters and digits, not a name: names can be changed and taken over";
const NOT_A_CHANNEL = "must be a Mattermost channel id: 26 small letters and digits; the channel's menu, View info, shows it";

function mattermostId(pattern: RegExp, message: string) {
  return v.pipe(v.string(), v.trim(), v.regex(pattern, message));
}

const userIds = v.array(mattermostId(/^[a-z0-9]{26}$/, NOT_A_USER));
const url = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const mattermostEntries = {
  url: described(v.optional(url), "Address of the server, as in a browser.", { perAccount: true, example: "https://mattermost.example.org" }),
  token: described(v.optional(secret()), "Access token of the bot account.", { example: "${MATTERMOST_TOKEN}" }),
  streaming: described(v.optional(v.boolean(), true), "Show the answer while it is written, by editing the post."),
  reply_in_thread: described(
    v.optional(v.boolean(), true),
    "In channels, answer a mention in a thread below it, which is then a conversation of its own; false: answer in the channel.",
  ),
  callback_url: described(
    v.optional(url),
    "Address at which the Mattermost server reaches this gateway's /channels/mattermost/webhook (accounts.NAME: /channels/mattermost/NAME/webhook); with it approvals have buttons, else they are answered by code.",
    { perAccount: true, example: "https://clanker.example.org/channels/mattermost/webhook" },
  ),
  callback_secret: described(v.optional(secret()), "Any long random text; it signs what the buttons carry. Needed with callback_url."),
  allowed_users: described(v.optional(v.array(mattermostId(/^([a-z0-9]{26}|\*)$/, NOT_A_USER)), []), "User ids of people who may write directly."),
  owner_ids: described(v.optional(userIds, []), "User ids that are you: they have your rights."),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(mattermostId(/^[a-z0-9]{26}$/, NOT_A_CHANNEL)), []), "Ids of the channels that are let in under allowlist."),
        trusted: described(v.optional(userIds, []), "User ids of people who are trusted in channels; everybody else there is a guest."),
      }),
      {},
    ),
    "How channels and group messages are treated.",
  ),
};

interface Keys {
  readonly url?: string | undefined;
  readonly token?: Secret | undefined;
  readonly callback_url?: string | undefined;
  readonly callback_secret?: Secret | undefined;
}

/** An empty secret would let everybody press (sec-104). */
function callbackComplete({ callback_url, callback_secret }: Keys): boolean {
  return (callback_url === undefined) === (callback_secret === undefined) && (callback_secret === undefined || callback_secret.reveal().trim().length >= 16);
}

function isAccount({ url: address, token }: Keys): boolean {
  return address !== undefined && token !== undefined;
}

/** `[channels.mattermost]`: the account `default`, which may be left out (no token) when there are others under `accounts`. */
export const mattermostConfig = v.pipe(
  channelConfig(mattermostEntries),
  v.check(
    (section) => isAccount(section) || (section.token === undefined && Object.keys(section.accounts).length > 0),
    "url and token are both needed: docs/channels/mattermost.md says how to get them",
  ),
  v.check((section) => Object.values(section.accounts).every(isAccount), "every account needs its own url and token"),
  v.check(
    (section) => [section, ...Object.values(section.accounts)].every(callbackComplete),
    "callback_url and callback_secret (16 characters or more) belong together",
  ),
);

export type MattermostConfig = v.InferOutput<typeof mattermostConfig>;

/** What one adapter needs of its section. */
export interface MattermostAccountConfig extends Pick<MattermostConfig, "streaming" | "reply_in_thread" | "callback_url" | "callback_secret"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.mattermost]`. */
  readonly account: string;
  readonly url: string;
  readonly token: Secret;
}

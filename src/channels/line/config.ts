import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_USER = "must be a LINE user id: U and 32 hex digits, not a name: names can be changed and taken over";
const NOT_A_GROUP = "must be the id of a LINE group (C and 32 hex digits) or room (R and 32 hex digits)";

function lineId(pattern: RegExp, message: string) {
  return v.pipe(v.string(), v.trim(), v.regex(pattern, message));
}

const userIds = v.array(lineId(/^U[0-9a-f]{32}$/, NOT_A_USER));
const rootUrl = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const lineEntries = {
  channel_secret: described(v.optional(secret()), "The channel's secret, from its page Basic settings; it signs what LINE posts.", {
    example: "${LINE_CHANNEL_SECRET}",
  }),
  access_token: described(v.optional(secret()), "Long-lived channel access token, from the channel's page Messaging API.", {
    example: "${LINE_ACCESS_TOKEN}",
  }),
  public_url: described(
    v.optional(v.pipe(v.string(), v.url("must be a URL"), v.startsWith("https://", "must start with https://"), v.maxLength(500))),
    "Address at which LINE reaches this gateway's /channels/line/webhook (accounts.NAME: /channels/line/NAME/webhook). With it the webhook is entered at LINE by itself, and files can be sent: LINE and people fetch them there over links that are signed and end after a week.",
    { perAccount: true, example: "https://clanker.example.org/channels/line/webhook" },
  ),
  api_root: described(v.optional(rootUrl, "https://api.line.me"), "Where the Messaging API is."),
  data_root: described(v.optional(rootUrl, "https://api-data.line.me"), "Where LINE hands out files that people send."),
  allowed_users: described(v.optional(v.array(lineId(/^(U[0-9a-f]{32}|\*)$/, NOT_A_USER)), []), "User ids of people who may write directly."),
  owner_ids: described(v.optional(userIds, []), "User ids that are you: they have your rights."),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(lineId(/^[CR][0-9a-f]{32}$/, NOT_A_GROUP)), []), "Ids of the groups and rooms that are let in under allowlist."),
        trusted: described(v.optional(userIds, []), "User ids of people who are trusted in groups; everybody else there is a guest."),
      }),
      {},
    ),
    "How groups and rooms are treated.",
  ),
};

interface Keys {
  readonly channel_secret?: Secret | undefined;
  readonly access_token?: Secret | undefined;
}

/** An empty secret would let everybody post (sec-104). */
function isAccount({ channel_secret, access_token }: Keys): boolean {
  return channel_secret !== undefined && channel_secret.reveal().trim() !== "" && access_token !== undefined;
}

/** `[channels.line]`: the account `default`, which may be left out (no token) when there are others under `accounts`. */
export const lineConfig = v.pipe(
  channelConfig(lineEntries),
  v.check(
    (section) => isAccount(section) || (section.access_token === undefined && Object.keys(section.accounts).length > 0),
    "channel_secret and access_token are both needed: docs/channels/line.md says where they stand",
  ),
  v.check((section) => Object.values(section.accounts).every(isAccount), "every account needs its own channel_secret and access_token"),
);

export type LineConfig = v.InferOutput<typeof lineConfig>;

/** What one adapter needs of its section. */
export interface LineAccountConfig extends Pick<LineConfig, "public_url" | "api_root" | "data_root"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.line]`. */
  readonly account: string;
  readonly channel_secret: Secret;
  readonly access_token: Secret;
}

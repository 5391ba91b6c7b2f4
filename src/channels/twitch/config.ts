import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_USER = "must be a Twitch user id: a number, not a name: names can be changed and taken over";
const userId = v.pipe(v.union([v.string(), v.pipe(v.number(), v.safeInteger())], NOT_A_USER), v.transform(String), v.trim(), v.regex(/^\d{1,20}$/, NOT_A_USER));

const twitchEntries = {
  client_id: described(
    v.optional(v.pipe(v.string(), v.trim(), v.regex(/^[a-z0-9]{10,64}$/, "must be a client id as dev.twitch.tv shows it"))),
    "Client id of your Twitch application.",
    {
      example: "0123456789abcdefghijabcdefghij",
      perAccount: true,
    },
  ),
  client_secret: described(v.optional(secret()), "Its client secret.", { example: "${TWITCH_CLIENT_SECRET}" }),
  refresh_token: described(v.optional(secret()), "Refresh token of the assistant's own Twitch account for that application.", {
    example: "${TWITCH_REFRESH_TOKEN}",
  }),
  channels: described(v.optional(v.array(userId)), "Channels whose chat is read, by the user ids of their broadcasters.", {
    example: ["12345678"],
    perAccount: true,
  }),
  moderate: described(
    v.optional(v.boolean(), false),
    "Let the agent delete messages; the account has to be a moderator and the token to have moderator:manage:chat_messages.",
  ),
  dm_policy: described(
    v.optional(v.picklist(["off"], "can only be off: whispers are not read"), "off"),
    "Nobody writes directly: whispers are not read, chats are rooms.",
  ),
  allowed_users: described(
    v.optional(v.pipe(v.array(v.string()), v.maxLength(0, "nobody writes directly on Twitch: name chats in groups.allowed")), []),
    "Nobody writes directly: stays empty.",
  ),
  owner_ids: described(v.optional(v.array(userId), []), "User ids that are you: they have your rights.", { example: ["12345678"] }),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(userId), []), "User ids of the broadcasters whose chats are let in under allowlist.", { example: ["12345678"] }),
        trusted: described(v.optional(v.array(userId), []), "User ids of people who are trusted in chats; everybody else there is a guest."),
      }),
      {},
    ),
    "How chats are treated.",
  ),
};

interface Keys {
  readonly client_id?: string | undefined;
  readonly client_secret?: Secret | undefined;
  readonly refresh_token?: Secret | undefined;
  readonly channels?: readonly string[] | undefined;
}

/** Without a chat to read Twitch closes the connection. */
function isWhole({ client_id, client_secret, refresh_token, channels }: Keys): boolean {
  return client_id !== undefined && client_secret !== undefined && refresh_token !== undefined && channels !== undefined && channels.length > 0;
}

const WHOLE = "client_id, client_secret, refresh_token and channels are all needed: docs/channels/twitch.md";

/** `[channels.twitch]`: the account `default`, which may be left out (no client_id) when there are others under `accounts`. */
export const twitchConfig = v.pipe(
  channelConfig(twitchEntries),
  v.check((section) => isWhole(section) || (section.client_id === undefined && Object.keys(section.accounts).length > 0), WHOLE),
  v.check((section) => Object.values(section.accounts).every(isWhole), WHOLE),
);

export type TwitchConfig = v.InferOutput<typeof twitchConfig>;

/** What one adapter needs of its section. */
export interface TwitchAccountConfig extends Pick<TwitchConfig, "moderate"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.twitch]`. */
  readonly account: string;
  readonly client_id: string;
  readonly client_secret: Secret;
  readonly refresh_token: Secret;
  readonly channels: readonly string[];
}

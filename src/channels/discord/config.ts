import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_NAME =
  "must be a numeric Discord id in quotes, not a name: names can be taken over by others. Developer Mode (Settings > Advanced) adds Copy ID to every menu";

/** 17 to 20 digits. Written without quotes it would have lost its last digits already. */
const snowflake = v.pipe(v.string(NOT_A_NAME), v.trim(), v.regex(/^\d{15,20}$/, NOT_A_NAME));
const ids = v.array(snowflake);
const EXAMPLE = ["123456789012345678"];

const discordEntries = {
  token: described(v.optional(secret()), "The bot's token from the Developer Portal.", { example: "${DISCORD_BOT_TOKEN}" }),
  api_root: described(
    v.optional(v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL")), "https://discord.com/api/v10"),
    "REST API; change it only for a proxy of your own.",
  ),
  streaming: described(v.optional(v.boolean(), true), "Show the answer while it is written, by editing the message."),
  slash_commands: described(v.optional(v.boolean(), true), "Offer /ask and the commands of every chat (/help lists them) as slash commands of the bot."),
  allowed_users: described(
    v.optional(v.array(v.pipe(v.string(NOT_A_NAME), v.trim(), v.regex(/^(\d{15,20}|\*)$/, NOT_A_NAME))), []),
    "Ids of people who may write directly.",
    {
      example: EXAMPLE,
    },
  ),
  owner_ids: described(v.optional(ids, []), "User ids that are you: they have your rights.", { example: EXAMPLE }),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(ids, []), "Ids of the server channels that are let in under allowlist; their threads come with them.", {
          example: EXAMPLE,
        }),
        trusted: described(v.optional(ids, []), "Ids of people who are trusted in server channels; everybody else there is a guest.", { example: EXAMPLE }),
      }),
      {},
    ),
    "How channels of servers are treated.",
  ),
};

/** `[channels.discord]`: the account `default`, which may be left out (no token) when there are others under `accounts`. */
export const discordConfig = v.pipe(
  channelConfig(discordEntries),
  v.check((section) => section.token !== undefined || Object.keys(section.accounts).length > 0, "token is missing: get one from the Developer Portal"),
  v.check((section) => Object.values(section.accounts).every((account) => account.token !== undefined), "every account needs its own token"),
);

export type DiscordConfig = v.InferOutput<typeof discordConfig>;

/** What one adapter needs of its section. */
export interface DiscordAccountConfig {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.discord]`. */
  readonly account: string;
  readonly token: Secret;
  readonly api_root: string;
  readonly streaming: boolean;
  readonly slash_commands: boolean;
}

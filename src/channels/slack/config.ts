import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_NAME = "must be a Slack id such as U012AB3CD, not a name: names can be taken over by others. Profile, three dots, Copy member ID shows it";
const NOT_A_CHANNEL = "must be a Slack conversation id such as C012AB3CD, not a name: the end of the channel's details shows it";

/** A stable id in capitals (sec-30: names decide nothing). */
function slackId(pattern: RegExp, message: string) {
  return v.pipe(v.string(), v.trim(), v.regex(pattern, message));
}

const userIds = v.array(slackId(/^[UW][A-Z0-9]{2,30}$/, NOT_A_NAME));

const rootUrl = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const slackEntries = {
  bot_token: described(v.optional(secret()), "Bot User OAuth Token (xoxb-...), from the app's page OAuth & Permissions.", {
    example: "${SLACK_BOT_TOKEN}",
  }),
  app_token: described(v.optional(secret()), "App-level token (xapp-...) with the scope connections:write; needed in socket mode.", {
    example: "${SLACK_APP_TOKEN}",
  }),
  mode: described(
    v.optional(v.picklist(["socket", "webhook"]), "socket"),
    "How events come in: socket works behind any router; webhook (Slack's Events API) needs a public https address.",
  ),
  signing_secret: described(
    v.optional(secret()),
    "Signing Secret from the app's page Basic Information; proves that a post comes from Slack. Needed in webhook mode.",
  ),
  api_root: described(v.optional(rootUrl, "https://slack.com/api"), "Slack's Web API; change it only for another Slack, such as https://slack-gov.com/api."),
  files_root: described(v.optional(rootUrl, "https://files.slack.com"), "Where Slack keeps files; the bot token is sent nowhere else for them."),
  streaming: described(v.optional(v.boolean(), true), "Show the answer while it is written, by editing the message."),
  reply_in_thread: described(
    v.optional(v.boolean(), true),
    "In channels, answer a mention in a thread below it, which is then a conversation of its own; false: answer in the channel.",
  ),
  allowed_users: described(v.optional(v.array(slackId(/^([UW][A-Z0-9]{2,30}|\*)$/, NOT_A_NAME)), []), "Member ids of people who may write directly.", {
    example: ["U012AB3CD"],
  }),
  owner_ids: described(v.optional(userIds, []), "Member ids that are you: they have your rights.", { example: ["U012AB3CD"] }),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(slackId(/^[CG][A-Z0-9]{2,30}$/, NOT_A_CHANNEL)), []), "Ids of the channels that are let in under allowlist.", {
          example: ["C012AB3CD"],
        }),
        trusted: described(v.optional(userIds, []), "Member ids of people who are trusted in channels; everybody else there is a guest.", {
          example: ["U012AB3CD"],
        }),
      }),
      {},
    ),
    "How channels and group messages are treated.",
  ),
};

interface ModeKeys {
  readonly bot_token?: Secret | undefined;
  readonly app_token?: Secret | undefined;
  readonly mode: "socket" | "webhook";
  readonly signing_secret?: Secret | undefined;
}

/** Whether the account has what its mode needs. An empty signing secret would let everybody in (sec-104). */
export function modeComplete(account: ModeKeys): boolean {
  return account.mode === "socket" ? usable(account.app_token) : usable(account.signing_secret);
}

function usable(given: Secret | undefined): boolean {
  return given !== undefined && given.reveal().trim() !== "";
}

export const MODE_COMPLETE = 'mode = "socket" needs app_token, mode = "webhook" needs signing_secret';

/** `[channels.slack]`: the account `default`, which may be left out (no bot_token) when there are others under `accounts`. */
export const slackConfig = v.pipe(
  channelConfig(slackEntries),
  v.check(
    (section) => section.bot_token !== undefined || Object.keys(section.accounts).length > 0,
    "bot_token is missing: docs/channels/slack.md says how to get one",
  ),
  v.check((section) => Object.values(section.accounts).every((account) => account.bot_token !== undefined), "every account needs its own bot_token"),
  v.check(
    (section) => [section, ...Object.values(section.accounts)].every((account) => account.bot_token === undefined || modeComplete(account)),
    MODE_COMPLETE,
  ),
);

export type SlackConfig = v.InferOutput<typeof slackConfig>;

/** What one adapter needs of its section. */
export interface SlackAccountConfig {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.slack]`. */
  readonly account: string;
  readonly bot_token: Secret;
  readonly app_token?: Secret | undefined;
  readonly mode: "socket" | "webhook";
  readonly signing_secret?: Secret | undefined;
  readonly api_root: string;
  readonly files_root: string;
  readonly streaming: boolean;
  readonly reply_in_thread: boolean;
}

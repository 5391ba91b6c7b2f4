import { described, secret, v } from "../../lib/schema/index.ts";
import type { Secret } from "../../core/secret.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NUMERIC = /^-?\d{1,20}$/;
const NOT_A_NAME = "must be a numeric Telegram id, not a name: names can be taken over by others. Write /whoami to the bot to learn an id";

/** A number in digits, written with or without quotes (sec-30: names decide nothing). */
function numeric(pattern: RegExp) {
  return v.pipe(v.union([v.string(), v.pipe(v.number(), v.safeInteger())], NOT_A_NAME), v.transform(String), v.trim(), v.regex(pattern, NOT_A_NAME));
}

const ids = v.array(numeric(NUMERIC));

const telegramEntries = {
  token: described(v.optional(secret()), "The bot's token from @BotFather.", { example: "${TELEGRAM_BOT_TOKEN}" }),
  api_root: described(
    v.optional(v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL")), "https://api.telegram.org"),
    "Bot API server; change it only for a server of your own.",
  ),
  mode: described(
    v.optional(v.picklist(["polling", "webhook"]), "polling"),
    "How messages come in: polling works behind any router; webhook needs a public https address.",
  ),
  webhook_url: described(
    v.optional(v.pipe(v.string(), v.url("must be a URL"), v.startsWith("https://", "must start with https://"))),
    "Where Telegram posts to in webhook mode.",
    {
      example: "https://clanker.example.org/channels/telegram/webhook",
    },
  ),
  webhook_secret: described(v.optional(secret()), "Required in webhook mode: 1 to 256 letters, digits, - and _ that prove a post comes from Telegram."),
  streaming: described(v.optional(v.boolean(), true), "Show the answer while it is written, by editing the message."),
  allowed_users: described(v.optional(v.array(numeric(/^(-?\d{1,20}|\*)$/)), []), "Numeric user ids of people who may write directly.", {
    example: ["12345678"],
  }),
  owner_ids: described(v.optional(ids, []), "Numeric user ids that are you: they have your rights.", { example: ["12345678"] }),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(ids, []), "Ids of the groups that are let in under allowlist.", { example: ["-1001234567890"] }),
        trusted: described(v.optional(ids, []), "Numeric user ids of people who are trusted in groups; everybody else there is a guest.", {
          example: ["12345678"],
        }),
      }),
      {},
    ),
    "How groups are treated; ids of groups start with -.",
  ),
};

interface ModeKeys {
  readonly token?: Secret | undefined;
  readonly mode: "polling" | "webhook";
  readonly webhook_url?: string | undefined;
  readonly webhook_secret?: Secret | undefined;
}

const webhookComplete = (account: ModeKeys) => account.mode === "polling" || (account.webhook_url !== undefined && validWebhookSecret(account.webhook_secret));

/** What setWebhook takes as secret_token (Bot API, setWebhook). An empty one would let everybody in (sec-104). */
export function validWebhookSecret(secretToken: Secret | undefined): secretToken is Secret {
  return secretToken !== undefined && /^[A-Za-z0-9_-]{1,256}$/.test(secretToken.reveal());
}

const WEBHOOK = 'mode = "webhook" needs webhook_url and a webhook_secret of 1 to 256 letters, digits, - and _';

/** `[channels.telegram]`: the account `default`, which may be left out (no token) when there are others under `accounts`. */
export const telegramConfig = v.pipe(
  channelConfig(telegramEntries),
  v.check((section) => section.token !== undefined || Object.keys(section.accounts).length > 0, "token is missing: get one from @BotFather"),
  v.check((section) => Object.values(section.accounts).every((account) => account.token !== undefined), "every account needs its own token"),
  v.check((section) => [section, ...Object.values(section.accounts)].every(webhookComplete), WEBHOOK),
);

export type TelegramConfig = v.InferOutput<typeof telegramConfig>;

/** What one adapter needs of its section. */
export interface TelegramAccountConfig {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.telegram]`. */
  readonly account: string;
  readonly token: Secret;
  readonly api_root: string;
  readonly mode: "polling" | "webhook";
  readonly webhook_url?: string | undefined;
  readonly webhook_secret?: Secret | undefined;
  readonly streaming: boolean;
}

import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, noGroups } from "../config.ts";

const rootUrl = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const zaloEntries = {
  token: described(v.optional(secret()), "The bot's token, as Zalo Bot Manager sends it when the bot is made.", { example: "${ZALO_BOT_TOKEN}" }),
  webhook_secret: described(
    v.optional(secret()),
    "What Zalo shows with every post, so that nobody else can post: 16 to 256 signs without blanks, made by you and different from the token.",
    { example: "${ZALO_WEBHOOK_SECRET}" },
  ),
  public_url: described(
    v.optional(v.pipe(v.string(), v.url("must be a URL"), v.startsWith("https://", "must start with https://"), v.maxLength(500))),
    "Address at which Zalo reaches this gateway's /channels/zalo/webhook (accounts.NAME: /channels/zalo/NAME/webhook). With it the webhook is entered at Zalo by itself, and files can be sent: Zalo and people fetch them there over links that are signed and end after a week.",
    { perAccount: true, example: "https://clanker.example.org/channels/zalo/webhook" },
  ),
  api_root: described(v.optional(rootUrl, "https://bot-api.zaloplatforms.com"), "Where the Bot API is."),
  groups: noGroups,
};

interface Keys {
  readonly token?: Secret | undefined;
  readonly webhook_secret?: Secret | undefined;
}

/** setWebhook takes 8 to 256 signs; a short one can be guessed, an empty one lets everybody in (sec-104). */
function isWhole({ token, webhook_secret }: Keys): boolean {
  return token !== undefined && webhook_secret !== undefined && /^[\x21-\x7e]{16,256}$/.test(webhook_secret.reveal());
}

const WHOLE = "token and webhook_secret (16 to 256 signs without blanks) are both needed: docs/channels/zalo.md";

/** `[channels.zalo]`: the account `default`, which may be left out (no token) when there are others under `accounts`. */
export const zaloConfig = v.pipe(
  channelConfig(zaloEntries),
  v.check((section) => isWhole(section) || (section.token === undefined && Object.keys(section.accounts).length > 0), WHOLE),
  v.check((section) => Object.values(section.accounts).every(isWhole), WHOLE),
);

export type ZaloConfig = v.InferOutput<typeof zaloConfig>;

/** What one adapter needs of its section. */
export interface ZaloAccountConfig extends Pick<ZaloConfig, "public_url" | "api_root"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.zalo]`. */
  readonly account: string;
  readonly token: Secret;
  readonly webhook_secret: Secret;
}

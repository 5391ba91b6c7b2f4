import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig } from "../config.ts";

const webhookEntries = {
  url: described(
    v.optional(v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"))),
    "Where your program listens: what the assistant says is posted to URL/events.",
    { example: "https://example.org/clanker", perAccount: true },
  ),
  secret: described(v.optional(secret()), "Signs what goes in both directions (HMAC-SHA256); at least 16 characters.", {
    example: "${CLANKER_WEBHOOK_SECRET}",
  }),
  streaming: described(v.optional(v.boolean(), false), "Post the answer while it is written, as edits of its first event."),
};

interface Keys {
  readonly url?: string | undefined;
  readonly secret?: Secret | undefined;
}

/** A short secret can be guessed, an empty one lets everybody in (sec-104). */
function isWhole({ url, secret: key }: Keys): boolean {
  return url !== undefined && key !== undefined && key.reveal().trim().length >= 16;
}

const WHOLE = "url and secret (16 characters or more) are both needed";

/** `[channels.webhook]`: the account `default`, which may be left out (no url) when there are others under `accounts`. */
export const webhookConfig = v.pipe(
  channelConfig(webhookEntries),
  v.check((section) => isWhole(section) || (section.url === undefined && section.secret === undefined && Object.keys(section.accounts).length > 0), WHOLE),
  v.check((section) => Object.values(section.accounts).every(isWhole), WHOLE),
);

export type WebhookConfig = v.InferOutput<typeof webhookConfig>;

/** What one adapter needs of its section. */
export interface WebhookAccountConfig {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.webhook]`. */
  readonly account: string;
  readonly url: string;
  readonly secret: Secret;
  readonly streaming: boolean;
}

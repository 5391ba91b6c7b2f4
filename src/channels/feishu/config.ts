import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_USER = "must be an open_id (ou_...) or union_id (on_...), not a name: names can be changed and taken over";
const NOT_A_CHAT = "must be a chat_id (oc_...)";

function feishuId(pattern: RegExp, message: string) {
  return v.pipe(v.string(), v.trim(), v.regex(pattern, message));
}

const userIds = v.array(feishuId(/^o[un]_[A-Za-z0-9]+$/, NOT_A_USER));

const feishuEntries = {
  app_id: described(
    v.optional(v.pipe(v.string(), v.trim(), v.regex(/^cli_[A-Za-z0-9]+$/, "must be the App ID: cli_ and letters and digits"))),
    "App ID, from the app's page Credentials & Basic Info.",
    { perAccount: true, example: "cli_a1b2c3d4e5f60708" },
  ),
  app_secret: described(v.optional(secret()), "App Secret, from the same page.", { example: "${FEISHU_APP_SECRET}" }),
  mode: described(
    v.optional(v.picklist(["socket", "webhook"]), "socket"),
    "How events come in: socket (the persistent connection) works behind any router; webhook needs a public https address and encrypt_key.",
  ),
  encrypt_key: described(
    v.optional(secret()),
    "Encrypt Key, from Events & Callbacks, Encryption Strategy; needed in webhook mode, where it signs and encrypts what is posted.",
  ),
  api_root: described(
    v.optional(v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL")), "https://open.feishu.cn"),
    "Which platform: https://open.feishu.cn for Feishu, https://open.larksuite.com for Lark.",
  ),
  sender_ids: described(
    v.optional(v.picklist(["open_id", "union_id"]), "open_id"),
    "Which id names a person: open_id is another one in each app; union_id is the same in all apps of one developer. allowed_users, owner_ids and trusted have to be of this kind.",
  ),
  streaming: described(v.optional(v.boolean(), true), "Show the answer while it is written, by updating its card."),
  reply_in_thread: described(
    v.optional(v.boolean(), true),
    "In groups, answer a mention in a topic below it, which is then a conversation of its own; false: answer in the group.",
  ),
  allowed_users: described(v.optional(v.array(feishuId(/^(o[un]_[A-Za-z0-9]+|\*)$/, NOT_A_USER)), []), "Ids of people who may write directly."),
  owner_ids: described(v.optional(userIds, []), "Ids that are you: they have your rights."),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(feishuId(/^oc_[A-Za-z0-9]+$/, NOT_A_CHAT)), []), "Ids of the groups that are let in under allowlist."),
        trusted: described(v.optional(userIds, []), "Ids of people who are trusted in groups; everybody else there is a guest."),
      }),
      {},
    ),
    "How groups are treated.",
  ),
};

interface Keys {
  readonly app_id?: string | undefined;
  readonly app_secret?: Secret | undefined;
  readonly mode: "socket" | "webhook";
  readonly encrypt_key?: Secret | undefined;
}

function isAccount({ app_id, app_secret }: Keys): boolean {
  return app_id !== undefined && app_secret !== undefined;
}

/** An empty key would let everybody post (sec-104). */
export function modeComplete({ mode, encrypt_key }: Pick<Keys, "mode" | "encrypt_key">): boolean {
  return mode === "socket" || (encrypt_key !== undefined && encrypt_key.reveal().trim() !== "");
}

export const MODE_COMPLETE = 'mode = "webhook" needs encrypt_key, from the app\'s page Events & Callbacks, Encryption Strategy';

/** `[channels.feishu]`: the account `default`, which may be left out (no app) when there are others under `accounts`. */
export const feishuConfig = v.pipe(
  channelConfig(feishuEntries),
  v.check(
    (section) => isAccount(section) || (section.app_id === undefined && Object.keys(section.accounts).length > 0),
    "app_id and app_secret are both needed: docs/channels/feishu.md says where they stand",
  ),
  v.check((section) => Object.values(section.accounts).every(isAccount), "every account needs its own app_id and app_secret"),
  v.check((section) => [section, ...Object.values(section.accounts)].every(modeComplete), MODE_COMPLETE),
);

export type FeishuConfig = v.InferOutput<typeof feishuConfig>;

/** What one adapter needs of its section. */
export interface FeishuAccountConfig extends Pick<FeishuConfig, "mode" | "encrypt_key" | "api_root" | "sender_ids" | "streaming" | "reply_in_thread"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.feishu]`. */
  readonly account: string;
  readonly app_id: string;
  readonly app_secret: Secret;
}

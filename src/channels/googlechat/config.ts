import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_USER = "must be the number of a Google account, such as 107946847022116401880, never a name or mail address";
const NOT_A_SPACE = "must be the id of a space, such as AAAAqayrXfs; the address of the space in a browser ends with it";

const person = v.pipe(v.string(), v.trim(), v.regex(/^\d{5,30}$/, NOT_A_USER));
const people = v.array(person);
const url = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const googlechatEntries = {
  service_account: described(v.optional(secret()), "The JSON key file of the app's service account, best as file:PATH or secret:NAME.", {
    example: "${GOOGLE_CHAT_KEY}",
  }),
  audience: described(
    v.optional(v.pipe(v.string(), v.trim(), v.regex(/^(\d{6,20}|https?:\/\/\S+)$/, "must be the project's number or the endpoint's URL"))),
    "Whom Google's requests are for, as chosen under Authentication Audience: the number of the Cloud project, or the HTTP endpoint URL exactly as it is entered there.",
    { perAccount: true, example: "https://clanker.example.org/channels/googlechat/webhook" },
  ),
  streaming: described(v.optional(v.boolean(), true), "Show the answer while it is written, by editing the message."),
  api_url: described(v.optional(url, "https://chat.googleapis.com/"), "Where the Chat API is."),
  token_url: described(v.optional(url, "https://oauth2.googleapis.com/token"), "Where the service account's token comes from."),
  keys_url: described(v.optional(url), "Public keys of whoever signs Google's requests (JWKS); default: those that belong to the kind of audience.", {
    example: "https://www.googleapis.com/oauth2/v3/certs",
  }),
  allowed_users: described(
    v.optional(v.array(v.union([person, v.literal("*")], NOT_A_USER)), []),
    "Numbers of the Google accounts of people who may write directly.",
  ),
  owner_ids: described(v.optional(people, []), "Numbers of Google accounts that are you: they have your rights."),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(
          v.optional(v.array(v.pipe(v.string(), v.trim(), v.regex(/^[\w-]+$/, NOT_A_SPACE))), []),
          "Ids of the spaces that are let in under allowlist.",
        ),
        trusted: described(v.optional(people, []), "Numbers of Google accounts of people who are trusted in spaces; everybody else there is a guest."),
      }),
      {},
    ),
    "How spaces and group chats are treated.",
  ),
};

interface Keys {
  readonly service_account?: Secret | undefined;
  readonly audience?: string | undefined;
}

/** Without an audience anybody's app could write to us in Google's name (sec-104). */
function isAccount({ service_account, audience }: Keys): boolean {
  return service_account !== undefined && audience !== undefined;
}

function keyReads({ service_account }: Keys): boolean {
  return service_account === undefined || readServiceAccount(service_account) !== undefined;
}

/** `[channels.googlechat]`: the account `default`, which may be left out (no service_account) when there are others under `accounts`. */
export const googlechatConfig = v.pipe(
  channelConfig(googlechatEntries),
  v.check(
    (section) => isAccount(section) || (section.service_account === undefined && section.audience === undefined && Object.keys(section.accounts).length > 0),
    "service_account and audience are both needed: docs/channels/googlechat.md says how to get them",
  ),
  v.check((section) => Object.values(section.accounts).every(isAccount), "every account needs its own service_account and audience"),
  v.check(
    (section) => [section, ...Object.values(section.accounts)].every(keyReads),
    "service_account must be the whole JSON key file of a service account, as Google Cloud hands it out",
  ),
);

export type GoogleChatConfig = v.InferOutput<typeof googlechatConfig>;

/** What one adapter needs of its section. */
export interface GoogleChatAccountConfig extends Pick<GoogleChatConfig, "streaming" | "api_url" | "token_url"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.googlechat]`. */
  readonly account: string;
  readonly service_account: Secret;
  readonly audience: string;
  readonly keys_url?: string | undefined;
}

/** What of the key file of a service account is needed (cloud.google.com, "Create and delete service account keys"). */
export interface ServiceAccount {
  readonly email: string;
  /** PKCS #8 in PEM. */
  readonly key: string;
  readonly keyId: string | undefined;
}

/** @returns undefined when the text is no such file. Its `token_uri` is not read: where our key's signature goes stands in the config. */
export function readServiceAccount(file: Secret): ServiceAccount | undefined {
  try {
    const { type, client_email, private_key, private_key_id } = JSON.parse(file.reveal()) as Record<string, unknown>;
    if (type !== "service_account" || typeof client_email !== "string" || typeof private_key !== "string") return undefined;
    if (!private_key.includes("-----BEGIN PRIVATE KEY-----")) return undefined;
    return { email: client_email, key: private_key, keyId: typeof private_key_id === "string" ? private_key_id : undefined };
  } catch {
    return undefined;
  }
}

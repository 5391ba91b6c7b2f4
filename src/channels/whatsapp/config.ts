import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_PERSON =
  "must be a phone number with its country code, digits alone (4917012345678), or an id without a number (US.1349..., 1234@lid); never a name: names can be changed";
const NOT_A_GROUP = "must be the id of a WhatsApp group (120363012345678901@g.us); clanker channels status and the log show it";
/** `491701234567`, a business-scoped user id (`US.1349...`, `US.ENT.1181...`), or the id of somebody who hides their number from a group. */
const PERSON = /^([1-9][0-9]{5,14}|[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}|[0-9]{5,20}@lid)$/;

const person = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.safeInteger())], NOT_A_PERSON),
  v.transform(String),
  v.trim(),
  v.transform((text) => text.replace(/^\+/, "")),
  v.regex(PERSON, NOT_A_PERSON),
);
const personOrAll = v.union([v.literal("*"), person], NOT_A_PERSON);
const url = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const whatsappEntries = {
  mode: described(
    v.optional(v.picklist(["cloud", "linked"]), "cloud"),
    "cloud: a business number over Meta's Cloud API; linked: an ordinary account, linked from its phone by clanker channels login whatsapp.",
    { perAccount: true },
  ),
  phone_number_id: described(
    v.optional(v.pipe(v.union([v.string(), v.pipe(v.number(), v.safeInteger())]), v.transform(String), v.regex(/^[0-9]{5,20}$/, "must be digits alone"))),
    "cloud: id of the business number, from the app's page WhatsApp, API Setup; not the number itself.",
    { perAccount: true, example: "106540352242922" },
  ),
  token: described(v.optional(secret()), "cloud: permanent access token of a system user with whatsapp_business_messaging.", {
    perAccount: true,
    example: "${WHATSAPP_TOKEN}",
  }),
  app_secret: described(v.optional(secret()), "cloud: the app's secret, from its page App settings, Basic; Meta signs what it posts with it.", {
    perAccount: true,
    example: "${WHATSAPP_APP_SECRET}",
  }),
  verify_token: described(v.optional(secret()), "cloud: any long random text; the same is entered on Meta's page beside the callback URL.", {
    perAccount: true,
    example: "${WHATSAPP_VERIFY_TOKEN}",
  }),
  api_root: described(v.optional(url, "https://graph.facebook.com"), "cloud: address of the Graph API."),
  api_version: described(v.optional(v.pipe(v.string(), v.regex(/^v[0-9]+\.[0-9]+$/, "must look like v24.0")), "v24.0"), "cloud: version of the Graph API."),
  streaming: described(v.optional(v.boolean(), true), "linked: show the answer while it is written, by editing the message. The Cloud API has no edits."),
  mark_read: described(
    v.optional(v.boolean(), true),
    "Show people that their messages were read. In mode cloud the sign of writing comes with it alone, so false switches off both.",
  ),
  allowed_users: described(v.optional(v.array(personOrAll), []), "Phone numbers of people who may write directly.", { example: ["4917012345678"] }),
  owner_ids: described(v.optional(v.array(person), []), "Phone numbers that are you: they have your rights.", { example: ["4917012345678"] }),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(
          v.optional(v.array(v.pipe(v.string(), v.trim(), v.regex(/^[0-9-]{5,40}@g\.us$/, NOT_A_GROUP))), []),
          "Ids of the groups that are let in under allowlist.",
          { example: ["120363012345678901@g.us"] },
        ),
        trusted: described(v.optional(v.array(person), []), "Phone numbers of people who are trusted in groups; everybody else there is a guest."),
      }),
      {},
    ),
    "linked: how groups are treated. The Cloud API has none.",
  ),
};

interface Keys {
  readonly mode: "cloud" | "linked";
  readonly phone_number_id?: string | undefined;
  readonly token?: Secret | undefined;
  readonly app_secret?: Secret | undefined;
  readonly verify_token?: Secret | undefined;
}

interface CloudKeys {
  readonly mode: "cloud";
  readonly phone_number_id: string;
  readonly token: Secret;
  readonly app_secret: Secret;
  readonly verify_token: Secret;
}

/** An empty secret would let everybody post (sec-104). */
export function isCloudComplete<K extends Keys>(keys: K): keys is K & CloudKeys {
  const long = (one: Secret | undefined) => one !== undefined && one.reveal().trim().length >= 8;
  return keys.mode === "cloud" && keys.phone_number_id !== undefined && keys.token !== undefined && long(keys.app_secret) && long(keys.verify_token);
}

const isAccount = (keys: Keys): boolean => keys.mode === "linked" || isCloudComplete(keys);

/** `[channels.whatsapp]`: the account `default`, which may be left out (mode cloud without keys) when there are others under `accounts`. */
export const whatsappConfig = v.pipe(
  channelConfig(whatsappEntries),
  v.check(
    (section) => isAccount(section) || (section.token === undefined && Object.keys(section.accounts).length > 0),
    'phone_number_id, token, app_secret and verify_token (the last two 8 characters or more) are needed with mode = "cloud": docs/channels/whatsapp.md says how to get them',
  ),
  v.check(
    (section) => Object.values(section.accounts).every(isAccount),
    'every account needs phone_number_id, token, app_secret and verify_token, or mode = "linked"',
  ),
);

export type WhatsappConfig = v.InferOutput<typeof whatsappConfig>;

/** What both modes need of a section. */
interface AccountConfig extends Pick<WhatsappConfig, "mark_read"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.whatsapp]`. */
  readonly account: string;
}

export interface WhatsappCloudConfig extends AccountConfig, CloudKeys, Pick<WhatsappConfig, "api_root" | "api_version"> {}

export interface WhatsappLinkedConfig extends AccountConfig, Pick<WhatsappConfig, "streaming"> {
  readonly mode: "linked";
}

import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_HANDLE = "must be a handle: a phone number with its country code, such as +15551234567, or an e-mail address; names can be anybody's";
const NOT_A_GROUP = "must be a chat guid of a group, such as iMessage;+;chat123456789: the guide says how to find it";

const PHONE = String.raw`\+[1-9][0-9]{6,14}`;
const MAIL = String.raw`[^\s@:;]+@[^\s@:;]+\.[^\s@:;]+`;
const handle = (pattern: string) => v.pipe(v.string(), v.trim(), v.toLowerCase(), v.regex(new RegExp(`^(${pattern})$`), NOT_A_HANDLE));
/** `sms:` before a number is somebody who writes by SMS: numbers there are easily forged. */
const people = v.array(handle(`(sms:)?${PHONE}|${MAIL}`));
const url = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const imessageEntries = {
  via: described(
    v.optional(v.picklist(["bluebubbles", "imsg"]), "bluebubbles"),
    "How Messages is reached: bluebubbles (a server on a Mac; url, password) or imsg (a program on the very Mac that the gateway runs on; command).",
    { perAccount: true },
  ),
  url: described(v.optional(url), "Address of a BlueBubbles server on a Mac.", { perAccount: true, example: "http://mac.local:1234" }),
  password: described(v.optional(secret()), "Password of the BlueBubbles server.", { example: "${BLUEBUBBLES_PASSWORD}" }),
  command: described(
    v.optional(v.pipe(v.array(v.pipe(v.string(), v.nonEmpty("must not be empty"))), v.minLength(1, "must name a program")), ["imsg", "rpc"]),
    'How imsg is started on this Mac, with via = "imsg".',
  ),
  private_api: described(
    v.optional(v.boolean(), false),
    "The Mac's Private API helper is set up: answers quote, and there are tapbacks, edits, unsending, typing and read marks.",
  ),
  poll_seconds: described(
    v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(60)), 3),
    "How often the BlueBubbles server is asked for news; its webhook, if set up, has it asked at once.",
  ),
  names: described(
    v.optional(v.array(v.pipe(v.string(), v.trim(), v.nonEmpty("must not be empty"))), ["clanker"]),
    "What the assistant is called in groups: a message that names it is said to it.",
  ),
  read_receipts: described(v.optional(v.boolean(), true), "Mark a conversation as read once a message in it was let in; with private_api."),
  allowed_users: described(v.optional(v.array(handle(`\\*|(sms:)?${PHONE}|${MAIL}`)), []), "Handles of people who may write directly."),
  owner_ids: described(v.optional(v.array(handle(`${PHONE}|${MAIL}`)), []), "Handles that are you: they have your rights. Never by SMS."),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(
          v.optional(v.array(v.pipe(v.string(), v.trim(), v.regex(/^[A-Za-z]+;\+;[^\s]+$/, NOT_A_GROUP))), []),
          "Chat guids of the groups that are let in under allowlist.",
        ),
        trusted: described(v.optional(people, []), "Handles of people who are trusted in groups; everybody else there is a guest."),
      }),
      {},
    ),
    "How groups are treated.",
  ),
};

interface Keys {
  readonly via: "bluebubbles" | "imsg";
  readonly url?: string | undefined;
  readonly password?: Secret | undefined;
}

/** Whether the way that it names is whole. */
function isImessageAccount({ via, url: address, password }: Keys): boolean {
  return via === "imsg" || (address !== undefined && password !== undefined);
}

/** `[channels.imessage]`: the account `default`, which may be left out when there are others under `accounts`. */
export const imessageConfig = v.pipe(
  channelConfig(imessageEntries),
  v.check(
    (section) => isImessageAccount(section) || (section.password === undefined && Object.keys(section.accounts).length > 0),
    'url and password are both needed, or via = "imsg": docs/channels/imessage.md says how to get them',
  ),
  v.check((section) => Object.values(section.accounts).every(isImessageAccount), 'every account needs its own url and password, or via = "imsg"'),
);

export type ImessageConfig = v.InferOutput<typeof imessageConfig>;

/** What one adapter needs of its section. */
export interface ImessageAccountConfig extends Pick<ImessageConfig, "via" | "command" | "private_api" | "poll_seconds" | "names" | "read_receipts"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.imessage]`. */
  readonly account: string;
  /** Of the BlueBubbles server. */
  readonly url?: string | undefined;
  readonly password?: Secret | undefined;
}

import { described, v } from "../../lib/schema/index.ts";
import { channelConfig, channelGroups } from "../config.ts";

const NOT_A_PERSON = "must be a Signal account id (ACI): a UUID such as 0a1b2c3d-..., never a phone number: numbers change hands";
const NOT_A_GROUP = "must be a Signal group id: 44 characters of base64, as clanker channels or signal-cli listGroups shows it";

const aci = (pattern: RegExp) => v.pipe(v.string(), v.trim(), v.toLowerCase(), v.regex(pattern, NOT_A_PERSON));
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const people = v.array(aci(UUID));
/** 32 bytes for groups of today, 16 for those from before 2020. */
const groupId = v.pipe(v.string(), v.trim(), v.regex(/^([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{22}==)$/, NOT_A_GROUP));
const url = v.pipe(v.string(), v.url("must be a URL"), v.regex(/^https?:\/\//, "must be an http(s) URL"));

const signalEntries = {
  url: described(v.optional(url), "Address of the signal-cli daemon's HTTP interface.", { perAccount: true, example: "http://127.0.0.1:8080" }),
  number: described(
    v.optional(v.pipe(v.string(), v.trim(), v.regex(/^\+[1-9][0-9]{6,14}$/, "must be a phone number with its country code, such as +4915112345678"))),
    "Phone number under which signal-cli keeps this account; it tells the accounts of one daemon apart and is shown nowhere.",
    { perAccount: true, example: "+4915112345678" },
  ),
  read_receipts: described(v.optional(v.boolean(), true), "Tell the sender that a message was read, once it was let in."),
  allowed_users: described(v.optional(v.array(aci(/^(\*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/)), []), "Account ids of people who may write directly."),
  owner_ids: described(v.optional(people, []), "Account ids that are you: they have your rights."),
  groups: described(
    v.optional(
      v.strictObject({
        ...channelGroups.entries,
        allowed: described(v.optional(v.array(groupId), []), "Ids of the groups that are let in under allowlist."),
        trusted: described(v.optional(people, []), "Account ids of people who are trusted in groups; everybody else there is a guest."),
      }),
      {},
    ),
    "How groups are treated.",
  ),
};

interface Keys {
  readonly url?: string | undefined;
  readonly number?: string | undefined;
}

const isAccount = ({ url: address, number }: Keys): boolean => address !== undefined && number !== undefined;

/** `[channels.signal]`: the account `default`, which may be left out (no number) when there are others under `accounts`. */
export const signalConfig = v.pipe(
  channelConfig(signalEntries),
  v.check(
    (section) => isAccount(section) || (section.number === undefined && Object.keys(section.accounts).length > 0),
    "url and number are both needed: docs/channels/signal.md says how to get them",
  ),
  v.check((section) => Object.values(section.accounts).every(isAccount), "every account needs its own url and number"),
);

export type SignalConfig = v.InferOutput<typeof signalConfig>;

/** What one adapter needs of its section. */
export interface SignalAccountConfig extends Pick<SignalConfig, "read_receipts"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.signal]`. */
  readonly account: string;
  readonly url: string;
  readonly number: string;
}

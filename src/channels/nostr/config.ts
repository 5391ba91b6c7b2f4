import type { Secret } from "../../core/secret.ts";
import { described, secret, v } from "../../lib/schema/index.ts";
import { channelConfig, noGroups } from "../config.ts";

const NPUB = /^npub1[02-9ac-hj-np-z]{58}$/;
const NOT_AN_NPUB = "must be a Nostr public key: npub1 and 58 letters and digits, as clients show it";
const npub = v.pipe(v.string(), v.trim(), v.toLowerCase(), v.regex(NPUB, NOT_AN_NPUB));
/** Without TLS only on this machine: everybody on the way would see who asks for whose messages. */
const relay = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^(wss:\/\/[^\s@]+|ws:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(\/\S*)?)$/i, "must be a wss:// URL"),
  v.check((text) => URL.canParse(text), "must be a wss:// URL"),
  v.transform((text) => new URL(text).href.replace(/\/$/, "")),
);

const nostrEntries = {
  private_key: described(v.optional(secret()), "Private key of the assistant (nsec1… or 64 hex digits). Make one of its own, never yours.", {
    example: "${NOSTR_KEY}",
  }),
  relays: described(
    v.optional(v.pipe(v.array(relay), v.maxLength(10, "ten relays are enough"))),
    "Relays on which the assistant's messages arrive; one to three. They are published as its inbox (kind 10050).",
    { example: ["wss://inbox.nostr.wine"], perAccount: true },
  ),
  lookup_relays: described(v.optional(v.array(relay), []), "Relays that are asked, besides, where somebody has their inbox.", {
    example: ["wss://purplepag.es"],
  }),
  allowed_users: described(v.optional(v.array(v.union([v.literal("*"), npub], NOT_AN_NPUB)), []), "Public keys of people who may write."),
  owner_ids: described(v.optional(v.array(npub), []), "Public keys that are you: they have your rights."),
  groups: noGroups,
};

interface Keys {
  readonly private_key?: Secret | undefined;
  readonly relays?: readonly string[] | undefined;
}

function isWhole({ private_key, relays }: Keys): boolean {
  return (
    private_key !== undefined && /^(nsec1[02-9ac-hj-np-z]{58}|[0-9a-f]{64})$/i.test(private_key.reveal().trim()) && relays !== undefined && relays.length > 0
  );
}

const WHOLE = "private_key (nsec1… or 64 hex digits) and relays are both needed: docs/channels/nostr.md";

/** `[channels.nostr]`: the account `default`, which may be left out (no private_key) when there are others under `accounts`. */
export const nostrConfig = v.pipe(
  channelConfig(nostrEntries),
  v.check((section) => isWhole(section) || (section.private_key === undefined && Object.keys(section.accounts).length > 0), WHOLE),
  v.check((section) => Object.values(section.accounts).every(isWhole), WHOLE),
);

export type NostrConfig = v.InferOutput<typeof nostrConfig>;

/** What one adapter needs of its section. */
export interface NostrAccountConfig extends Pick<NostrConfig, "lookup_relays"> {
  /** Name of the account in addresses, `default` for the one written directly under `[channels.nostr]`. */
  readonly account: string;
  readonly private_key: Secret;
  readonly relays: readonly string[];
}

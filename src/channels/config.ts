import { resetRuleSchema } from "../lib/schema/reset-rule.ts";
import { described, v } from "../lib/schema/index.ts";

const id = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.safeInteger())], "must be an id: text or a whole number"),
  v.transform(String),
  v.trim(),
  v.nonEmpty("must not be empty"),
);

/** Stable platform ids. A whole number may be written without quotes; it is kept as text. Nobody becomes owner or trusted by a star. */
const ids = v.array(v.pipe(id, v.notValue("*", '"*" is not allowed here: name the ids')));

/** How one account treats groups. */
export const channelGroups = v.strictObject({
  policy: described(
    v.optional(v.picklist(["allowlist", "open", "off"]), "allowlist"),
    "Which groups are answered: allowlist (those in `allowed`), open (every group the bot is in), off.",
  ),
  allowed: described(v.optional(ids, []), "Ids of the groups that are let in under allowlist."),
  require_mention: described(
    v.optional(v.boolean(), true),
    "In a group, whether only what mentions, answers or commands the assistant addresses it; false: every message does. `reply_back` says which messages are answered.",
  ),
  trusted: described(v.optional(ids, []), "Ids of senders who are trusted in groups; everybody else there is a guest."),
});

/** For a platform on which there are none, or that does not tell a bot what it must know of them: nothing can be set. */
export const noGroups = described(
  v.pipe(
    v.optional(v.strictObject({}), {}),
    v.transform((): v.InferOutput<typeof channelGroups> => ({ policy: "off", allowed: [], require_mention: true, trusted: [] })),
  ),
  "Nothing can be set: no groups are taken in here.",
);

const toolNames = v.array(v.pipe(v.string(), v.nonEmpty("must not be empty")));

/** Narrower than the agent's own rules, never wider, but that a tool named here may be given to guests. */
const toolRules = v.strictObject({
  allow: described(v.optional(toolNames), "Only these tools; a guest gets tools that change something or reach out only when they are named here.", {
    example: ["time"],
  }),
  deny: described(v.optional(toolNames), "Never these tools.", { example: ["shell"] }),
  ask: described(v.optional(toolNames), "These only when the owner has said yes to the exact call.", { example: ["shell"] }),
});

/** The keys that every channel account has. A channel adds its own and makes the schema with `channelConfig`. */
export const channelAccountEntries = {
  enabled: described(v.optional(v.boolean(), true), "Whether this account is started."),
  dm_policy: described(
    v.optional(v.picklist(["pairing", "allowlist", "open", "off"]), "pairing"),
    'Who may write directly: pairing (strangers get a code, the owner lets them in by it), allowlist (`allowed_users` and `owner_ids` alone), open (everybody; needs allowed_users = ["*"]), off (nobody but `owner_ids`).',
  ),
  allowed_users: described(v.optional(v.array(id), []), "Stable platform ids, never names, of people who may write directly.", { example: ["12345678"] }),
  owner_ids: described(v.optional(ids, []), "Stable platform ids that are you: they have your rights on this channel.", { example: ["12345678"] }),
  groups: described(v.optional(channelGroups, {}), "How groups are treated."),
  tools: described(v.optional(toolRules), "Rules about tools for everybody who speaks here."),
  users: described(
    v.optional(v.record(v.pipe(v.string(), v.nonEmpty(), v.maxLength(128)), v.strictObject({ tools: toolRules })), {}),
    "Rules about tools for single senders, by their stable platform id.",
  ),
  agent: described(v.optional(v.pipe(v.string(), v.nonEmpty())), "Which agent answers here; default: main.", { example: "main" }),
  system_prompt: described(v.optional(v.string()), "Added below the agent's own system prompt for messages of this account.", {
    example: "Answer in one short paragraph.",
  }),
  scope: described(v.optional(v.picklist(["per_peer", "per_channel_peer", "per_channel", "global"])), "Overrides sessions.scope for this account.", {
    example: "per_peer",
  }),
  reset: described(v.optional(resetRuleSchema), "Overrides sessions.reset for this account.", { example: { mode: "daily", at: "04:00" } }),
  queue_mode: described(v.optional(v.picklist(["immediate", "queue", "batch", "interrupt"])), "Overrides sessions.queue_mode for this account.", {
    example: "queue",
  }),
  reply_back: described(v.optional(v.picklist(["mention", "always", "direct_only", "never"])), "Overrides sessions.reply_back for this account.", {
    example: "mention",
  }),
};

/** Name of an account: also a part of addresses. */
export const accountName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, - or _"));

type AccountRules = v.InferOutput<v.StrictObjectSchema<Pick<typeof channelAccountEntries, "dm_policy" | "allowed_users">, undefined>>;

/** What must hold between the keys of an account: everybody is let in only when that was written twice (sec-24). */
export function openIsExplicit(account: AccountRules): boolean {
  return (account.dm_policy === "open") === account.allowed_users.includes("*");
}

export const OPEN_IS_EXPLICIT = 'dm_policy = "open" and allowed_users = ["*"] must be written together';

/**
 * Schema of `[channels.NAME]`: one account's keys directly (the account `default`) and further ones under `accounts.NAME`.
 * `entries` are the channel's own keys; a key of the shared ones may be replaced by a stricter schema with the same output.
 */
export function channelConfig<const E extends v.ObjectEntries>(entries: E) {
  const keys = { ...channelAccountEntries, ...entries };
  const account = v.pipe(v.strictObject(keys), explicitlyOpen<v.InferOutput<v.StrictObjectSchema<typeof keys, undefined>>>());
  const all = { ...keys, accounts: described(v.optional(v.record(accountName, account), {}), "Further accounts of this channel, each with the same keys.") };
  return v.pipe(v.strictObject(all), explicitlyOpen<v.InferOutput<v.StrictObjectSchema<typeof all, undefined>>>());
}

function explicitlyOpen<T>(): v.CheckAction<T, string> {
  return v.check((account: T) => openIsExplicit(account as AccountRules), OPEN_IS_EXPLICIT);
}

export type ChannelAccountConfig = v.InferOutput<v.StrictObjectSchema<typeof channelAccountEntries, undefined>>;

import { resetRuleSchema } from "../lib/schema/reset-rule.ts";
import { described, v } from "../lib/schema/index.ts";

/** `[sessions]`: which messages share a conversation and how a new one meets a running turn. */
export const sessionsConfig = v.strictObject({
  scope: described(
    v.optional(v.picklist(["per_peer", "per_channel_peer", "per_channel", "global"]), "per_peer"),
    "Which direct chats share a session: per_peer (one per person, across channels), per_channel_peer, per_channel, global (everything is one).",
  ),
  reset: described(v.optional(resetRuleSchema, {}), "When a conversation begins anew by itself, as with /new."),
  queue_mode: described(
    v.optional(v.picklist(["immediate", "queue", "batch", "interrupt"]), "queue"),
    "What a message does to a running turn: queue (waits), immediate (joins it at its next step), batch (waits and joins others), interrupt (stops and restarts it).",
  ),
  batch_quiet_ms: described(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(60_000)), 1500),
    "Under batch: silence in milliseconds after which the collected messages start a turn.",
  ),
  reply_back: described(
    v.optional(v.picklist(["mention", "always", "direct_only", "never"]), "mention"),
    "Which messages are answered: mention (direct ones, and in groups those that address the assistant), always, direct_only, never; the rest is kept as context.",
  ),
  max_context_tokens: described(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    "Most tokens of a conversation that are put into a prompt; 0 = what the model has.",
  ),
  retention_days: described(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(36_500)), 0),
    "Days after which what was said is deleted, with its media; 0 = never.",
  ),
  retention_mb: described(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000_000)), 0),
    "Megabytes of disk that messages and media may take, with their search index and all else that is kept of them: above it the oldest days are deleted, today and yesterday never; 0 = no limit.",
  ),
});

/** `[people.NAME]`: identities of one person. */
export const peopleConfig = v.record(
  v.pipe(
    v.string(),
    v.regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "must be 1 to 32 of a-z, 0-9, - and _"),
    v.notValue("owner", "owner is who stands in owner_ids; write their ids there"),
    v.notValue("system", "system is the house itself"),
  ),
  v.strictObject({
    identities: described(
      v.array(v.pipe(v.string(), v.regex(/^[a-z]+:\S+$/, "must be CHANNEL:ID or CHANNEL:ACCOUNT:ID, for example telegram:12345678"))),
      "Stable platform ids of one person, as CHANNEL:ID (every account of the channel) or CHANNEL:ACCOUNT:ID. They share the person's direct conversation; what each may do stays as it is.",
      { example: ["telegram:12345678", "discord:123456789012345678"] },
    ),
  }),
);

export type PeopleConfig = v.InferOutput<typeof peopleConfig>;

export type SessionsConfig = v.InferOutput<typeof sessionsConfig>;

import { described, v } from "../lib/schema/index.ts";

/** `[sessions]`: which messages share a conversation and how a new one meets a running turn. */
export const sessionsConfig = v.strictObject({
  scope: described(
    v.optional(v.picklist(["per_peer", "per_channel_peer", "per_channel", "global"]), "per_peer"),
    "Which direct chats share a session: per_peer (one per person, across channels), per_channel_peer, per_channel, global (everything is one).",
  ),
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
    "Where answers are sent: mention (direct chats, and groups when the assistant was addressed), always, direct_only, never.",
  ),
  max_context_tokens: described(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    "Most tokens of a conversation that are put into a prompt; 0 = what the model has.",
  ),
});

export type SessionsConfig = v.InferOutput<typeof sessionsConfig>;

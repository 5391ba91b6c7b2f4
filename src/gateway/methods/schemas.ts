import { RequestError } from "../../core/errors.ts";
import { v } from "../../lib/schema/index.ts";

/** A session key or id as callers write it. */
export const sessionRef = v.pipe(v.string(), v.minLength(1), v.maxLength(512));
/** What people call a session. */
export const sessionLabel = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
export const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, - or _"));
export const id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be an id"));
export const modelName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}:[^\s]{1,200}$/, "must be provider:model"));
export const thinking = v.picklist(["off", "low", "medium", "high"]);
export const limit = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
export const wholeNumber = v.pipe(v.number(), v.integer(), v.minValue(0));
/** At most what one frame or body holds. */
export const text = v.pipe(v.string(), v.maxLength(1_000_000));

export const message = v.union(
  [
    v.pipe(text, v.minLength(1)),
    v.strictObject({
      text: v.optional(text),
      media: v.optional(v.pipe(v.array(id), v.maxLength(20))),
      reply_to: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(256))),
    }),
  ],
  "must be a text or {text, media, reply_to}",
);
export type MessageParam = v.InferOutput<typeof message>;

export const sendParams = {
  session: v.optional(sessionRef),
  message,
  idempotency_key: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  model: v.optional(modelName),
  thinking: v.optional(thinking),
};

export const usage = v.object({ input: v.number(), output: v.number(), cacheRead: v.number(), cacheWrite: v.number() });
export const problem = v.object({ code: v.string(), message: v.string(), hint: v.optional(v.string()) });

export const sessionInfo = v.object({
  session: v.string(),
  session_id: v.string(),
  agent: v.string(),
  label: v.optional(v.string()),
  model: v.optional(v.string()),
  thinking: v.optional(v.string()),
  last_entry: v.number(),
  created_at: v.number(),
  updated_at: v.number(),
  ended_at: v.optional(v.number()),
  archived_at: v.optional(v.number()),
});

export const turnResult = v.object({
  turn_id: v.string(),
  message_id: v.optional(v.string()),
  session: v.string(),
  /** `running`: it had not ended within timeout_ms. */
  outcome: v.picklist(["done", "failed", "cancelled", "running"]),
  text: v.string(),
  usage,
  error: v.optional(problem),
});
export type TurnResult = v.InferOutput<typeof turnResult>;

export function notFound(what: string, given: string): RequestError {
  const hint = what === "media" ? "upload it first: POST /api/media answers its media_id" : `${LISTED[what] ?? "rpc.discover"} tells which there are`;
  return new RequestError(`${what}_not_found`, `no ${what} ${JSON.stringify(given.slice(0, 200))}`, { hint });
}

/** The methods that list what may be asked for. */
const LISTED: Readonly<Record<string, string>> = {
  agent: "agents.list",
  approval: "approvals.list",
  channel: "channels.list",
  entry: "chat.history",
  message: "messages.history",
  session: "sessions.list",
};

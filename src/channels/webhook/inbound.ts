/** The step "webhook/inbound" of the hall (house.md section 2): one event of the owner's program becomes our update. Pure. docs/channels/webhook.md is its contract. */
import type { Update } from "../../core/update.ts";
import { v } from "../../lib/schema/index.ts";

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const text = v.pipe(v.string(), v.maxLength(100_000));
const media = v.object({
  id: v.pipe(id, v.regex(/^[A-Za-z0-9_.-]+$/), v.notValue("."), v.notValue("..")),
  name: v.optional(v.pipe(v.string(), v.maxLength(200))),
  type: v.optional(v.pipe(v.string(), v.maxLength(100))),
  size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});

/** Unknown keys are left out, so that newer programs still speak to us. */
const eventSchema = v.object({
  type: v.picklist(["message", "edit", "deletion", "reaction", "press"]),
  /** Names the event: the same one may come again and is taken once. */
  id,
  conversation: id,
  thread: v.optional(id),
  /** The message it is about; a message's own is its `id`. */
  message: v.optional(id),
  sender: v.object({ id, name: v.optional(v.pipe(v.string(), v.maxLength(100))), bot: v.optional(v.boolean()) }),
  direct: v.optional(v.boolean(), true),
  addressed: v.optional(v.boolean()),
  /** Milliseconds since the epoch. */
  at: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  text: v.optional(text),
  media: v.optional(v.pipe(v.array(media), v.maxLength(20)), []),
  reply_to: v.optional(id),
  emoji: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
  removed: v.optional(v.boolean(), false),
  data: v.optional(v.pipe(v.string(), v.maxLength(64))),
});

export type WebhookEvent = v.InferOutput<typeof eventSchema>;

/** @returns undefined for what is no event we know; `unknown` for one of a type that we do not. */
export function parseEvent(body: Uint8Array): WebhookEvent | "unknown" | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
  const parsed = v.safeParse(eventSchema, value);
  if (parsed.success) return parsed.output;
  return parsed.issues.every((issue) => issue.path?.[0]?.key === "type") && typeof (value as { type?: unknown }).type === "string" ? "unknown" : undefined;
}

/** @returns undefined when what its type needs is missing. */
export function translate(event: WebhookEvent, { account, now }: { account: string; now: number }): Update | undefined {
  const { sender, direct } = event;
  const base = {
    key: keyOf(event),
    address: { channel: "webhook", account, conversation: event.conversation, ...(event.thread === undefined ? {} : { thread: event.thread }) },
    sender: { id: sender.id, ...(sender.name === undefined ? {} : { name: sender.name }), ...(sender.bot === true ? { bot: true } : {}) },
    direct,
    at: event.at ?? now,
    messageId: event.message ?? event.id,
  };
  switch (event.type) {
    case "message":
    case "edit": {
      const message = messageOf(event);
      if (message === undefined || (event.type === "edit" && event.message === undefined)) return undefined;
      return event.type === "edit"
        ? { ...base, type: "edit", message }
        : { ...base, type: "message", message, addressed: direct || (event.addressed ?? false) };
    }
    case "deletion":
      return event.message === undefined ? undefined : { ...base, type: "deletion" };
    case "reaction":
      return event.message === undefined || event.emoji === undefined ? undefined : { ...base, type: "reaction", emoji: event.emoji, removed: event.removed };
    default:
      return event.message === undefined || event.data === undefined ? undefined : { ...base, type: "press", data: event.data };
  }
}

const PREFIX = { message: "msg", edit: "edit", deletion: "del", reaction: "reaction", press: "press" } as const;

function keyOf({ type, conversation, id: own }: WebhookEvent): string {
  return `${PREFIX[type]}:${conversation}:${own}`;
}

function messageOf(event: WebhookEvent): Extract<Update, { type: "message" }>["message"] | undefined {
  const parts = [
    ...event.media.map(({ id: ref, name, type, size }) => ({
      type: "media" as const,
      media: {
        kind: kindOf(type ?? ""),
        ref,
        ...(name === undefined ? {} : { name }),
        ...(type === undefined ? {} : { type }),
        ...(size === undefined ? {} : { size }),
      },
    })),
    ...(event.text === undefined || event.text.trim() === "" ? [] : [{ type: "text" as const, text: event.text }]),
  ];
  return parts.length === 0 ? undefined : { parts, ...(event.reply_to === undefined ? {} : { replyTo: event.reply_to }) };
}

function kindOf(type: string): "photo" | "audio" | "video" | "document" {
  if (type.startsWith("audio/")) return "audio";
  if (type.startsWith("video/")) return "video";
  return /^image\/(png|jpeg|gif|webp)$/.test(type) ? "photo" : "document";
}

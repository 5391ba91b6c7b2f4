/**
 * The step "zalo/inbound" of the hall (house.md section 2): one post becomes our update. Pure: the same message gives the same key when Zalo posts it again (P1).
 * Decides nothing about who may do what; that is turn/receive.
 */
import type { Media, MessagePart } from "../../core/message.ts";
import type { Update } from "../../core/update.ts";
import { idOf, textOf, type WireMessage, type WireUpdate } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  /** Wall milliseconds, for a message without a date. */
  readonly now: number;
}

/** @returns undefined for what does not concern us: events we do not know, and all that happens in groups. */
export function translate({ event_name, message }: WireUpdate, { account, now }: InboundContext): Update | undefined {
  const conversation = idOf(message?.chat?.id);
  const messageId = idOf(message?.message_id);
  const from = message?.from;
  const sender = idOf(from?.id);
  if (message?.chat?.chat_type !== "PRIVATE" || conversation === undefined || messageId === undefined || sender === undefined) return undefined;
  const parts = partsOf(event_name, message);
  if (parts.length === 0) return undefined;
  const name = textOf(from?.display_name) ?? textOf(from?.name);
  return {
    type: "message",
    key: `msg:${conversation}:${messageId}`,
    address: { channel: "zalo", account, conversation },
    sender: { id: sender, ...(name === undefined ? {} : { name }), ...(from?.is_bot === true ? { bot: true } : {}) },
    direct: true,
    addressed: true,
    at: dateOf(message.date, now),
    messageId,
    message: { parts },
  };
}

function partsOf(event: unknown, wire: WireMessage): MessagePart[] {
  switch (event) {
    case "message.text.received":
    case "message.link.received":
      return written(wire.text);
    case "message.image.received":
      return [file("photo", wire.photo ?? wire.photo_url), ...written(wire.caption)];
    case "message.sticker.received":
      return [file("sticker", wire.url)];
    case "message.voice.received":
      return [file("voice", wire.voice_url)];
    case "message.unsupported.received":
      return [{ type: "media", media: { kind: "document", missing: "Zalo does not show bots what this message holds" } }];
    default:
      return [];
  }
}

function written(value: unknown): MessagePart[] {
  const text = textOf(value);
  return text === undefined ? [] : [{ type: "text", text }];
}

function file(kind: Media["kind"], value: unknown): MessagePart {
  const ref = textOf(value);
  const web = ref !== undefined && /^https?:$/.test(URL.parse(ref)?.protocol ?? "");
  return { type: "media", media: web ? { kind, ref } : { kind, missing: "Zalo has sent no address of it" } };
}

/** The vendor's samples are in milliseconds; what can only be seconds is taken as those. */
function dateOf(value: unknown, now: number): number {
  const date = Number(value);
  if (!Number.isSafeInteger(date) || date <= 0) return now;
  return date < 100_000_000_000 ? date * 1_000 : date;
}

/**
 * The step "line/inbound" of the hall (house.md section 2): one event becomes our updates. Pure: the same event gives the same keys when LINE delivers it again (P1).
 * Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Media, Message, MessagePart } from "../../core/message.ts";
import type { Update } from "../../core/update.ts";
import type { WireEvent, WireMentionee, WireMessage, WireSource } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  /** Ids of messages of ours: to quote one is to answer us. */
  readonly sent: ReadonlySet<string>;
}

/** @returns nothing for what does not concern us: other kinds of events, and those of a channel that only stands by. */
export function translate(event: WireEvent, context: InboundContext): Update[] {
  const conversation = conversationOf(event.source);
  const { webhookEventId: id, timestamp: at } = event;
  if (conversation === undefined || typeof id !== "string" || typeof at !== "number" || event.mode === "standby") return [];
  const address: Address = { channel: "line", account: context.account, conversation };
  const place = { address, direct: event.source?.type === "user", at };
  const sender = { id: event.source?.userId ?? nobody(conversation) };
  switch (event.type) {
    case "message":
      return messageUpdates(event.message, { ...place, sender }, context);
    case "unsend": {
      const messageId = event.unsend?.messageId;
      return messageId === undefined ? [] : [{ type: "deletion", key: `del:${conversation}:${messageId}`, ...place, sender, messageId }];
    }
    case "postback": {
      const data = event.postback?.data;
      // LINE does not say on which message the button stood.
      return data === undefined ? [] : [{ type: "press", key: `press:${id}`, ...place, sender, messageId: `postback:${id}`, data }];
    }
    case "follow":
    case "join":
      return [{ type: "membership", key: `member:${id}`, ...place, sender, change: "joined" }];
    case "unfollow":
    case "leave":
      return [{ type: "membership", key: `member:${id}`, ...place, sender, change: "left" }];
    case "memberJoined":
    case "memberLeft": {
      const members = (event.type === "memberJoined" ? event.joined : event.left)?.members ?? [];
      const change = event.type === "memberJoined" ? "joined" : "left";
      return members.flatMap(({ userId }): Update[] =>
        userId === undefined ? [] : [{ type: "membership", key: `member:${id}:${userId}`, ...place, sender: { id: userId }, change }],
      );
    }
    default:
      return [];
  }
}

export function conversationOf(source: WireSource | undefined): string | undefined {
  const id = source?.type === "group" ? source.groupId : source?.type === "room" ? source.roomId : source?.userId;
  return typeof id === "string" && id !== "" ? id : undefined;
}

/** In groups LINE leaves some people's ids out; what they say is nobody's. */
function nobody(conversation: string): string {
  return `unknown:${conversation}`;
}

type Base = Pick<Update, "address" | "direct" | "at" | "sender">;

function messageUpdates(wire: WireMessage | undefined, base: Base, { sent }: InboundContext): Update[] {
  const id = wire?.id;
  const parts = wire === undefined ? [] : partsOf(wire);
  if (wire === undefined || typeof id !== "string" || parts.length === 0) return [];
  const quoted = wire.quotedMessageId;
  const message: Message = { parts, ...(quoted === undefined ? {} : { replyTo: quoted }) };
  const addressed = base.direct || mentionsOf(wire).some(({ isSelf }) => isSelf === true) || (quoted !== undefined && sent.has(quoted));
  return [{ type: "message", key: `msg:${base.address.conversation}:${id}`, ...base, messageId: id, message, addressed }];
}

function partsOf(wire: WireMessage): MessagePart[] {
  switch (wire.type) {
    case "text": {
      const text = withoutLeadingMention(wire);
      return text === "" ? [] : [{ type: "text", text }];
    }
    case "image":
      return [{ type: "media", media: fileOf("photo", wire) }];
    case "video":
      return [{ type: "media", media: fileOf("video", wire) }];
    case "audio":
      return [{ type: "media", media: fileOf("voice", wire) }];
    case "file":
      return [{ type: "media", media: fileOf("document", wire) }];
    case "sticker":
      return [{ type: "media", media: { kind: "sticker", name: stickerName(wire), missing: "LINE hands out no pictures of stickers" } }];
    case "location": {
      const { latitude, longitude } = wire;
      if (typeof latitude !== "number" || typeof longitude !== "number") return [];
      const name = [wire.title, wire.address].filter((text) => text !== undefined && text !== "").join(", ");
      return [{ type: "location", latitude, longitude, ...(name === "" ? {} : { name }) }];
    }
    default:
      return [];
  }
}

function fileOf(kind: Media["kind"], { id, contentProvider, duration, fileName, fileSize }: WireMessage): Media {
  // Posted by a program in LINE, from a server of its own: no message of a person's own phone has that.
  if (contentProvider?.type === "external") return { kind, missing: "it lies on another server than LINE's" };
  return {
    kind,
    ref: id!,
    ...(fileName === undefined ? {} : { name: fileName }),
    ...(fileSize === undefined ? {} : { size: fileSize }),
    ...(duration === undefined ? {} : { duration: Math.round(duration / 1_000) }),
  };
}

function stickerName({ text, keywords = [] }: WireMessage): string {
  const words = [...(text === undefined ? [] : [text]), ...keywords.filter((word) => typeof word === "string")];
  return words.length === 0 ? "without words" : words.join(", ").slice(0, 200);
}

function mentionsOf({ mention }: WireMessage): readonly WireMentionee[] {
  return Array.isArray(mention?.mentionees) ? mention.mentionees : [];
}

/** Only the mention: somebody has called. */
function withoutLeadingMention(wire: WireMessage): string {
  const text = typeof wire.text === "string" ? wire.text : "";
  const lead = mentionsOf(wire).find(({ isSelf, index }) => isSelf === true && index === text.length - text.trimStart().length);
  const rest = lead === undefined ? text : text.slice((lead.index ?? 0) + (lead.length ?? 0)).replace(/^[\s:,]+/, "");
  return rest.trim() === "" ? text.trim() : rest.trim();
}

/**
 * The step "matrix/inbound" of the hall (house.md section 2): one event, decrypted where it had to be, becomes our updates. Pure: the same event gives the same key by
 * sync, when a gap is filled and when its keys come late (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import { isCommandName } from "../../core/command.ts";
import type { Message, MessagePart } from "../../core/message.ts";
import type { Sender, Update } from "../../core/update.ts";
import type { SeenEvent } from "./account.ts";
import { mediaPart } from "./media-part.ts";
import type { Content, WireEvent, WireRelation } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  readonly me: { readonly id: string; readonly name?: string };
  readonly room: string;
  readonly direct: boolean;
  /** Display name of the sender; shown, never decided by. */
  readonly name: string | undefined;
  readonly seen: (id: string) => SeenEvent | undefined;
  /** Whether we have spoken in a thread. */
  readonly spoken: (thread: string) => boolean;
}

/** @returns undefined for our own events, other kinds and what has nothing to read. */
export function updateOf(event: WireEvent, context: InboundContext): Update | undefined {
  const { type, sender, event_id: id, content = {} } = event;
  if (sender === undefined || id === undefined || sender === context.me.id) return undefined;
  const fact = { event, id, sender, content };
  switch (type) {
    case "m.room.message":
    case "m.sticker":
    case "m.poll.start":
    case "org.matrix.msc3381.poll.start":
      return relationOf(content).rel_type === "m.replace" ? editUpdate(fact, context) : messageUpdate(fact, context);
    case "m.reaction":
      return reactionUpdate(fact, context);
    case "m.room.redaction":
      return redactionUpdate(fact, context);
    case "m.poll.response":
    case "org.matrix.msc3381.poll.response":
      return voteUpdate(fact, context);
    default:
      return undefined;
  }
}

interface Fact {
  readonly event: WireEvent;
  readonly id: string;
  readonly sender: string;
  readonly content: Content;
}

export function relationOf(content: Content): WireRelation {
  const relation = content["m.relates_to"];
  return typeof relation === "object" && relation !== null ? (relation as WireRelation) : {};
}

/** @returns the root of the thread that an event is in. */
export function threadOf(content: Content): string | undefined {
  const { rel_type: type, event_id: id } = relationOf(content);
  return type === "m.thread" && typeof id === "string" ? id : undefined;
}

function messageUpdate({ event, id, sender, content }: Fact, context: InboundContext): Update | undefined {
  const message = messageOf(event, content, context);
  if (message === undefined) return undefined;
  return {
    type: "message",
    key: `msg:${context.room}:${id}`,
    ...base(event, { sender, content }, context),
    address: addressOf(context, threadOf(content)),
    messageId: id,
    message,
    addressed: context.direct || isAddressed(content, context),
  };
}

/** A message that we were sent and cannot read, told instead of it: it may come later, as itself. */
export function unreadableUpdate({ event, id, why }: { event: WireEvent; id: string; why: string }, context: InboundContext): Update {
  const content = event.content ?? {};
  return {
    type: "message",
    key: `unread:${context.room}:${id}`,
    ...base(event, { sender: event.sender ?? "", content: {} }, context),
    address: addressOf(context, threadOf(content)),
    messageId: id,
    message: { parts: [{ type: "notice", text: why }] },
    addressed: context.direct,
  };
}

/** Servers let anybody send an edit of anything (client-server API, "Validity of replacement events"): only the author's counts. */
function editUpdate({ event, id, sender, content }: Fact, context: InboundContext): Update | undefined {
  const target = relationOf(content).event_id;
  const fresh = content["m.new_content"];
  if (typeof target !== "string" || typeof fresh !== "object" || fresh === null) return undefined;
  const known = context.seen(target);
  if (known !== undefined && known.sender !== sender) return undefined;
  const message = messageOf(event, fresh as Content, context);
  if (message === undefined) return undefined;
  return {
    type: "edit",
    key: `edit:${context.room}:${target}:${id}`,
    ...base(event, { sender, content }, context),
    address: addressOf(context, known?.thread),
    messageId: target,
    message,
  };
}

function reactionUpdate({ event, id, sender, content }: Fact, context: InboundContext): Update | undefined {
  const { rel_type: type, event_id: target, key } = relationOf(content);
  if (type !== "m.annotation" || typeof target !== "string" || typeof key !== "string" || key === "") return undefined;
  return {
    type: "reaction",
    key: `reaction:${context.room}:${id}`,
    ...base(event, { sender, content }, context),
    address: addressOf(context, context.seen(target)?.thread),
    messageId: target,
    emoji: key.slice(0, 100),
    removed: false,
  };
}

function redactionUpdate({ event, sender, content }: Fact, context: InboundContext): Update | undefined {
  const target = event.redacts ?? content["redacts"];
  if (typeof target !== "string") return undefined;
  const known = context.seen(target);
  const rest = { ...base(event, { sender, content }, context), address: addressOf(context, known?.thread) };
  if (known?.reaction !== undefined) {
    const { to, emoji } = known.reaction;
    return { type: "reaction", key: `reaction:${context.room}:${target}:-`, ...rest, messageId: to, emoji, removed: true };
  }
  if (known?.sender === context.me.id) return undefined;
  return { type: "deletion", key: `del:${context.room}:${target}`, ...rest, messageId: target };
}

function voteUpdate({ event, id, sender, content }: Fact, context: InboundContext): Update | undefined {
  const { event_id: poll } = relationOf(content);
  const response = (content["org.matrix.msc3381.poll.response"] as Content | undefined)?.["answers"] ?? content["m.selections"];
  if (typeof poll !== "string" || !Array.isArray(response)) return undefined;
  return {
    type: "vote",
    key: `vote:${context.room}:${id}`,
    ...base(event, { sender, content }, context),
    address: addressOf(context, context.seen(poll)?.thread),
    pollId: poll,
    options: response.filter((option) => typeof option === "string").slice(0, 20),
  };
}

function base(event: WireEvent, { sender, content }: { sender: string; content: Content }, { direct, name }: InboundContext) {
  // A notice is what programs say; to answer it is asked of nobody (client-server API, m.notice).
  const who: Sender = { id: sender, ...(name === undefined ? {} : { name }), ...(content["msgtype"] === "m.notice" ? { bot: true } : {}) };
  return { sender: who, direct, at: event.origin_server_ts ?? 0 };
}

function messageOf({ type }: WireEvent, content: Content, context: InboundContext): Message | undefined {
  const parts = type === "m.sticker" ? mediaPart(content, "sticker") : (pollParts(content) ?? partsOf(content, context));
  if (parts.length === 0) return undefined;
  const { is_falling_back: fallback, "m.in_reply_to": answered } = relationOf(content);
  const replyTo = fallback === true ? undefined : answered?.event_id;
  return { parts, ...(typeof replyTo === "string" ? { replyTo } : {}) };
}

function partsOf(content: Content, context: InboundContext): MessagePart[] {
  const body = typeof content["body"] === "string" ? content["body"] : "";
  switch (content["msgtype"]) {
    case "m.image":
      return mediaPart(content, "photo");
    case "m.audio":
      return mediaPart(content, content["org.matrix.msc3245.voice"] === undefined ? "audio" : "voice");
    case "m.video":
      return mediaPart(content, "video");
    case "m.file":
      return mediaPart(content, "document");
    case "m.location":
      return locationParts(content, body);
    case "m.emote":
      return body.trim() === "" ? [] : [{ type: "text", text: `* ${context.name ?? "somebody"} ${body.trim()}` }];
    case "m.key.verification.request":
      return [];
    default:
      return textParts(content, body, context);
  }
}

function textParts(content: Content, body: string, { me }: InboundContext): MessagePart[] {
  const written = asCommand(withoutLeadingMention(withoutFallback(content, body), me).trim());
  // Only the mention: somebody has called.
  const text = written === "" ? body.trim() : written;
  return text === "" ? [] : [{ type: "text", text }];
}

/** Clients from before v1.13 repeat what they answer. It is cut only where the markup says that it is one. */
function withoutFallback(content: Content, body: string): string {
  const html = content["formatted_body"];
  const isReply = relationOf(content)["m.in_reply_to"] !== undefined && typeof html === "string" && html.includes("<mx-reply>");
  return isReply ? body.replace(/^(?:> .*\n|>\n)+\n?/, "") : body;
}

function withoutLeadingMention(text: string, { id, name }: InboundContext["me"]): string {
  const names = [id, ...(name === undefined ? [] : [name, `@${name}`])];
  const found = names.find((one) => text.startsWith(one) && /^[:,]?(?:\s|$)/.test(text.slice(one.length)));
  return found === undefined ? text : text.slice(found.length).replace(/^[:,]?\s*/, "");
}

/** Clients keep what begins with a slash for themselves, so commands may be written with an exclamation mark as well. */
function asCommand(text: string): string {
  const [, name] = /^!([a-z]+)(?:\s|$)/.exec(text) ?? [];
  return name !== undefined && isCommandName(name) ? `/${text.slice(1)}` : text;
}

function pollParts(content: Content): MessagePart[] | undefined {
  const poll = (content["m.poll"] ?? content["org.matrix.msc3381.poll.start"]) as { question?: Content; answers?: unknown } | undefined;
  if (typeof poll !== "object" || poll === null) return undefined;
  const words = (of: Content | undefined) => {
    const stable = of?.["m.text"];
    const text = Array.isArray(stable) ? (stable[0] as Content | undefined)?.["body"] : (of?.["org.matrix.msc1767.text"] ?? of?.["body"]);
    return typeof text === "string" ? text.slice(0, 1_000) : "?";
  };
  const answers = Array.isArray(poll.answers) ? (poll.answers as Content[]).slice(0, 20) : [];
  return [{ type: "poll", question: words(poll.question), options: answers.map(words) }];
}

function locationParts(content: Content, body: string): MessagePart[] {
  const [, latitude, longitude] = /^geo:(-?[\d.]+),(-?[\d.]+)/.exec(String(content["geo_uri"] ?? "")) ?? [];
  if (latitude === undefined || longitude === undefined) return body === "" ? [] : [{ type: "text", text: body }];
  return [{ type: "location", latitude: Number(latitude), longitude: Number(longitude), ...(body === "" ? {} : { name: body.slice(0, 300) }) }];
}

/** Since v1.7 a client says whom it mentions; for older ones the link to us counts, or our id in the text. */
function isAddressed(content: Content, { me, spoken, seen }: InboundContext): boolean {
  const thread = threadOf(content);
  if (thread !== undefined && spoken(thread)) return true;
  const answered = relationOf(content);
  const target = answered.is_falling_back === true ? undefined : answered["m.in_reply_to"]?.event_id;
  if (typeof target === "string" && seen(target)?.sender === me.id) return true;
  const mentions = content["m.mentions"] as { user_ids?: unknown } | undefined;
  if (typeof mentions === "object" && mentions !== null) return Array.isArray(mentions.user_ids) && mentions.user_ids.includes(me.id);
  const html = content["formatted_body"];
  if (typeof html === "string" && html.includes(`https://matrix.to/#/${me.id}"`)) return true;
  return typeof content["body"] === "string" && content["body"].includes(me.id);
}

export function addressOf({ account, room }: Pick<InboundContext, "account" | "room">, thread?: string): Address {
  return { channel: "matrix", account, conversation: room, ...(thread === undefined ? {} : { thread }) };
}

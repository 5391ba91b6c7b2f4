/**
 * The step "teams/inbound" of the hall (house.md section 2): one activity becomes our updates. Pure: the same activity gives the same key however often Teams posts it
 * (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Media, Message, MessagePart } from "../../core/message.ts";
import type { Sender, Update } from "../../core/update.ts";
import { emojiOf } from "./reactions.ts";
import { DOWNLOAD_INFO, type WireActivity, type WireAttachment } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  /** Tenant whose people go by their object id alone. */
  readonly tenant: string;
  /** Threads in which we have spoken, as `CONVERSATION;messageid=ROOT`. */
  readonly threads: ReadonlySet<string>;
  readonly now: number;
}

/** @returns none for what people did not do, what we did, and what no version of this adapter knows. */
export function updatesOf(activity: WireActivity, context: InboundContext): Update[] {
  const base = baseOf(activity, context);
  if (base === undefined) return [];
  switch (activity.type) {
    case "message":
      return messageUpdates(activity, base, context);
    case "messageUpdate": {
      const message = contentOf(activity);
      if (message === undefined || activity.id === undefined) return [];
      return [{ ...base, type: "edit", key: `edit:${base.address.conversation}:${activity.id}:${base.at}`, messageId: activity.id, message }];
    }
    case "messageDelete":
      return activity.id === undefined
        ? []
        : [{ ...base, type: "deletion", key: `del:${base.address.conversation}:${activity.id}:${base.at}`, messageId: activity.id }];
    case "messageReaction":
      return [...reactions(activity, base, false), ...reactions(activity, base, true)];
    case "conversationUpdate":
    case "installationUpdate": {
      const change = membershipOf(activity);
      return change === undefined
        ? []
        : [{ ...base, type: "membership", key: `member:${base.address.conversation}:${activity.id ?? base.at}:${change}`, change }];
    }
    default:
      return [];
  }
}

/** A button of ours was pressed. @param pressed id of the press, unlike for each */
export function pressUpdate(activity: WireActivity, data: string, context: InboundContext): Update | undefined {
  const base = baseOf(activity, context);
  if (base === undefined) return undefined;
  const messageId = activity.replyToId ?? "";
  return { ...base, type: "press", key: `press:${base.address.conversation}:${messageId}:${base.sender.id}:${activity.id ?? base.at}`, messageId, data };
}

/** Our own word for a button's data, in whatever shape the client hands it back. */
export function pressedData(value: unknown): string | undefined {
  const data = (value as { clanker?: unknown } | null | undefined)?.clanker;
  return typeof data === "string" && data !== "" && data.length <= 256 ? data : undefined;
}

type Base = Pick<Update, "address" | "sender" | "direct" | "at">;

function baseOf(activity: WireActivity, context: InboundContext): Base | undefined {
  const { id: conversation, conversationType } = activity.conversation ?? {};
  const sender = senderOf(activity, context.tenant);
  if (conversation === undefined || conversation === "" || sender === undefined) return undefined;
  const at = Date.parse(activity.timestamp ?? "");
  return { address: addressOf(conversation, context.account), sender, direct: conversationType === "personal", at: Number.isNaN(at) ? context.now : at };
}

/** A channel's threads are told apart by what stands behind the id: `19:...@thread.tacv2;messageid=1481567603816`. */
export function addressOf(conversation: string, account: string): Address {
  const [, place = conversation, thread] = /^(.*?);messageid=(\d+)$/.exec(conversation) ?? [];
  return { channel: "teams", account, conversation: place, ...(thread === undefined ? {} : { thread }) };
}

/** Object ids are unique within a tenant only; the home tenant's stand alone. Whoever has none (bots, anonymous guests) has rights by nothing. */
function senderOf({ from, conversation, channelData }: WireActivity, home: string): Sender | undefined {
  if (from?.id === undefined || from.id === "") return undefined;
  const shown = { ...(from.name === undefined ? {} : { name: from.name }), ...(from.role === "bot" || from.id.startsWith("28:") ? { bot: true } : {}) };
  if (from.aadObjectId === undefined || from.aadObjectId === "") return { id: `teams:${from.id}`, ...shown };
  const tenant = tenantOf({ conversation, channelData } as WireActivity);
  const id = from.aadObjectId.toLowerCase();
  return { id: tenant === undefined || tenant === home ? id : `${tenant}/${id}`, ...shown };
}

export function tenantOf({ conversation, channelData }: WireActivity): string | undefined {
  return (channelData?.tenant?.id ?? conversation?.tenantId)?.toLowerCase();
}

function messageUpdates(activity: WireActivity, base: Base, context: InboundContext): Update[] {
  // Clients that do not know Action.Execute post what its fallback holds.
  const pressed = pressedData(activity.value);
  if (pressed !== undefined) return [pressUpdate(activity, pressed, context)!];
  const message = contentOf(activity);
  if (message === undefined || activity.id === undefined) return [];
  const addressed = base.direct || mentionsUs(activity) || context.threads.has(activity.conversation?.id ?? "");
  return [{ ...base, type: "message", key: `msg:${base.address.conversation}:${activity.id}`, messageId: activity.id, message, addressed }];
}

function mentionsUs({ entities, recipient }: WireActivity): boolean {
  return (entities ?? []).some((entity) => entity.type === "mention" && recipient?.id !== undefined && entity.mentioned?.id === recipient.id);
}

function contentOf(activity: WireActivity): Message | undefined {
  const parts: MessagePart[] = (activity.attachments ?? []).flatMap(filePart);
  const written = writtenText(activity);
  if (written !== "") parts.push({ type: "text", text: written });
  // Only the mention: somebody has called.
  else if (parts.length === 0 && mentionsUs(activity)) parts.push({ type: "text", text: `@${activity.recipient?.name ?? "bot"}` });
  if (parts.length === 0) return undefined;
  const replyTo = repliedTo(activity);
  return { parts, ...(replyTo === undefined ? {} : { replyTo }) };
}

/** Without our own mention; other people's are their names. The text may be forged, so who is meant is said by the entities alone. */
function writtenText({ text = "", entities, recipient }: WireActivity): string {
  let written = text.replace(/&nbsp;|\u00a0/g, " ").replace(/\r\n?/g, "\n");
  for (const entity of entities ?? []) {
    if (entity.type !== "mention" || entity.text === undefined || entity.text === "") continue;
    const ours = recipient?.id !== undefined && entity.mentioned?.id === recipient.id;
    written = written.replaceAll(entity.text, ours ? "" : `@${(entity.mentioned?.name ?? entity.text).replace(/<[^>]*>/g, "")}`);
  }
  return written.replace(/<at\b[^>]*>(.*?)<\/at>/g, "@$1").trim();
}

/** A quoted answer is told in the HTML of the message alone. */
function repliedTo({ attachments }: WireActivity): string | undefined {
  const html = (attachments ?? []).find(({ contentType }) => contentType === "text/html")?.content;
  return typeof html === "string" ? /<blockquote[^>]*schema\.skype\.com\/Reply[^>]*itemid="(\d+)"/.exec(html)?.[1] : undefined;
}

function filePart({ contentType = "", contentUrl, name, content }: WireAttachment): MessagePart[] {
  if (contentType === DOWNLOAD_INFO) {
    const { downloadUrl } = (content ?? {}) as { downloadUrl?: unknown };
    if (typeof downloadUrl !== "string") return [];
    return [{ type: "media", media: { kind: kindOfName(name ?? ""), ref: `file ${downloadUrl}`, ...(name === undefined ? {} : { name }) } }];
  }
  if (contentUrl === undefined || !/^(image|audio|video)\//.test(contentType)) return [];
  const kind = contentType.startsWith("image/") ? "photo" : contentType.startsWith("audio/") ? "audio" : "video";
  const type = contentType.endsWith("/*") ? {} : { type: contentType };
  return [{ type: "media", media: { kind, ref: `picture ${contentUrl}`, ...(name === undefined ? {} : { name }), ...type } }];
}

function kindOfName(name: string): Media["kind"] {
  if (/\.(png|jpe?g|gif|webp)$/i.test(name)) return "photo";
  if (/\.(mp3|m4a|ogg|wav|flac)$/i.test(name)) return "audio";
  return /\.(mp4|mov|webm)$/i.test(name) ? "video" : "document";
}

/** Teams tells a bot of those on its own messages. */
function reactions(activity: WireActivity, base: Base, removed: boolean): Update[] {
  const messageId = activity.replyToId;
  if (messageId === undefined) return [];
  return ((removed ? activity.reactionsRemoved : activity.reactionsAdded) ?? []).flatMap(({ type }) => {
    if (typeof type !== "string" || type === "") return [];
    const key = `reaction:${base.address.conversation}:${messageId}:${base.sender.id}:${activity.id ?? base.at}:${removed ? "-" : "+"}${type}`;
    return [{ ...base, type: "reaction" as const, key, messageId, emoji: emojiOf(type), removed }];
  });
}

/** Of us alone. That the app was taken away is told as an installation; that it came, as a member. */
function membershipOf({ type, action, membersAdded, membersRemoved, recipient }: WireActivity): "joined" | "left" | undefined {
  if (type === "installationUpdate") return action === "remove" ? "left" : undefined;
  const us = (members: WireActivity["membersAdded"]) => (members ?? []).some(({ id }) => id !== undefined && id === recipient?.id);
  if (us(membersAdded)) return "joined";
  return us(membersRemoved) ? "left" : undefined;
}

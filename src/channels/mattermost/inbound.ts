/**
 * The step "mattermost/inbound" of the hall (house.md section 2): one fact becomes our updates. Pure: the same fact gives the same key by socket and when history is
 * read (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Media, Message, MessagePart } from "../../core/message.ts";
import type { Sender, Update } from "../../core/update.ts";
import type { WireFile, WirePost, WireReaction } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  readonly me: { readonly id: string; readonly username: string };
  /** A mention in a channel opens a thread of its own. */
  readonly inThreads: boolean;
  /** Threads in which we have spoken. */
  readonly threads: ReadonlySet<string>;
  readonly direct: boolean;
  /** As the event names the author; shown, never decided by. */
  readonly name?: string | undefined;
}

/** @returns undefined for notes of the system, our own posts and what has nothing to read. */
export function messageUpdate(post: WirePost, context: InboundContext): Update | undefined {
  const said = saidBy(post, context);
  const message = said && contentOf(post, context.me.username);
  if (said === undefined || message === undefined) return undefined;
  const addressed = context.direct || isAddressed(post, context);
  return {
    type: "message",
    key: `msg:${post.channel_id}:${post.id}`,
    address: placeOf(post, { ...context, addressed }),
    sender: said,
    direct: context.direct,
    at: post.create_at,
    messageId: post.id,
    message,
    addressed,
  };
}

export function editUpdate(post: WirePost, context: InboundContext): Update | undefined {
  const said = saidBy(post, context);
  const message = said && contentOf(post, context.me.username);
  // A change of reactions or pins is told as an edit too; only a change of the words has this time.
  if (said === undefined || message === undefined || !post.edit_at) return undefined;
  const addressed = context.direct || isAddressed(post, context);
  return {
    type: "edit",
    key: `edit:${post.channel_id}:${post.id}:${post.edit_at}`,
    address: placeOf(post, { ...context, addressed }),
    sender: said,
    direct: context.direct,
    at: post.edit_at,
    messageId: post.id,
    message,
  };
}

/** Mattermost does not say who deleted it; the author stands in, so that a stranger's deletion is refused as the stranger's message was. */
export function deletionUpdate(post: WirePost, context: InboundContext): Update | undefined {
  const said = saidBy(post, context);
  if (said === undefined) return undefined;
  const addressed = context.direct || isAddressed(post, context);
  return {
    type: "deletion",
    key: `del:${post.channel_id}:${post.id}`,
    address: placeOf(post, { ...context, addressed }),
    sender: said,
    direct: context.direct,
    at: post.delete_at || post.update_at || post.create_at,
    messageId: post.id,
  };
}

export function reactionUpdate(reaction: WireReaction, context: InboundContext & { channel: string; removed: boolean; now: number }): Update | undefined {
  if (reaction.user_id === context.me.id) return undefined;
  const at = reaction.create_at || context.now;
  return {
    type: "reaction",
    key: `reaction:${context.channel}:${reaction.post_id}:${reaction.user_id}:${at}:${context.removed ? "-" : "+"}${reaction.emoji_name}`,
    address: addressOf(context.channel, context),
    sender: { id: reaction.user_id },
    direct: context.direct,
    at,
    messageId: reaction.post_id,
    emoji: `:${reaction.emoji_name}:`,
    removed: context.removed,
  };
}

/** An integration's post bears the user id of whoever made the integration: it is never that person's (sec-30). */
function saidBy(post: WirePost, { me, name }: InboundContext): Sender | undefined {
  if (post.user_id === me.id || (post.type ?? "") !== "") return undefined;
  const shown = name === undefined ? {} : { name: name.replace(/^@/, "") };
  const { from_webhook: webhook, from_bot: bot, override_username: alias } = post.props ?? {};
  if (webhook === "true" || webhook === true)
    return { id: `webhook:${post.user_id}`, bot: true, ...(typeof alias === "string" ? { name: alias.slice(0, 100) } : {}) };
  return { id: post.user_id, ...shown, ...(bot === "true" || bot === true ? { bot: true } : {}) };
}

function contentOf(post: WirePost, username: string): Message | undefined {
  const parts: MessagePart[] = (post.metadata?.files ?? []).flatMap(filePart);
  const written = withoutLeadingMention(post.message ?? "", username).trim();
  if (written !== "") parts.push({ type: "text", text: written });
  // Only the mention: somebody has called.
  else if (parts.length === 0 && (post.message ?? "").trim() !== "") parts.push({ type: "text", text: post.message!.trim() });
  // What an integration shows in attachments alone would be lost otherwise.
  if (parts.length === 0) parts.push(...attachedTexts(post).map((text) => ({ type: "text" as const, text })));
  if (parts.length === 0) return undefined;
  return { parts, ...(post.root_id ? { replyTo: post.root_id } : {}) };
}

function attachedTexts({ props }: WirePost): string[] {
  const attachments = Array.isArray(props?.["attachments"]) ? (props["attachments"] as { text?: unknown; fallback?: unknown }[]) : [];
  return attachments.map((one) => one?.text || one?.fallback).filter((text) => typeof text === "string" && text !== "") as string[];
}

function filePart(file: WireFile): MessagePart[] {
  if (file.id === undefined) return [];
  return [
    {
      type: "media",
      media: {
        kind: kindOf(file.mime_type ?? ""),
        ref: file.id,
        ...(file.name === undefined ? {} : { name: file.name }),
        ...(file.mime_type === undefined || file.mime_type === "" ? {} : { type: file.mime_type }),
        ...(file.size === undefined ? {} : { size: file.size }),
      },
    },
  ];
}

function kindOf(type: string): Media["kind"] {
  if (type.startsWith("audio/")) return "audio";
  if (type.startsWith("video/")) return "video";
  return /^image\/(png|jpeg|gif|webp)$/.test(type) ? "photo" : "document";
}

function isAddressed(post: WirePost, { me, threads }: InboundContext): boolean {
  return mentions(post.message ?? "", me.username) || (post.root_id !== undefined && post.root_id !== "" && threads.has(post.root_id));
}

/** Names hold small letters, digits, dots, hyphens and underscores; a dot or hyphen at the end belongs to the sentence. */
function mentions(text: string, username: string): boolean {
  return (text.match(/(?<![\w.@-])@[\w.-]+/g) ?? []).some(
    (word) =>
      word
        .slice(1)
        .replace(/[.-]+$/, "")
        .toLowerCase() === username || word.slice(1).toLowerCase() === username,
  );
}

function withoutLeadingMention(text: string, username: string): string {
  const lead = /^\s*@([\w.-]+?)[.:,]?\s+/.exec(text);
  return lead?.[1]?.toLowerCase() === username ? text.slice(lead[0].length) : text;
}

/** A thread's first post stands in the channel, unless it is a mention that opens the thread. */
function placeOf(post: WirePost, context: InboundContext & { addressed: boolean }): Address {
  const address = addressOf(post.channel_id, context);
  if (post.root_id) return { ...address, thread: post.root_id };
  return !context.direct && context.addressed && context.inThreads ? { ...address, thread: post.id } : address;
}

export function addressOf(channel: string, { account }: { readonly account: string }): Address {
  return { channel: "mattermost", account, conversation: channel };
}

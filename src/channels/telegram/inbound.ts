/**
 * The step "telegram/inbound" of the hall (house.md section 2): one Bot API update becomes our updates. Pure: the same update gives the same keys
 * by poll and by webhook (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Chat, Message as TelegramMessage, MessageReactionUpdated, PollAnswer, ReactionType, Update as TelegramUpdate, User } from "@grammyjs/types";
import type { Address } from "../../core/address.ts";
import type { Sender, Update } from "../../core/update.ts";
import { commandText, isAddressed } from "./addressed.ts";
import { contentOf } from "./content.ts";

/** Where a poll of ours was posted: Telegram does not say it with a vote. */
export interface KnownPoll {
  readonly address: Address;
  readonly direct: boolean;
  readonly options: readonly string[];
}

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  /** Who we are, from getMe. */
  readonly me: { readonly id: number; readonly username: string };
  readonly poll: (id: string) => KnownPoll | undefined;
  /** Wall milliseconds, for the facts that Telegram does not date (presses, votes). */
  readonly now: number;
}

/** The kinds of update we ask Telegram for; everything else is not for us. Reactions must be named to come at all. */
export const ALLOWED_UPDATES = [
  "message",
  "edited_message",
  "channel_post",
  "edited_channel_post",
  "callback_query",
  "poll_answer",
  "message_reaction",
  "my_chat_member",
] as const satisfies readonly Exclude<keyof TelegramUpdate, "update_id">[];

/**
 * @returns no update for what does not concern us (service messages, our own posts); several for a reaction that changed more than one emoji.
 * May throw on a malformed update; the caller skips that one and goes on.
 */
export function translate(update: TelegramUpdate, context: InboundContext): Update[] {
  const message = update.message ?? update.channel_post;
  if (message !== undefined) return messageUpdates(message, context);
  const edited = update.edited_message ?? update.edited_channel_post;
  if (edited !== undefined) return editUpdates(edited, context);
  if (update.callback_query !== undefined) return pressUpdates(update.callback_query, context);
  if (update.message_reaction !== undefined) return reactionUpdates(update.message_reaction, context);
  if (update.poll_answer !== undefined) return voteUpdates(update.update_id, update.poll_answer, context);
  if (update.my_chat_member !== undefined) return membershipUpdates(update.my_chat_member, context);
  return [];
}

function messageUpdates(message: TelegramMessage, context: InboundContext): Update[] {
  if (message.from?.id === context.me.id) return [];
  const content = contentOf(message);
  if (content === undefined) return [];
  const direct = message.chat.type === "private";
  return [
    {
      type: "message",
      key: `msg:${message.chat.id}:${message.message_id}`,
      ...place(message, context),
      at: message.date * 1000,
      messageId: String(message.message_id),
      message: commandText(content, message, context.me.username),
      addressed: direct || isAddressed(message, context.me),
    },
  ];
}

function editUpdates(message: TelegramMessage & { edit_date?: number }, context: InboundContext): Update[] {
  if (message.from?.id === context.me.id) return [];
  const content = contentOf(message);
  if (content === undefined) return [];
  const date = message.edit_date ?? message.date;
  return [
    {
      type: "edit",
      key: `edit:${message.chat.id}:${message.message_id}:${date}`,
      ...place(message, context),
      at: date * 1000,
      messageId: String(message.message_id),
      message: content,
    },
  ];
}

/** Where and by whom. A thread is a thread only in a forum: in other groups message_thread_id names a chain of replies. */
function place(message: TelegramMessage, context: InboundContext): { address: Address; sender: Sender; direct: boolean } {
  const address = addressOf(message.chat, context);
  return {
    address: message.is_topic_message === true && message.message_thread_id !== undefined ? { ...address, thread: String(message.message_thread_id) } : address,
    sender: senderOf(message.sender_chat, message.from) ?? chatSender(message.chat),
    direct: message.chat.type === "private",
  };
}

function addressOf(chat: Chat, context: InboundContext): Address {
  return { channel: "telegram", account: context.account, conversation: String(chat.id) };
}

/** `sender_chat` comes first: with it, `from` is only a stand-in (GroupAnonymousBot, Channel Bot, Telegram) that many people share. */
function senderOf(chat: Chat | undefined, user: User | undefined): Sender | undefined {
  if (chat !== undefined) return chatSender(chat);
  if (user === undefined) return undefined;
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ");
  return {
    id: String(user.id),
    ...(name === "" ? {} : { name }),
    ...(user.username === undefined ? {} : { username: user.username }),
    ...(user.is_bot ? { bot: true } : {}),
  };
}

/** Its id never equals a user's, so an anonymous admin is nobody's account. */
function chatSender(chat: Chat): Sender {
  const title = "title" in chat ? chat.title : undefined;
  return { id: `chat:${chat.id}`, ...(title === undefined ? {} : { name: title }) };
}

function pressUpdates(query: NonNullable<TelegramUpdate["callback_query"]>, context: InboundContext): Update[] {
  const { message, data } = query;
  if (message === undefined || data === undefined) return [];
  const thread = message.is_topic_message === true && message.message_thread_id !== undefined ? { thread: String(message.message_thread_id) } : {};
  return [
    {
      type: "press",
      key: `press:${query.id}`,
      address: { ...addressOf(message.chat, context), ...thread },
      sender: senderOf(undefined, query.from)!,
      direct: message.chat.type === "private",
      at: context.now,
      messageId: String(message.message_id),
      data,
    },
  ];
}

function reactionUpdates(reaction: MessageReactionUpdated, context: InboundContext): Update[] {
  const sender = senderOf(reaction.actor_chat, reaction.user);
  if (sender === undefined) return [];
  const before = reaction.old_reaction.map(reactionName);
  const after = reaction.new_reaction.map(reactionName);
  const changes = [
    ...before.filter((emoji) => !after.includes(emoji)).map((emoji) => ({ emoji, removed: true })),
    ...after.filter((emoji) => !before.includes(emoji)).map((emoji) => ({ emoji, removed: false })),
  ];
  return changes.map(({ emoji, removed }) => ({
    type: "reaction",
    key: `reaction:${reaction.chat.id}:${reaction.message_id}:${sender.id}:${reaction.date}:${removed ? "-" : "+"}${emoji}`,
    address: addressOf(reaction.chat, context),
    sender,
    direct: reaction.chat.type === "private",
    at: reaction.date * 1000,
    messageId: String(reaction.message_id),
    emoji,
    removed,
  }));
}

function reactionName(reaction: ReactionType): string {
  if (reaction.type === "emoji") return reaction.emoji;
  return reaction.type === "custom_emoji" ? `custom:${reaction.custom_emoji_id}` : reaction.type;
}

/** A vote has neither place nor date, so only votes on polls that we posted ourselves can be placed. */
function voteUpdates(updateId: number, answer: PollAnswer, context: InboundContext): Update[] {
  const poll = context.poll(answer.poll_id);
  const sender = senderOf(answer.voter_chat, answer.user);
  if (poll === undefined || sender === undefined) return [];
  return [
    {
      type: "vote",
      key: `vote:${answer.poll_id}:${sender.id}:${updateId}`,
      address: poll.address,
      sender,
      direct: poll.direct,
      at: context.now,
      pollId: answer.poll_id,
      options: answer.option_ids.map((index) => poll.options[index] ?? String(index)),
    },
  ];
}

function membershipUpdates(change: NonNullable<TelegramUpdate["my_chat_member"]>, context: InboundContext): Update[] {
  const before = isInside(change.old_chat_member);
  const now = isInside(change.new_chat_member);
  if (before === now) return [];
  return [
    {
      type: "membership",
      key: `member:${change.chat.id}:${change.date}:${change.new_chat_member.status}`,
      address: addressOf(change.chat, context),
      sender: senderOf(undefined, change.from)!,
      direct: change.chat.type === "private",
      at: change.date * 1000,
      change: now ? "joined" : "left",
    },
  ];
}

function isInside(member: { status: string; is_member?: boolean }): boolean {
  return member.status === "restricted" ? member.is_member === true : member.status !== "left" && member.status !== "kicked";
}

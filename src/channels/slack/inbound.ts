/**
 * The step "slack/inbound" of the hall (house.md section 2): one Slack event becomes our updates. Pure: the same fact gives the same key by socket, by
 * webhook, as app_mention and as message, and when history is read (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Sender, Update } from "../../core/update.ts";
import { contentOf } from "./content.ts";
import { mentions, type NameOf } from "./text.ts";
import type { EventCallback, SlackEvent, SlackMessage } from "./wire.ts";

/** Who we are, from auth.test. */
export interface Me {
  readonly userId: string;
  readonly botId: string | undefined;
  readonly teamId: string;
  readonly enterpriseId: string | undefined;
  readonly name: string;
}

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  readonly me: Me;
  /** Display names that are known already; nothing is asked for here. */
  readonly nameOf: NameOf;
  /** A mention in a channel opens a thread of its own. */
  readonly threads: boolean;
  /** Wall milliseconds, for facts that Slack does not date. */
  readonly now: number;
}

/** Messages of people and apps; the other subtypes are notes about joins, topics and the like. */
const SAID = new Set([undefined, "file_share", "thread_broadcast", "me_message", "bot_message"]);

/** One app may be installed in several workspaces and gets the events of all; an account is one of them. */
export function isOurs(payload: EventCallback, { teamId, enterpriseId }: Me): boolean {
  if (payload.team_id === undefined || payload.team_id === teamId) return true;
  return (payload.authorizations ?? []).some((one) => one.team_id === teamId || (enterpriseId !== undefined && one.enterprise_id === enterpriseId));
}

/** @returns no update for what does not concern us. May throw on a malformed event; the caller skips that one and goes on. */
export function translateEvent(payload: EventCallback, context: InboundContext): Update[] {
  if (!isOurs(payload, context.me)) return [];
  const { event } = payload;
  switch (event.type) {
    case "message":
      if (event.subtype === "message_changed") return changedUpdates(event, context);
      if (event.subtype === "message_deleted") return deletedUpdates(event, event.previous_message, context);
      return messageUpdates(event, context);
    case "app_mention":
      return messageUpdates(event, context);
    case "reaction_added":
    case "reaction_removed":
      return reactionUpdates(event, context);
    case "member_joined_channel":
    case "member_left_channel":
    case "channel_left":
    case "group_left":
      return membershipUpdates(event, context);
    default:
      return [];
  }
}

/** The platform's time of a fact: seconds with six decimals, unique in its conversation, and a message's id. */
export function tsToMs(ts: string): number {
  return Math.round(Number(ts) * 1_000);
}

export function isTs(text: string): boolean {
  return /^\d{1,12}\.\d{1,6}$/.test(text);
}

/** Direct messages have ids with D; group messages and channels with C or G. */
export function isDirect(channel: string, type?: string): boolean {
  return type === undefined ? channel.startsWith("D") : type === "im";
}

function messageUpdates(event: SlackEvent, context: InboundContext): Update[] {
  const { channel } = event;
  if (channel === undefined || event.ts === undefined || !isTs(event.ts) || !SAID.has(event.subtype)) return [];
  const message = event as SlackEvent & SlackMessage;
  const said = saidBy(message, context);
  const content = contentOf(message, context.me.userId, context.nameOf);
  if (said === undefined || content === undefined) return [];
  const direct = isDirect(channel, event.channel_type);
  const addressed = direct || isAddressed(message, context.me);
  return [
    {
      type: "message",
      key: `msg:${channel}:${event.ts}`,
      address: placeOf(channel, message, { direct, addressed }, context),
      sender: said,
      direct,
      at: tsToMs(event.ts),
      messageId: event.ts,
      message: content,
      addressed,
    },
  ];
}

/** Also comes when a link is unfurled or a thread grows; only the author's change of the words is an edit. A deleted message with replies stays as a tombstone. */
function changedUpdates(event: SlackEvent, context: InboundContext): Update[] {
  const { channel, message, previous_message: before } = event;
  if (channel === undefined || message === undefined) return [];
  if (message.subtype === "tombstone") return deletedUpdates({ ...event, deleted_ts: message.ts }, before, context);
  if (message.edited === undefined || !isTs(message.ts) || !isTs(message.edited.ts) || !SAID.has(message.subtype)) return [];
  if (before !== undefined && before.text === message.text && before.edited?.ts === message.edited.ts) return [];
  const sender = saidBy(message, context);
  const content = contentOf(message, context.me.userId, context.nameOf);
  if (sender === undefined || content === undefined) return [];
  const direct = isDirect(channel, event.channel_type);
  return [
    {
      type: "edit",
      key: `edit:${channel}:${message.ts}:${message.edited.ts}`,
      address: placeOf(channel, message, { direct, addressed: isAddressed(message, context.me) }, context),
      sender,
      direct,
      at: tsToMs(message.edited.ts),
      messageId: message.ts,
      message: content,
    },
  ];
}

/** Slack does not say who deleted it; the author stands in, so that a stranger's deletion is refused as the stranger's message was. */
function deletedUpdates(event: SlackEvent, before: SlackMessage | undefined, context: InboundContext): Update[] {
  const { channel, deleted_ts: ts } = event;
  if (channel === undefined || ts === undefined || before === undefined || !isTs(ts)) return [];
  const sender = saidBy(before, context);
  if (sender === undefined) return [];
  const direct = isDirect(channel, event.channel_type);
  return [
    {
      type: "deletion",
      key: `del:${channel}:${ts}`,
      address: placeOf(channel, { ...before, ts }, { direct, addressed: isAddressed(before, context.me) }, context),
      sender,
      direct,
      at: event.event_ts === undefined ? context.now : tsToMs(event.event_ts),
      messageId: ts,
    },
  ];
}

function reactionUpdates(event: SlackEvent, context: InboundContext): Update[] {
  const { user, reaction, item, event_ts: at } = event;
  if (user === undefined || user === context.me.userId || reaction === undefined || at === undefined) return [];
  if (item?.type !== "message" || item.channel === undefined || item.ts === undefined) return [];
  const removed = event.type === "reaction_removed";
  return [
    {
      type: "reaction",
      key: `reaction:${item.channel}:${item.ts}:${user}:${at}:${removed ? "-" : "+"}${reaction}`,
      address: addressOf(item.channel, context),
      sender: person(user, context),
      direct: isDirect(item.channel),
      at: tsToMs(at),
      messageId: item.ts,
      emoji: `:${reaction}:`,
      removed,
    },
  ];
}

function membershipUpdates(event: SlackEvent, context: InboundContext): Update[] {
  const { channel, event_ts: at } = event;
  if (channel === undefined || at === undefined) return [];
  const joined = event.type === "member_joined_channel";
  if (event.type.startsWith("member_") && event.user !== context.me.userId) return [];
  return [
    {
      type: "membership",
      key: `member:${channel}:${at}:${joined ? "joined" : "left"}`,
      address: addressOf(channel, context),
      sender: person(event.inviter ?? event.user ?? context.me.userId, context),
      direct: false,
      at: tsToMs(at),
      change: joined ? "joined" : "left",
    },
  ];
}

/** In a channel: mentioned, or an answer in a thread that the assistant has begun. */
function isAddressed(message: SlackMessage, me: Me): boolean {
  return mentions(message.text ?? "", me.userId) || message.parent_user_id === me.userId;
}

/** A thread's first message stands in the channel, unless it is a mention that opens the thread. */
function placeOf(channel: string, message: SlackMessage, is: { direct: boolean; addressed: boolean }, context: InboundContext): Address {
  const address = addressOf(channel, context);
  const { ts, thread_ts: thread } = message;
  if (thread !== undefined && thread !== ts) return { ...address, thread };
  return !is.direct && is.addressed && context.threads ? { ...address, thread: ts } : address;
}

export function addressOf(channel: string, { account }: Pick<InboundContext, "account">): Address {
  return { channel: "slack", account, conversation: channel };
}

export function person(id: string, { nameOf }: Pick<InboundContext, "nameOf">): Sender {
  const name = nameOf(id);
  return { id, ...(name === undefined ? {} : { name }) };
}

/** @returns undefined for what we said ourselves. An app's id is never a person's. */
function saidBy(message: SlackMessage, context: InboundContext): Sender | undefined {
  const { me } = context;
  const { user, bot_id: bot, username } = message;
  if (user === me.userId || (bot !== undefined && bot === me.botId)) return undefined;
  if (bot === undefined) return user === undefined ? undefined : person(user, context);
  return { id: user ?? `bot:${bot}`, ...(username === undefined ? {} : { name: username }), bot: true };
}

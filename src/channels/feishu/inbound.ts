/**
 * The step "feishu/inbound" of the hall (house.md section 2): one event becomes our updates. Pure: the same event gives the same keys however often it is handed in,
 * over the connection or the webhook (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../core/address.ts";
import type { Update } from "../../core/update.ts";
import type { KnownMessage } from "./account.ts";
import { partsOf } from "./content.ts";
import type { ButtonValue, WireBody, WireEvent, WireId, WireMessage } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  readonly me: string;
  /** Which id names a person. */
  readonly idKind: "open_id" | "union_id";
  /** A mention in a group opens a topic of its own. */
  readonly inThreads: boolean;
  /** Topics in which we have spoken, by their first message. */
  readonly threads: ReadonlySet<string>;
  readonly known: ReadonlyMap<string, KnownMessage>;
}

export function translate({ header, event }: WireEvent, context: InboundContext): Update[] {
  const id = header?.event_id;
  if (event === undefined || typeof id !== "string" || id === "") return [];
  const fact: Fact = { id, event, at: millis(header?.create_time), context };
  switch (header?.event_type) {
    case "im.message.receive_v1":
      return messageUpdates(fact);
    case "im.message.recalled_v1":
      return recallUpdates(fact);
    case "im.message.reaction.created_v1":
      return reactionUpdates(fact, false);
    case "im.message.reaction.deleted_v1":
      return reactionUpdates(fact, true);
    case "card.action.trigger":
      return pressUpdates(fact);
    case "im.chat.member.bot.added_v1":
      return memberUpdates(fact, [event.operator_id], "joined");
    case "im.chat.member.bot.deleted_v1":
      return memberUpdates(fact, [event.operator_id], "left");
    case "im.chat.member.user.added_v1":
      return memberUpdates(
        fact,
        (event.users ?? []).map((user) => user.user_id),
        "joined",
      );
    case "im.chat.member.user.deleted_v1":
      return memberUpdates(
        fact,
        (event.users ?? []).map((user) => user.user_id),
        "left",
      );
    default:
      return [];
  }
}

interface Fact {
  readonly id: string;
  readonly event: WireBody;
  readonly at: number;
  readonly context: InboundContext;
}

/** Milliseconds, or microseconds as callbacks have them; digits. */
function millis(time: string | undefined): number {
  const value = Number(time);
  return !(value > 0) ? 0 : value > 1e14 ? Math.floor(value / 1_000) : value;
}

function personOf(ids: WireId | undefined, { idKind }: InboundContext): string | undefined {
  const id = ids?.[idKind];
  return typeof id === "string" && id !== "" ? id : undefined;
}

function addressOf(conversation: string, { account }: InboundContext, thread?: string): Address {
  return { channel: "feishu", account, conversation, ...(thread === undefined ? {} : { thread }) };
}

function messageUpdates({ event: { message, sender }, at, context }: Fact): Update[] {
  const person = personOf(sender?.sender_id, context);
  if (message?.message_id === undefined || message.chat_id === undefined || person === undefined) return [];
  const parts = partsOf(message, context.me);
  if (parts.length === 0) return [];
  const direct = message.chat_type === "p2p";
  const addressed = direct || isAddressed(message, context);
  return [
    {
      type: "message",
      key: `msg:${message.chat_id}:${message.message_id}`,
      address: addressOf(message.chat_id, context, threadOf(message, { direct, addressed, inThreads: context.inThreads })),
      sender: { id: person, ...(sender?.sender_type === "user" ? {} : { bot: true }) },
      direct,
      at: millis(message.create_time) || at,
      messageId: message.message_id,
      message: { parts, ...(message.parent_id === undefined ? {} : { replyTo: message.parent_id }) },
      addressed,
    },
  ];
}

/** A topic is named by its first message, which is what can be answered; a mention opens one. An answer outside of topics is only a quote. */
export function threadOf(
  message: WireMessage,
  { direct, addressed, inThreads }: { direct: boolean; addressed: boolean; inThreads: boolean },
): string | undefined {
  if (message.thread_id !== undefined) return message.root_id ?? message.message_id;
  return !direct && addressed && inThreads ? message.message_id : undefined;
}

function isAddressed({ mentions = [], root_id, parent_id, thread_id }: WireMessage, { me, threads, known }: InboundContext): boolean {
  if (mentions.some(({ id }) => id?.open_id === me)) return true;
  if (thread_id !== undefined && root_id !== undefined && threads.has(root_id)) return true;
  const answered = parent_id === undefined ? undefined : known.get(parent_id);
  return answered !== undefined && answered.sender === undefined;
}

/** Nobody is told who took a message back; its author stands in, so that a stranger's is refused as the stranger's message was. */
function recallUpdates({ event: { message_id: messageId, chat_id: chat, recall_time }, at, context }: Fact): Update[] {
  if (messageId === undefined || chat === undefined) return [];
  const message = context.known.get(messageId);
  return [
    {
      type: "deletion",
      key: `del:${chat}:${messageId}`,
      address: addressOf(chat, context, message?.thread),
      sender: { id: message?.sender ?? `unknown:${chat}` },
      direct: message?.direct ?? false,
      at: millis(recall_time) || at,
      messageId,
    },
  ];
}

/** The event does not say where the message stands; one that nobody remembers has no place. */
function reactionUpdates({ id, event, at, context }: Fact, removed: boolean): Update[] {
  const { message_id: messageId, reaction_type: reaction, operator_type: by, user_id: ids, action_time } = event;
  const person = personOf(ids, context);
  const message = messageId === undefined ? undefined : context.known.get(messageId);
  if (messageId === undefined || message === undefined || person === undefined || by !== "user" || reaction?.emoji_type === undefined) return [];
  return [
    {
      type: "reaction",
      key: `reaction:${id}`,
      address: addressOf(message.conversation, context, message.thread),
      sender: { id: person },
      direct: message.direct,
      at: millis(action_time) || at,
      messageId,
      emoji: `:${reaction.emoji_type}:`,
      removed,
    },
  ];
}

/** A card that was forwarded keeps its buttons' values; pressed elsewhere than where it was sent to they answer nothing (sec-35). */
function pressUpdates({ id, event: { operator, action, context: where }, at, context }: Fact): Update[] {
  const value = buttonValue(action?.value);
  const person = personOf(operator, context);
  const { open_chat_id: chat, open_message_id: messageId } = where ?? {};
  if (value === undefined || person === undefined || chat === undefined || messageId === undefined) return [];
  const here = value.chat.startsWith("oc_") ? value.chat === chat : [operator?.open_id, operator?.union_id].includes(value.chat);
  if (!here) return [];
  return [
    {
      type: "press",
      key: `press:${id}`,
      address: addressOf(chat, context, value.thread),
      sender: { id: person },
      direct: value.direct,
      at,
      messageId,
      data: value.data,
    },
  ];
}

function buttonValue(value: unknown): ButtonValue | undefined {
  const { data, chat, direct, thread } = (typeof value === "object" ? (value ?? {}) : {}) as Partial<Record<keyof ButtonValue, unknown>>;
  if (typeof data !== "string" || typeof chat !== "string" || typeof direct !== "boolean") return undefined;
  return { data, chat, direct, ...(typeof thread === "string" ? { thread } : {}) };
}

function memberUpdates({ id, event: { chat_id: chat }, at, context }: Fact, people: readonly (WireId | undefined)[], change: "joined" | "left"): Update[] {
  if (chat === undefined) return [];
  return people.flatMap((ids): Update[] => {
    const person = personOf(ids, context);
    if (person === undefined) return [];
    return [{ type: "membership", key: `member:${id}:${person}`, address: addressOf(chat, context), sender: { id: person }, direct: false, at, change }];
  });
}

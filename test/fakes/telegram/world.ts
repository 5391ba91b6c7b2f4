import type { Chat, Message, Update, User } from "@grammyjs/types";
import type { FakeState } from "./state.ts";

export interface Person {
  readonly id: number;
  readonly first_name?: string;
  readonly username?: string;
  readonly is_bot?: boolean;
}

export interface Said {
  /** Default: the sender's private chat. A negative number is a group (made on first use). */
  readonly chat?: number;
  /** Default: user 42 "Ada". */
  readonly from?: number | Person;
  readonly text?: string;
  /** Message to answer. */
  readonly replyTo?: number;
  /** Forum topic. */
  readonly thread?: number;
  /** Any further fields of the Bot API message, e.g. `{ location: {...} }`. */
  readonly extra?: Record<string, unknown>;
}

const DEFAULT_UPDATES_WITHOUT = ["chat_member", "message_reaction", "message_reaction_count"];

/** What people do in the fake world. Each adds the update that Telegram would send and returns what it made. */
export interface World {
  /** Makes a chat known, so that the bot may write there. `say` does it too. */
  addChat(chat: { id: number; type?: "private" | "group" | "supergroup" | "channel"; title?: string; forum?: boolean }): Chat;
  say(said: Said): Message;
  edit(message: Pick<Message, "message_id" | "chat">, text: string): Message;
  photo(said: Said & { bytes: Uint8Array; caption?: string }): Message;
  document(said: Said & { bytes: Uint8Array; name: string; type?: string; caption?: string; /** Claimed size. */ size?: number }): Message;
  voice(said: Said & { bytes: Uint8Array }): Message;
  /** @returns the callback query's id. */
  press(press: { chat: number; messageId: number; from?: number | Person; data: string }): string;
  react(reaction: { chat: number; messageId: number; from?: number | Person; emoji?: string; before?: string }): void;
  vote(vote: { pollId: string; from?: number | Person; options: number[] }): void;
  /** The bot itself joins or leaves a chat, or is blocked. */
  membership(change: { chat: number; from?: number | Person; before: string; now: string }): void;
  /** Any update as it is, without its id. */
  raw(update: Omit<Update, "update_id"> | Record<string, unknown>): Update | undefined;
}

export function createWorld(state: FakeState): World {
  const raw: World["raw"] = (update) => {
    const kind = Object.keys(update).find((key) => key !== "update_id") ?? "";
    // allowed_updates filters when the update is made, not when it is fetched (Bot API, getUpdates).
    const wanted =
      state.allowed === undefined || state.allowed.length === 0 ? !DEFAULT_UPDATES_WITHOUT.includes(kind) : state.allowed.includes(kind) || !(kind in KINDS);
    if (!wanted) return undefined;
    const added = state.queue.add(update as Omit<Update, "update_id">);
    state.pump();
    return added;
  };
  const addChat: World["addChat"] = ({ id, type = id > 0 ? "private" : "supergroup", title, forum }) => {
    const known = state.chats.get(String(id));
    if (known !== undefined) return known;
    const chat = (
      type === "private" ? { id, type, first_name: `User ${id}` } : { id, type, title: title ?? `Group ${id}`, ...(forum ? { is_forum: true } : {}) }
    ) as Chat;
    state.chats.set(String(id), chat);
    return chat;
  };
  const make = (said: Said, content: Record<string, unknown>): Message => {
    const from = userOf(said.from);
    const chat = addChat({ id: said.chat ?? from.id });
    const replied =
      said.replyTo === undefined ? undefined : state.messages.find((one) => one.chat === String(chat.id) && one.message.message_id === said.replyTo)?.message;
    const message = {
      message_id: state.nextMessageId++,
      from,
      chat,
      date: state.seconds(),
      ...(said.thread === undefined ? {} : { message_thread_id: said.thread, is_topic_message: true }),
      ...(replied === undefined ? {} : { reply_to_message: replied }),
      ...content,
      ...said.extra,
    } as unknown as Message;
    state.messages.push({ chat: String(chat.id), message, byBot: false, edits: [] });
    raw({ [chat.type === "channel" ? "channel_post" : "message"]: message });
    return message;
  };
  const text = (name: "text" | "caption", value: string | undefined): Record<string, unknown> => {
    if (value === undefined) return {};
    const entities = entitiesOf(value);
    return { [name]: value, ...(entities.length === 0 ? {} : { [name === "text" ? "entities" : "caption_entities"]: entities }) };
  };
  const file = (bytes: Uint8Array, folder: string, info: { name?: string; type?: string; size?: number } = {}) => {
    const id = state.addFile(bytes, { folder, ...info });
    if (info.size !== undefined) state.files.get(id)!.size = info.size;
    return { file_id: id, file_unique_id: `u${id}`, file_size: info.size ?? bytes.length };
  };
  return {
    addChat,
    raw,
    say: (said) => make(said, text("text", said.text)),
    edit(message, changed) {
      const stored = state.messages.find((one) => one.chat === String(message.chat.id) && one.message.message_id === message.message_id);
      if (stored === undefined) throw new Error("no such message");
      stored.edits.push(changed);
      stored.message = { ...stored.message, ...text("text", changed), edit_date: state.seconds() + stored.edits.length } as Message;
      raw({ edited_message: stored.message });
      return stored.message;
    },
    photo: ({ bytes, caption, ...said }) => {
      const large = file(bytes, "photos", { name: "file.jpg", type: "image/jpeg" });
      return make(said, {
        photo: [
          { ...large, file_id: `${large.file_id}s`, width: 90, height: 60 },
          { ...large, width: 900, height: 600 },
        ],
        ...text("caption", caption),
      });
    },
    document: ({ bytes, name, type = "application/octet-stream", caption, size, ...said }) =>
      make(said, {
        document: { ...file(bytes, "documents", { name, type, ...(size === undefined ? {} : { size }) }), file_name: name, mime_type: type },
        ...text("caption", caption),
      }),
    voice: ({ bytes, ...said }) =>
      make(said, { voice: { ...file(bytes, "voice", { name: "file.oga", type: "audio/ogg" }), duration: 2, mime_type: "audio/ogg" } }),
    press({ chat, messageId, from, data }) {
      const id = String(7_000_000_000 + state.nextMessageId++);
      state.presses.add(id);
      const message = state.messages.find((one) => one.chat === String(chat) && one.message.message_id === messageId)?.message;
      raw({
        callback_query: {
          id,
          from: userOf(from),
          chat_instance: "1",
          data,
          message: message ?? { message_id: messageId, chat: addChat({ id: chat }), date: 0 },
        },
      });
      return id;
    },
    react({ chat, messageId, from, emoji, before }) {
      const list = (one?: string) => (one === undefined ? [] : [{ type: "emoji", emoji: one }]);
      raw({
        message_reaction: {
          chat: addChat({ id: chat }),
          message_id: messageId,
          user: userOf(from),
          date: state.seconds(),
          old_reaction: list(before),
          new_reaction: list(emoji),
        },
      });
    },
    vote: ({ pollId, from, options }) =>
      void raw({ poll_answer: { poll_id: pollId, user: userOf(from), option_ids: options, option_persistent_ids: options.map(String) } }),
    membership({ chat, from, before, now }) {
      const member = (status: string) => ({ status, user: state.me });
      raw({
        my_chat_member: {
          chat: addChat({ id: chat }),
          from: userOf(from),
          date: state.seconds(),
          old_chat_member: member(before),
          new_chat_member: member(now),
        },
      });
    },
  };
}

const KINDS = Object.fromEntries(
  [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "poll_answer",
    "message_reaction",
    "my_chat_member",
    ...DEFAULT_UPDATES_WITHOUT,
  ].map((kind) => [kind, true]),
);

function userOf(from: number | Person = 42): User {
  const person: Person = typeof from === "number" ? { id: from, first_name: from === 42 ? "Ada" : `User ${from}` } : from;
  return { is_bot: false, first_name: `User ${person.id}`, ...person } as User;
}

/** The entities that Telegram finds by itself. */
function entitiesOf(text: string): { type: string; offset: number; length: number }[] {
  const found: { type: string; offset: number; length: number }[] = [];
  for (const match of text.matchAll(/(^|\s)(\/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?)/g))
    found.push({ type: "bot_command", offset: match.index + match[1]!.length, length: match[2]!.length });
  for (const match of text.matchAll(/(^|[^\w/@])(@[A-Za-z0-9_]{4,32})/g))
    found.push({ type: "mention", offset: match.index + match[1]!.length, length: match[2]!.length });
  return found.toSorted((a, b) => a.offset - b.offset);
}

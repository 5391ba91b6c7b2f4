import type { Chat, Message, User } from "@grammyjs/types";
import { EntityError, parseHtml, type ParsedText } from "./html.ts";
import type { Args, UploadedFile } from "./request.ts";
import type { FakeState, StoredMessage } from "./state.ts";

/** An answer `ok: false`. */
export class Refusal extends Error {
  readonly code: number;
  readonly parameters: Record<string, unknown> | undefined;
  constructor(code: number, description: string, parameters?: Record<string, unknown>) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

const bad = (why: string, parameters?: Record<string, unknown>) => new Refusal(400, `Bad Request: ${why}`, parameters);

/** Every method but getUpdates, lower-case. Unknown ones are 404, as on the real server. */
export const METHODS: Record<string, (state: FakeState, args: Args) => unknown> = {
  getme: (state) => state.me,
  getwebhookinfo: (state) => ({
    url: state.webhook?.url ?? "",
    has_custom_certificate: false,
    pending_update_count: state.queue.pending.length,
    ...state.webhookError,
    ...(state.allowed === undefined ? {} : { allowed_updates: state.allowed }),
  }),
  setwebhook(state, args) {
    state.queue.interrupt("Conflict: terminated by setWebhook request");
    state.webhook =
      args.url === "" || args.url === undefined
        ? undefined
        : { url: String(args.url), secret: args.secret_token === undefined ? undefined : String(args.secret_token) };
    if (args.allowed_updates !== undefined) state.allowed = args.allowed_updates as string[];
    if (args.drop_pending_updates === true) state.queue.pending.length = 0;
    state.pump();
    return true;
  },
  deletewebhook(state, args) {
    state.webhook = undefined;
    if (args.drop_pending_updates === true) state.queue.pending.length = 0;
    return true;
  },
  setmycommands(state, args) {
    state.commands = args.commands as typeof state.commands;
    return true;
  },
  sendchataction: (state, args) => (target(state, args), true),
  answercallbackquery(state, args) {
    if (!state.presses.delete(String(args.callback_query_id))) throw bad("query is too old and response timeout expired or query ID is invalid");
    return true;
  },
  sendmessage: (state, args) => post(state, args, { ...plainLinks(state, args), ...keyboardOf(args) }),
  sendphoto: (state, args) => post(state, args, { ...captionOf(state, args), photo: [{ ...file(state, args.photo, "photos"), width: 100, height: 100 }] }),
  senddocument: (state, args) => post(state, args, { ...captionOf(state, args), document: file(state, args.document, "documents") }),
  sendvoice: (state, args) => post(state, args, { ...captionOf(state, args), voice: { ...file(state, args.voice, "voice"), duration: 1 } }),
  sendaudio: (state, args) => post(state, args, { ...captionOf(state, args), audio: { ...file(state, args.audio, "music"), duration: 1 } }),
  sendvideo: (state, args) =>
    post(state, args, { ...captionOf(state, args), video: { ...file(state, args.video, "videos"), width: 1, height: 1, duration: 1 } }),
  sendsticker: (state, args) => post(state, args, { sticker: file(state, args.sticker, "stickers") }),
  sendlocation: (state, args) => post(state, args, { location: { latitude: args.latitude, longitude: args.longitude } }),
  sendvenue(state, args) {
    const location = { latitude: args.latitude, longitude: args.longitude };
    return post(state, args, { location, venue: { location, title: args.title, address: args.address } });
  },
  sendcontact: (state, args) => post(state, args, { contact: { phone_number: args.phone_number, first_name: args.first_name } }),
  sendpoll(state, args) {
    const options = args.options as { text: string }[];
    const { length } = String(args.question ?? "").trim();
    if (length < 1 || length > 300) throw bad("poll question must be non-empty");
    if (options.length < 2 || options.length > 12) throw bad("poll must have from 2 to 12 options");
    return post(state, args, {
      poll: {
        allows_multiple_answers: args.allows_multiple_answers === true,
        id: `poll${state.nextMessageId}`,
        question: args.question,
        options: options.map(({ text }) => ({ text, voter_count: 0 })),
        is_anonymous: args.is_anonymous !== false,
      },
    });
  },
  editmessagetext(state, args) {
    const chat = target(state, args);
    const stored = state.messages.find((one) => one.chat === String(chat.id) && one.message.message_id === Number(args.message_id));
    if (stored === undefined) throw bad("message to edit not found");
    if (!stored.byBot) throw bad("message can't be edited");
    const text = plainLinks(state, args);
    if (JSON.stringify([text.text, text.entities ?? []]) === JSON.stringify([stored.message.text, stored.message.entities ?? []])) {
      throw bad(
        "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
      );
    }
    stored.edits.push(text.text!);
    const { entities: _, ...rest } = stored.message;
    stored.message = { ...rest, ...text, edit_date: state.seconds() } as Message;
    return stored.message;
  },
  editmessagereplymarkup(state, args) {
    const chat = target(state, args);
    const stored = state.messages.find((one) => one.chat === String(chat.id) && one.message.message_id === Number(args.message_id));
    if (stored === undefined) throw bad("message to edit not found");
    const { reply_markup: _, ...rest } = stored.message as Message & { reply_markup?: unknown };
    const keyboard = (args.reply_markup as { inline_keyboard?: unknown[] } | undefined)?.inline_keyboard ?? [];
    stored.message = { ...rest, ...(keyboard.length > 0 && { reply_markup: args.reply_markup }) } as Message;
    return stored.message;
  },
  deletemessage(state, args) {
    const stored = messageOf(state, args, "message to delete not found");
    // A bot without rights deletes what people wrote in no private chat's history but its own (Bot API, deleteMessage).
    if (!stored.byBot && Number(stored.chat) < 0 && !state.admin.has(stored.chat)) throw bad("message can't be deleted");
    state.messages.splice(state.messages.indexOf(stored), 1);
    return true;
  },
  setmessagereaction(state, args) {
    const stored = messageOf(state, args, "message to react not found");
    const reaction = args.reaction as { type: string; emoji: string }[];
    if (reaction.length > 1) throw bad("REACTIONS_TOO_MANY");
    if (reaction.some(({ type, emoji }) => type !== "emoji" || !REACTIONS.has(emoji))) throw bad("REACTION_INVALID");
    stored.reactions = reaction.map(({ emoji }) => emoji);
    return true;
  },
  pinchatmessage(state, args) {
    const stored = messageOf(state, args, "message to pin not found");
    if (Number(stored.chat) < 0 && !state.admin.has(stored.chat)) throw bad("not enough rights to manage pinned messages in the chat");
    if (args.disable_notification !== true) state.violations.push(`everybody in chat ${stored.chat} was notified of a pin`);
    stored.pinned = true;
    return true;
  },
  unpinchatmessage(state, args) {
    messageOf(state, args, "message to unpin not found").pinned = false;
    return true;
  },
  getfile(state, args) {
    const found = state.files.get(String(args.file_id));
    if (found === undefined) throw bad("wrong file_id or the file is temporarily unavailable");
    if (found.size > 20_000_000) throw bad("file is too big");
    return { file_id: args.file_id, file_unique_id: `u${String(args.file_id)}`, file_size: found.size, file_path: found.path };
  },
};

/** Text whose links the platform must not open by itself: a preview tells whoever owns the link's host (sec-88). */
function plainLinks(state: FakeState, args: Args): ReturnType<typeof textOf> {
  const preview = args.link_preview_options as { is_disabled?: boolean } | undefined;
  if (preview?.is_disabled !== true) state.violations.push(`a text for chat ${String(args.chat_id)} was sent with link previews on`);
  return textOf(state, args, "text");
}

/** Some of those that bots may use (Bot API, ReactionTypeEmoji). */
const REACTIONS = new Set(["👍", "👎", "❤", "🔥", "🎉", "👀"]);

function messageOf(state: FakeState, args: Args, otherwise: string): StoredMessage {
  const chat = target(state, args);
  const stored = state.messages.find((one) => one.chat === String(chat.id) && one.message.message_id === Number(args.message_id));
  if (stored === undefined) throw bad(otherwise);
  return stored;
}

/** The chat a call is for, if the bot may write there now. */
function target(state: FakeState, args: Args): Chat {
  const id = String(args.chat_id);
  const chat = state.chats.get(id);
  if (chat === undefined) throw bad("chat not found");
  const movedTo = state.migrated.get(id);
  if (movedTo !== undefined) throw bad("group chat was upgraded to a supergroup chat", { migrate_to_chat_id: Number(movedTo) });
  if (state.blocked.has(id))
    throw new Refusal(403, chat.type === "private" ? "Forbidden: bot was blocked by the user" : "Forbidden: bot was kicked from the group chat");
  const flood = state.floods.get(id);
  if (flood !== undefined && flood.until > state.now()) {
    const left = Math.max(1, Math.ceil((flood.until - state.now()) / 1000));
    if (flood.told) state.violations.push(`called for chat ${id} ${left} s before its retry_after had passed`);
    flood.told = true;
    throw new Refusal(429, `Too Many Requests: retry after ${left}`, { retry_after: left });
  }
  if (args.message_thread_id !== undefined && !("is_forum" in chat && chat.is_forum)) throw bad("message thread not found");
  return chat;
}

function post(state: FakeState, args: Args, content: Partial<Record<keyof Message, unknown>>): Message {
  const chat = target(state, args);
  const reply = args.reply_parameters as { message_id: number; allow_sending_without_reply?: boolean } | undefined;
  const replied = reply === undefined ? undefined : state.messages.find((one) => one.chat === String(chat.id) && one.message.message_id === reply.message_id);
  if (reply !== undefined && replied === undefined && reply.allow_sending_without_reply !== true) throw bad("message to be replied not found");
  const message = {
    message_id: state.nextMessageId++,
    from: state.me as User,
    chat,
    date: state.seconds(),
    ...(replied === undefined ? {} : { reply_to_message: replied.message }),
    ...(args.message_thread_id === undefined ? {} : { message_thread_id: Number(args.message_thread_id), is_topic_message: true }),
    ...content,
  } as Message;
  const stored: StoredMessage = { chat: String(chat.id), message, byBot: true, edits: [] };
  state.messages.push(stored);
  return message;
}

function textOf(_state: FakeState, args: Args, name: string): { text?: string; entities?: ParsedText["entities"] } {
  const parsed = parse(args, name);
  const text = parsed.text.trim();
  if (text === "") throw bad("message text is empty");
  if (parsed.text.length > 4096) throw bad("message is too long");
  return { text, ...(parsed.entities.length === 0 ? {} : { entities: parsed.entities }) };
}

/** Bot API, InlineKeyboardButton: callback_data has 1 to 64 bytes. */
function keyboardOf(args: Args): { reply_markup?: unknown } {
  const markup = args.reply_markup as { inline_keyboard?: { text: string; callback_data?: string }[][] } | undefined;
  if (markup === undefined) return {};
  for (const button of (markup.inline_keyboard ?? []).flat()) {
    const bytes = Buffer.byteLength(button.callback_data ?? "");
    if (bytes < 1 || bytes > 64) throw bad("BUTTON_DATA_INVALID");
  }
  return { reply_markup: markup };
}

function captionOf(_state: FakeState, args: Args): { caption?: string; caption_entities?: ParsedText["entities"] } {
  if (args.caption === undefined) return {};
  const parsed = parse(args, "caption");
  if (parsed.text.length > 1024) throw bad("message caption is too long");
  return { caption: parsed.text.trim(), ...(parsed.entities.length === 0 ? {} : { caption_entities: parsed.entities }) };
}

function parse(args: Args, name: string): ParsedText {
  const raw = String(args[name] ?? "");
  if (!raw.isWellFormed()) throw bad("strings must be encoded in UTF-8");
  if (args.parse_mode === undefined) return { text: raw, entities: [] };
  if (String(args.parse_mode).toLowerCase() !== "html") throw bad("unsupported parse_mode");
  try {
    return parseHtml(raw);
  } catch (error) {
    if (error instanceof EntityError) throw bad(`can't parse entities: ${error.message}`);
    throw error;
  }
}

function file(state: FakeState, given: unknown, folder: string): Record<string, unknown> {
  if (typeof given === "string") {
    const known = state.files.get(given);
    if (known === undefined) throw bad("wrong file identifier/HTTP URL specified");
    return { file_id: given, file_unique_id: `u${given}`, file_size: known.size };
  }
  const upload = given as UploadedFile | undefined;
  if (!(upload?.bytes instanceof Uint8Array)) throw bad(`there is no ${folder} in the request`);
  const id = state.addFile(upload.bytes, { folder, name: upload.name, type: upload.type });
  return { file_id: id, file_unique_id: `u${id}`, file_size: upload.bytes.length, file_name: upload.name, mime_type: upload.type };
}

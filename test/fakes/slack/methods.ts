import { blockFault } from "./read-blocks.ts";
import type { Block, Conversation, SlackState, StoredMessage } from "./state.ts";

/** Slack's `ok: false`. */
export class Refusal extends Error {
  readonly detail: string | undefined;
  constructor(error: string, detail?: string) {
    super(error);
    this.detail = detail;
  }
}

export type Args = Readonly<Record<string, string>>;
type Method = (state: SlackState, args: Args) => Record<string, unknown>;

function conversation(state: SlackState, id: string | undefined): Conversation {
  const found = state.conversations.get(id ?? "");
  if (found === undefined) throw new Refusal("channel_not_found");
  return found;
}

function own(state: SlackState, args: Args): StoredMessage {
  const message = conversation(state, args["channel"]).messages.find((one) => one.ts === args["ts"]);
  if (message === undefined) throw new Refusal("message_not_found");
  if (message.bot_id !== state.me.bot_id) throw new Refusal("cant_update_message");
  return message;
}

/** Some names that every workspace knows. */
const EMOJIS = new Set(["+1", "tada", "heart", "eyes"]);

function at(state: SlackState, args: Args): StoredMessage {
  const message = conversation(state, args["channel"]).messages.find((one) => one.ts === args["timestamp"]);
  if (message === undefined) throw new Refusal("message_not_found");
  return message;
}

/** Text and blocks as they are checked. Text in which Slack would read a mention is noted: nobody asked for one. */
function body(state: SlackState, args: Args): { text: string; blocks?: readonly Block[] } {
  const text = args["text"] ?? "";
  if (text.length > 40_000) throw new Refusal("msg_too_long");
  if (/<[!@#]/.test(text)) state.violations.push(`a mention in text: ${text.slice(0, 80)}`);
  if (/[<>]/.test(text) || /&(?!amp;|lt;|gt;)/.test(text)) state.violations.push(`text is not escaped: ${text.slice(0, 80)}`);
  if (args["blocks"] === undefined) {
    if (text.trim() === "") throw new Refusal("no_text");
    return { text };
  }
  const blocks = JSON.parse(args["blocks"]) as Block[];
  const fault = blockFault(blocks);
  if (fault !== undefined) throw new Refusal("invalid_blocks", fault);
  return { text, blocks };
}

const post: Method = (state, args) => {
  const to = conversation(state, args["channel"]);
  const said = body(state, args);
  if (args["unfurl_links"] !== "false" || args["unfurl_media"] !== "false") state.violations.push("chat.postMessage with unfurling");
  const metadata = args["metadata"] === undefined ? undefined : (JSON.parse(args["metadata"]) as StoredMessage["metadata"]);
  const nonce = metadata?.event_payload["nonce"];
  if (nonce === undefined) state.violations.push("chat.postMessage without a nonce");
  else if (to.messages.some((one) => one.metadata?.event_payload["nonce"] === nonce)) state.violations.push(`sent twice: ${String(nonce)}`);
  const thread = args["thread_ts"];
  if (thread !== undefined && !/^\d+\.\d+$/.test(thread)) throw new Refusal("invalid_thread_ts");
  const message: StoredMessage = {
    ts: state.ts(),
    user: state.me.user_id,
    bot_id: state.me.bot_id,
    ...said,
    ...(thread === undefined ? {} : { thread_ts: thread }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  to.messages.push(message);
  return { channel: to.id, ts: message.ts, message };
};

function page(messages: readonly StoredMessage[], args: Args): Record<string, unknown> {
  const metadata = args["include_all_metadata"] === "true";
  const since = Number(args["oldest"] ?? 0);
  const limit = Number(args["limit"] ?? 100);
  const from = Number(args["cursor"] || 0);
  const found = messages
    .filter((one) => Number(one.ts) > since)
    .map(({ metadata: own, ...one }) => (metadata && own !== undefined ? { ...one, metadata: own } : one));
  const more = from + limit < found.length;
  return { messages: found.slice(from, from + limit), has_more: more, response_metadata: { next_cursor: more ? String(from + limit) : "" } };
}

export const METHODS: Readonly<Record<string, Method>> = {
  "auth.test": (state) => ({ ...state.me, url: "https://fake.slack.com/" }),
  "apps.connections.open": (state) => ({ url: `${state.base().replace("http", "ws")}/link/?ticket=t-${state.ts()}&app_id=A1` }),
  "chat.postMessage": post,
  "chat.postEphemeral"(state, args) {
    const to = conversation(state, args["channel"]);
    state.ephemerals.push({ channel: to.id, user: args["user"]!, text: body(state, args).text });
    return { message_ts: state.ts() };
  },
  "chat.update"(state, args) {
    const message = own(state, args);
    const { text, blocks } = body(state, args);
    message.text = text;
    if (blocks === undefined) delete message.blocks;
    else message.blocks = blocks;
    message.edited = { user: state.me.user_id, ts: state.ts() };
    return { channel: args["channel"], ts: message.ts, text };
  },
  "chat.delete"(state, args) {
    const { messages } = conversation(state, args["channel"]);
    const message = messages.find((one) => one.ts === args["ts"]);
    if (message === undefined) throw new Refusal("message_not_found");
    // With a bot's token only what the bot has said (chat.delete).
    if (message.bot_id !== state.me.bot_id) throw new Refusal("cant_delete_message");
    messages.splice(messages.indexOf(message), 1);
    return { channel: args["channel"], ts: args["ts"] };
  },
  "reactions.add"(state, args) {
    const message = at(state, args);
    const name = args["name"] ?? "";
    if (!EMOJIS.has(name)) throw new Refusal("invalid_name");
    if (message.reactions?.includes(name) === true) throw new Refusal("already_reacted");
    message.reactions = [...(message.reactions ?? []), name];
    return {};
  },
  "reactions.remove"(state, args) {
    const message = at(state, args);
    if (message.reactions?.includes(args["name"] ?? "") !== true) throw new Refusal("no_reaction");
    message.reactions = message.reactions.filter((name) => name !== args["name"]);
    return {};
  },
  "pins.add"(state, args) {
    const message = at(state, args);
    if (message.pinned === true) throw new Refusal("already_pinned");
    message.pinned = true;
    return {};
  },
  "pins.remove"(state, args) {
    const message = at(state, args);
    if (message.pinned !== true) throw new Refusal("no_pin");
    message.pinned = false;
    return {};
  },
  "conversations.open"(state, { users: user = "" }) {
    if (!state.users.has(user)) throw new Refusal("user_not_found");
    const id = `D${user.slice(1)}`;
    if (!state.conversations.has(id)) state.conversations.set(id, { id, members: new Set([user]), messages: [] });
    return { channel: { id } };
  },
  "conversations.history": (state, args) => {
    const { messages } = conversation(state, args["channel"]);
    const roots = messages
      .filter((one) => one.thread_ts === undefined || one.thread_ts === one.ts)
      .map((one) => {
        const replies = messages.filter((reply) => reply.thread_ts === one.ts && reply.ts !== one.ts);
        return replies.length === 0 ? one : { ...one, reply_count: replies.length, latest_reply: replies.at(-1)!.ts };
      });
    return page(roots.toReversed(), args);
  },
  "conversations.replies": (state, args) => {
    const { messages } = conversation(state, args["channel"]);
    return page(
      messages.filter((one) => one.ts === args["ts"] || one.thread_ts === args["ts"]),
      args,
    );
  },
  "users.conversations": (state) => ({ channels: [...state.conversations.keys()].map((id) => ({ id })), response_metadata: { next_cursor: "" } }),
  "users.info": (state, { user = "" }) => {
    const name = state.users.get(user);
    if (name === undefined) throw new Refusal("user_not_found");
    return { user: { id: user, name: name.toLowerCase(), profile: { display_name: name, real_name: `${name} Real` } } };
  },
  "assistant.threads.setStatus": (state, args) => {
    state.statuses.push({ channel_id: args["channel_id"]!, thread_ts: args["thread_ts"]!, status: args["status"]! });
    return {};
  },
  "files.getUploadURLExternal": (state, { filename = "", length = "" }) => {
    if (filename === "" || !(Number(length) > 0)) throw new Refusal("invalid_arguments");
    const id = `F${state.files.size + 1}UP`;
    state.files.set(id, { id, name: filename, mimetype: "application/octet-stream", bytes: Buffer.alloc(0), length: Number(length), shares: [] });
    return { upload_url: `${state.base()}/upload/v1/${id}`, file_id: id };
  },
  "files.completeUploadExternal": (state, args) => {
    const files = JSON.parse(args["files"] ?? "[]") as { id: string; title?: string }[];
    const to = conversation(state, args["channel_id"]);
    for (const { id } of files) {
      const file = state.files.get(id);
      if (file === undefined || file.bytes.length !== file.length) throw new Refusal("file_not_found");
      if (file.shares.length > 0) state.violations.push(`shared twice: ${id}`);
      file.shares.push(to.id);
      const thread = args["thread_ts"];
      to.messages.push({
        ts: state.ts(),
        user: state.me.user_id,
        bot_id: state.me.bot_id,
        text: "",
        files: [{ id, name: file.name }],
        ...(thread === undefined ? {} : { thread_ts: thread }),
      });
    }
    return { files };
  },
  "files.info": (state, { file: id = "" }) => {
    const file = state.files.get(id);
    if (file === undefined) throw new Refusal("file_not_found");
    const url = `${state.base()}/files-pri/T1-${id}/download/${encodeURIComponent(file.name)}`;
    const shares = Object.fromEntries(file.shares.map((channel) => [channel, [{ ts: "1.1" }]]));
    return { file: { id, name: file.name, mimetype: file.mimetype, size: file.length, url_private_download: url, shares: { private: shares } } };
  },
};

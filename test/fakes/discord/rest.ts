import type { IncomingMessage, ServerResponse } from "node:http";
import type { FakeChannel, FakeMessage, FakeState, Json } from "./state.ts";

class Refusal {
  readonly status: number;
  readonly body: Json;

  constructor(status: number, code: number, message: string) {
    this.status = status;
    this.body = { code, message };
  }
}

/** A form that Discord will not take: which field it is stands beside the message, never in it (Reference, Error Messages). */
function invalid(field: string, code: string, message: string): Refusal {
  const refusal = new Refusal(400, 50035, "Invalid Form Body");
  let inner: Json = { _errors: [{ code, message }] };
  for (const name of field.split(".").toReversed()) inner = { [name]: inner };
  refusal.body["errors"] = inner;
  return refusal;
}

/** The REST API below /api/v10, and the files that were sent with messages below /files. */
export async function answerRest(state: FakeState, request: IncomingMessage, response: ServerResponse, base: () => string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? "/", "http://fake");
  if (url.pathname.startsWith("/files/")) {
    if (request.headers.authorization !== undefined) state.violations.push("the token was sent to the file host");
    const file = state.files.get(url.pathname);
    state.calls.push({ method: "GET", path: url.pathname, body: undefined, at: state.clock.monotonic() });
    return void response.writeHead(file === undefined ? 404 : 200).end(file);
  }
  const method = request.method ?? "GET";
  const path = url.pathname.replace(/^\/api\/v10/, "");
  const { body, file } = readBody(Buffer.concat(chunks), request.headers["content-type"] ?? "");
  state.calls.push({ method, path, body, at: state.clock.monotonic() });
  if (request.headers["user-agent"]?.startsWith("DiscordBot (") !== true) state.violations.push("no valid user agent");
  const fault = state.faults.findIndex((one) => one.method === method && one.path.test(path));
  const [broken] = fault < 0 ? [] : state.faults.splice(fault, 1);
  const reply = (status: number, answer?: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(answer === undefined ? undefined : JSON.stringify(answer));
  };
  try {
    if (broken?.status !== undefined) return reply(broken.status, broken.body ?? { code: 0, message: "broken" }, broken.headers);
    if (state.refusing || (!path.startsWith("/interactions/") && request.headers.authorization !== `Bot ${state.token}`))
      throw new Refusal(401, 0, "401: Unauthorized");
    const answer = handle(state, { method, path, query: url.searchParams, body, file }, base);
    if (broken?.drop === true) return void request.socket.destroy();
    reply(answer === undefined ? 204 : 200, answer);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    reply(error.status, error.body);
  } finally {
    state.changed();
  }
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Json | undefined;
  readonly file: { readonly name: string; readonly bytes: Uint8Array } | undefined;
}

function handle(state: FakeState, call: Call, base: () => string): unknown {
  const route = `${call.method} ${call.path}`;
  if (route === "GET /users/@me") return state.me;
  if (route === "GET /gateway/bot")
    return { url: base().replace("http", "ws"), shards: 1, session_start_limit: { total: 1000, remaining: 999, reset_after: 0, max_concurrency: 1 } };
  if (/^PUT \/applications\/\d+\/commands$/.test(route)) return call.body;
  const interaction = /^POST \/interactions\/(\d+)\/[^/]+\/callback$/.exec(route);
  if (interaction) return void state.interactionAnswers.push({ id: interaction[1]!, body: call.body! });
  const [, method, id = "", rest = ""] = /^(\w+) \/channels\/(\d+)(\/.*)?$/.exec(route) ?? [];
  const channel = state.channels.get(id);
  if (method === undefined || channel === undefined) throw new Refusal(404, 10003, "Unknown Channel");
  if (method === "GET" && rest === "") return { ...channel, messages: undefined };
  if (method === "POST" && rest === "/typing") return undefined;
  if (method === "GET" && rest === "/messages") return history(channel, call.query);
  if (method === "POST" && rest === "/messages") return post(state, channel, call, base);
  const [, pinned] = /^\/messages\/pins\/(\d+)$/.exec(rest) ?? [];
  const [, named, reaction, emoji = ""] = /^\/messages\/(\d+)(?:\/(threads|reactions\/([^/]+)\/@me))?$/.exec(rest) ?? [];
  const message = channel.messages.find(({ id: one }) => one === (pinned ?? named));
  if (message === undefined) throw new Refusal(404, 10008, "Unknown Message");
  if (pinned !== undefined) return void (message.pinned = method === "PUT");
  if (reaction === "threads" && method === "POST") return thread(state, channel, message, call.body ?? {});
  if (reaction !== undefined) return void react(message, method, decodeURIComponent(emoji));
  if (method === "DELETE") {
    channel.messages.splice(channel.messages.indexOf(message), 1);
    return void state.dispatch("MESSAGE_DELETE", { id: message.id, channel_id: channel.id, guild_id: channel.guild_id });
  }
  if (method !== "PATCH") throw new Refusal(405, 0, "405: Method Not Allowed");
  check(state, call.body!);
  Object.assign(message, call.body, { content: String(call.body!["content"]).trim(), edited_timestamp: new Date().toISOString() });
  state.dispatch("MESSAGE_UPDATE", { ...message, guild_id: channel.guild_id });
  return message;
}

function react(message: FakeMessage, method: string, emoji: string): void {
  if (!/^\p{Extended_Pictographic}\ufe0f?$/u.test(emoji)) throw new Refusal(400, 10014, "Unknown Emoji");
  const others = (message.reacted ?? []).filter((one) => one !== emoji);
  message.reacted = method === "PUT" ? [...others, emoji] : others;
}

function thread(state: FakeState, channel: FakeChannel, message: FakeMessage, { name }: Json): unknown {
  if (channel.type !== 0) throw new Refusal(400, 50024, "Cannot execute action on this channel type");
  if (state.channels.has(message.id)) throw new Refusal(400, 160004, "A thread has already been created for this message");
  if (typeof name !== "string" || name.length < 1 || name.length > 100) throw invalid("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.");
  const made: FakeChannel = { id: message.id, type: 11, guild_id: channel.guild_id!, parent_id: channel.id, messages: [] };
  state.channels.set(made.id, made);
  state.dispatch("THREAD_CREATE", { ...made, messages: undefined, name });
  return { ...made, messages: undefined, name };
}

function checkPoll({ question, answers }: { question?: { text?: string }; answers?: { poll_media?: { text?: string } }[] }): void {
  if (!question?.text || question.text.length > 300) throw invalid("poll.question.text", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 300 in length.");
  const texts = (answers ?? []).map(({ poll_media: media }) => media?.text ?? "");
  if (texts.length < 2 || texts.length > 10 || texts.some((text) => text === "" || text.length > 55))
    throw invalid("poll.answers.0.poll_media.text", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 55 in length.");
}

/** Newest first, as Discord's; nonces are not in it. */
function history(channel: FakeChannel, query: URLSearchParams): unknown {
  const after = BigInt(query.get("after") ?? "0");
  const limit = Number(query.get("limit") ?? "50");
  const found = channel.messages.filter((message) => BigInt(message.id) > after).slice(0, limit);
  return found.toReversed().map((message) => ({ ...message, nonce: undefined, guild_id: undefined }));
}

function check(state: FakeState, body: Json): void {
  const content = String(body["content"] ?? "");
  if ([...content].length > 2_000) throw invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.");
  if ((Number(body["flags"] ?? 0) & 4) === 0) state.violations.push("link previews are on");
  const mentions = body["allowed_mentions"] as { parse?: unknown[] } | undefined;
  if (mentions?.parse?.length !== 0) state.violations.push("mentions ping");
}

/** Message Types: USER_JOIN. */
const JOINED = 7;

function post(state: FakeState, channel: FakeChannel, { body: given = {}, file }: Call, base: () => string): FakeMessage {
  let body = given;
  if (body["poll"] !== undefined) {
    checkPoll(body["poll"] as object);
    const asked = body["poll"] as { answers: Json[] };
    body = { ...body, poll: { ...asked, answers: asked.answers.map((answer, index) => ({ ...answer, answer_id: index + 1 })) } };
    body = { nonce: state.nextId(), enforce_nonce: true, flags: 4, ...body };
  }
  check(state, body);
  const { nonce } = body;
  if (body["enforce_nonce"] !== true || typeof nonce !== "string") state.violations.push("a message without an enforced nonce");
  if (String(nonce).length > 25) throw invalid("nonce", "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length.");
  const content = String(body["content"] ?? "").trim();
  const answered = (body["message_reference"] as { message_id?: string } | undefined)?.message_id;
  if (answered !== undefined && channel.messages.find(({ id }) => id === answered)?.["type"] === JOINED)
    throw invalid("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to a system message");
  if (content === "" && file === undefined && body["poll"] === undefined) throw new Refusal(400, 50006, "Cannot send an empty message");
  const known = state.nonces.get(`${channel.id}:${String(nonce)}`);
  if (known !== undefined) return known;
  const id = state.nextId();
  const attachments: Json[] = [];
  if (file !== undefined) {
    state.files.set(`/files/${id}/${file.name}`, file.bytes);
    attachments.push({ id: state.nextId(), filename: file.name, size: file.bytes.length, url: `${base()}/files/${id}/${file.name}` });
  }
  const message: FakeMessage = {
    ...body,
    id,
    channel_id: channel.id,
    author: state.me,
    content,
    attachments,
    timestamp: new Date().toISOString(),
    type: body["message_reference"] ? 19 : 0,
  };
  channel.messages.push(message);
  state.nonces.set(`${channel.id}:${String(nonce)}`, message);
  state.dispatch("MESSAGE_CREATE", { ...message, guild_id: channel.guild_id });
  return message;
}

function readBody(bytes: Buffer, type: string): { body: Json | undefined; file: Call["file"] } {
  if (type.startsWith("application/json")) return { body: JSON.parse(bytes.toString()) as Json, file: undefined };
  const boundary = /boundary="?([^";]+)/.exec(type)?.[1];
  if (boundary === undefined) return { body: undefined, file: undefined };
  let body: Json | undefined;
  let file: Call["file"];
  for (const part of bytes.toString("latin1").split(`--${boundary}`)) {
    const end = part.indexOf("\r\n\r\n");
    const content = Buffer.from(part.slice(end + 4, -2), "latin1");
    const head = Buffer.from(part.slice(0, Math.max(0, end)), "latin1").toString();
    if (/name="payload_json"/.test(head)) body = JSON.parse(content.toString()) as Json;
    const name = /name="files\[0\]"; filename="([^"]*)"/.exec(head)?.[1];
    if (name !== undefined) file = { name, bytes: content };
  }
  return { body, file };
}

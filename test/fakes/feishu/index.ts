/** Feishu as far as a bot sees it: the open API, the persistent connection with its frames, and posts to a webhook, encrypted and signed; each event again until it is taken. */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { decodeFrame, encodeFrame, headerOf } from "../../../src/channels/feishu/frame.ts";
import { waitFor } from "../wait-for.ts";

export interface Fault {
  /** `POST /im/v1/messages`, as the beginning of method and path below /open-apis. */
  readonly call: string;
  readonly status?: number;
  readonly code?: number;
  readonly headers?: Record<string, string>;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
}

export interface FakeMessage {
  readonly id: string;
  readonly chat: string;
  readonly type: string;
  content: Card & { text?: string; image_key?: string; file_key?: string };
  readonly replyTo?: string;
  readonly inThread?: boolean;
  deleted?: boolean;
}

export interface Card {
  readonly schema?: string;
  readonly body?: { readonly elements: readonly CardElement[] };
}

export interface CardElement {
  readonly tag: string;
  readonly content?: string;
  readonly text?: { readonly content: string };
  readonly behaviors?: readonly { readonly value: Record<string, unknown> }[];
}

interface RequestBody {
  readonly app_id?: string;
  readonly app_secret?: string;
  readonly AppID?: string;
  readonly AppSecret?: string;
  readonly receive_id?: string;
  readonly msg_type?: string;
  readonly content?: string;
  readonly uuid?: string;
  readonly reply_in_thread?: boolean;
  readonly message_id?: string;
  readonly reaction_type?: { readonly emoji_type: string };
}

export const APP = "cli_a1b2c3d4e5f60708";
export const BOT = "ou_bot";
export const ANN = "ou_ann";
export const DIRECT = "oc_direct";
export const GROUP = "oc_group";

export type FakeFeishu = Awaited<ReturnType<typeof startFakeFeishu>>;

export async function startFakeFeishu({ secret, encryptKey }: { secret: string; encryptKey: string }) {
  const messages: FakeMessage[] = [];
  const faults: Fault[] = [];
  const calls: { call: string; body: RequestBody }[] = [];
  const tokens: string[] = [];
  const uuids = new Map<string, FakeMessage>();
  const reactions: { id: string; message: string; emoji: string; by: string }[] = [];
  const pins = new Set<string>();
  const files = new Map<string, { bytes: Buffer; type: string }>();
  const chats = new Map<string, "p2p" | "group">([
    [DIRECT, "p2p"],
    [GROUP, "group"],
  ]);
  const sockets = new Set<WebSocket>();
  const watchers = new Set<() => void>();
  const waiting: object[] = [];
  const toasts: unknown[] = [];
  const answers: number[] = [];
  const state = { hook: undefined as string | undefined, deaf: false, pieces: 1, pings: 0 };
  const acks = new Map<string, (code: number) => void>();
  let refused = false;
  let closed = false;
  let handing: Promise<void> | undefined;
  let taken = 0;
  let ids = 0;
  const changed = () => watchers.forEach((watch) => watch());
  const newId = (prefix: string) => `${prefix}_${(ids += 1)}${randomBytes(8).toString("hex")}`;

  const encrypt = (body: object): string => {
    const iv = randomBytes(16);
    const cipher = createCipheriv("aes-256-cbc", createHash("sha256").update(encryptKey).digest(), iv);
    return JSON.stringify({ encrypt: Buffer.concat([iv, cipher.update(JSON.stringify(body)), cipher.final()]).toString("base64") });
  };
  const signedHeaders = (body: string): Record<string, string> => {
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const nonce = randomBytes(4).toString("hex");
    const signature = createHash("sha256")
      .update(timestamp + nonce + encryptKey + body)
      .digest("hex");
    return { "x-lark-request-timestamp": timestamp, "x-lark-request-nonce": nonce, "x-lark-signature": signature };
  };
  const postRaw = (body: string, headers: Record<string, string> = signedHeaders(body), method = "POST") =>
    fetch(state.hook!, { method, headers: { "content-type": "application/json", ...headers }, ...(method === "GET" ? {} : { body }) });

  const overSocket = async (event: object): Promise<number> => {
    const socket = [...sockets][0];
    if (socket === undefined) return 0;
    const id = newId("frame");
    const payload = Buffer.from(JSON.stringify(event));
    const size = Math.ceil(payload.length / state.pieces);
    const answered = new Promise<number>((resolve) => {
      acks.set(id, resolve);
      socket.once("close", () => resolve(0));
    });
    for (let seq = 0; seq < state.pieces; seq += 1) {
      const headers = [
        ["type", "event"],
        ["message_id", id],
        ["sum", String(state.pieces)],
        ["seq", String(seq)],
      ] as const;
      socket.send(encodeFrame({ seqId: 1n, logId: 2n ** 63n, service: 7, method: 1, headers, payload: payload.subarray(seq * size, (seq + 1) * size) }));
    }
    return answered;
  };
  const overHook = async (event: object): Promise<number> => {
    const response = await postRaw(encrypt(event)).catch(() => undefined);
    const body = response === undefined ? "" : await response.text();
    if (body.includes("toast")) toasts.push(JSON.parse(body));
    return response?.status ?? 0;
  };
  /** One at a time, the next when the one before is taken. */
  const handOver = async () => {
    while (waiting.length > 0 && !closed) {
      const code = await (state.hook === undefined ? overSocket(waiting[0]!) : overHook(waiting[0]!));
      answers.push(code);
      if (code !== 200) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      waiting.shift();
      taken += 1;
      changed();
    }
    handing = undefined;
  };
  const dispatch = (type: string, event: object, eventId = newId("ev")) => {
    waiting.push({
      schema: "2.0",
      header: { event_id: eventId, event_type: type, create_time: String(Date.now()), token: "v", app_id: APP, tenant_key: "t" },
      event,
    });
    handing ??= handOver();
  };

  const problem = (code: number, msg: string) => ({ code, msg });
  const post = (chat: string, { msg_type = "", content = "{}", uuid, reply_in_thread }: RequestBody, replyTo?: string): [number, object] => {
    const parsed = JSON.parse(content) as FakeMessage["content"];
    const before = uuid === undefined ? undefined : uuids.get(uuid);
    if (before !== undefined) return [200, { code: 0, msg: "success", data: { message_id: before.id, chat_id: before.chat } }];
    if (content.length > 30_000) return [400, problem(230025, "The length of the message content reaches its limit.")];
    if (msg_type === "interactive" && (parsed.schema !== "2.0" || parsed.body?.elements.length === 0))
      return [400, problem(230099, "Failed to create card content.")];
    if (uuid !== undefined && uuid.length > 50) return [400, problem(230001, "uuid")];
    const message: FakeMessage = {
      id: newId("om"),
      chat,
      type: msg_type,
      content: parsed,
      ...(replyTo === undefined ? {} : { replyTo }),
      ...(reply_in_thread === undefined ? {} : { inThread: reply_in_thread }),
    };
    messages.push(message);
    if (uuid !== undefined) uuids.set(uuid, message);
    return [200, { code: 0, msg: "success", data: { message_id: message.id, chat_id: chat } }];
  };

  const handle = (method: string, url: URL, body: RequestBody, form: FormData | undefined): [number, object] | { bytes: Buffer; type: string } => {
    const path = url.pathname.replace("/open-apis", "");
    if (path === "/bot/v3/info") return [200, { code: 0, msg: "ok", bot: { open_id: BOT, app_name: "Clanker", activate_status: 2 } }];
    const chat = /^\/im\/v1\/chats\/(\w+)$/.exec(path)?.[1];
    if (chat !== undefined)
      return chats.has(chat)
        ? [200, { code: 0, data: { chat_mode: chats.get(chat) } }]
        : [400, problem(232006, "Your request specifies a chat_id which is invalid.")];
    if (method === "POST" && path === "/im/v1/messages") {
      const kind = url.searchParams.get("receive_id_type");
      const id = body.receive_id ?? "";
      if ((kind === "chat_id") !== id.startsWith("oc_")) return [400, problem(230034, "The receive_id is invalid.")];
      return post(id.startsWith("oc_") ? id : DIRECT, body);
    }
    if (path === "/im/v1/images" && form !== undefined) return keep(form.get("image") as File, "img", "image_key");
    if (path === "/im/v1/files" && form !== undefined) return keep(form.get("file") as File, `file_${String(form.get("file_type"))}`, "file_key");
    if (path === "/im/v1/pins") {
      if (body.message_id!.endsWith("gone")) return [400, problem(230050, "The message is invisible to the operator.")];
      pins.add(body.message_id!);
      return [200, { code: 0, data: {} }];
    }
    const pin = /^\/im\/v1\/pins\/(\w+)$/.exec(path)?.[1];
    if (pin !== undefined) {
      pins.delete(pin);
      return [200, { code: 0, data: {} }];
    }
    const [, id = "", rest] = /^\/im\/v1\/messages\/(\w+)(\/.*)?$/.exec(path) ?? [];
    const resource = /^\/resources\/(\w+)$/.exec(rest ?? "")?.[1];
    if (resource !== undefined) return files.get(resource) ?? [400, problem(234003, "File not in message.")];
    const message = messages.find((one) => one.id === id && one.deleted !== true);
    if (method === "POST" && rest === "/reply") {
      if (id.endsWith("gone")) return [400, problem(230011, "The message is recalled.")];
      return post(message?.chat ?? (id.includes("direct") ? DIRECT : GROUP), body, id);
    }
    if (rest?.startsWith("/reactions") && id.endsWith("gone")) return [400, problem(231003, "The message is not found, maybe not exist or deleted.")];
    if (rest === "/reactions" && method === "POST") {
      reactions.push({ id: newId("re"), message: id, emoji: body.reaction_type!.emoji_type, by: APP });
      return [200, { code: 0, data: { reaction_id: reactions.at(-1)!.id } }];
    }
    if (rest === "/reactions") {
      const all = reactions.filter((one) => one.message === id && one.emoji === url.searchParams.get("reaction_type"));
      const page = Number(url.searchParams.get("page_token") ?? 0);
      const items = all
        .slice(page, page + 1)
        .map(({ id: reaction_id, by }) => ({ reaction_id, operator: { operator_id: by, operator_type: by === APP ? "app" : "user" } }));
      return [200, { code: 0, data: { items, has_more: page + 1 < all.length, page_token: String(page + 1) } }];
    }
    const reaction = /^\/reactions\/(\w+)$/.exec(rest ?? "")?.[1];
    if (reaction !== undefined) {
      reactions.splice(
        reactions.findIndex((one) => one.id === reaction),
        1,
      );
      return [200, { code: 0, data: {} }];
    }
    if (message === undefined) return [400, problem(230110, "Action unavailable as the message has been deleted.")];
    if (method === "PATCH") {
      if (message.type !== "interactive") return [400, problem(230001, "not a card")];
      message.content = JSON.parse(body.content!) as Card;
      return [200, { code: 0, data: {} }];
    }
    if (method === "DELETE") {
      message.deleted = true;
      return [200, { code: 0, data: {} }];
    }
    return [404, problem(404, "no such endpoint")];
  };
  const keep = (file: File, prefix: string, field: string): [number, object] => {
    const key = newId(prefix);
    pendingFiles.push(
      file.arrayBuffer().then((bytes) => {
        files.set(key, { bytes: Buffer.from(bytes), type: file.type });
        changed();
      }),
    );
    return file.size === 0 ? [400, problem(234010, "File's size can't be 0.")] : [200, { code: 0, data: { [field]: key } }];
  };
  const pendingFiles: Promise<void>[] = [];

  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const type = request.headers["content-type"] ?? "";
    const body = JSON.parse(type.startsWith("application/json") && raw.length > 0 ? String(raw) : "{}") as RequestBody;
    const url = new URL(request.url!, "http://fake");
    const call = `${request.method} ${url.pathname.replace("/open-apis", "")}`;
    calls.push({ call, body });
    const answer = (status: number, given: object, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(given));
    const at = faults.findIndex((one) => call.startsWith(one.call));
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0];
    if (fault !== undefined && fault.drop !== true) return answer(fault.status ?? 400, problem(fault.code ?? 1, "ordered"), fault.headers);
    if (call === "POST /auth/v3/tenant_access_token/internal") {
      if (refused || body.app_id !== APP || body.app_secret !== secret) return answer(200, problem(10014, "app secret invalid"));
      tokens.push(newId("t"));
      return answer(200, { code: 0, msg: "ok", tenant_access_token: tokens.at(-1), expire: 7_200 });
    }
    if (call === "POST /callback/ws/endpoint") {
      if (refused || body.AppID !== APP || body.AppSecret !== secret) return answer(200, problem(514, "auth failed"));
      const address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/v2?device_id=1&service_id=7&access_key=k&ticket=t`;
      return answer(200, {
        code: 0,
        msg: "",
        data: { URL: address, ClientConfig: { ReconnectCount: -1, ReconnectInterval: 120, ReconnectNonce: 30, PingInterval: 120 } },
      });
    }
    if (refused || request.headers.authorization !== `Bearer ${tokens.at(-1)}`)
      return answer(400, problem(99991663, "Invalid access token for authorization."));
    const form = type.startsWith("multipart/") ? await new Response(new Uint8Array(raw), { headers: { "content-type": type } }).formData() : undefined;
    const result = handle(request.method!, url, body, form);
    await Promise.all(pendingFiles.splice(0));
    changed();
    if (fault?.drop === true) return void response.destroy();
    if ("bytes" in result) return void response.writeHead(200, { "content-type": result.type }).end(result.bytes);
    answer(...result);
  };
  const server = createServer((request, response) => void respond(request, response));
  const upgrades = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (refused || !request.url!.startsWith("/ws/v2?") || !request.url!.includes("ticket=t")) return void socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
    upgrades.handleUpgrade(request, socket, head, (client) => {
      sockets.add(client);
      client.setMaxListeners(0);
      client.on("close", () => sockets.delete(client));
      client.on("message", (data: Buffer) => {
        const frame = decodeFrame(new Uint8Array(data));
        if (frame.method === 0) {
          state.pings += 1;
          const payload = Buffer.from(JSON.stringify({ PingInterval: 120 }));
          if (!state.deaf) client.send(encodeFrame({ ...frame, headers: [["type", "pong"]], payload }));
          return;
        }
        const answered = JSON.parse(Buffer.from(frame.payload!).toString()) as { code: number; data?: string };
        if (answered.data !== undefined) toasts.push(JSON.parse(Buffer.from(answered.data, "base64").toString()));
        if (frame.logId !== 2n ** 63n || headerOf(frame, "biz_rt") === undefined) throw new Error("an answer has to bear the frame it answers");
        acks.get(headerOf(frame, "message_id")!)?.(answered.code);
      });
      changed();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    messages,
    faults,
    calls,
    tokens,
    reactions,
    pins,
    files,
    toasts,
    answers,
    sockets,
    taken: () => taken,
    until: (condition: () => boolean) => waitFor(watchers, condition),
    refuse(is: boolean) {
      refused = is;
      if (is) for (const socket of sockets) socket.terminate();
      changed();
    },
    /** What a person reads in a conversation. */
    texts: (chat: string) => messages.filter((one) => one.chat === chat && one.deleted !== true).map(({ content }) => content.text ?? wordsOf(content)),
    encrypt,
    signedHeaders,
    postRaw,
    dispatch,
    /** Somebody writes. */
    say(content: object | string, more: { type?: string; chat?: string; from?: string; id?: string; message?: object } = {}): string {
      const { type = "text", chat = DIRECT, from = ANN, id = newId("om") } = more;
      const message = {
        message_id: id,
        create_time: String(Date.now()),
        chat_id: chat,
        chat_type: chats.get(chat),
        message_type: type,
        content: JSON.stringify(typeof content === "string" ? { text: content } : content),
        ...more.message,
      };
      dispatch("im.message.receive_v1", {
        sender: { sender_id: { open_id: from, union_id: from.replace("ou_", "on_") }, sender_type: "user", tenant_key: "t" },
        message,
      });
      return id;
    },
    /** Somebody presses a button of a card. */
    press(message: FakeMessage, index: number, more: { chat?: string; from?: string } = {}) {
      const button = message.content.body!.elements.filter(({ tag }) => tag === "button")[index]!;
      dispatch("card.action.trigger", {
        operator: { open_id: more.from ?? ANN, union_id: (more.from ?? ANN).replace("ou_", "on_"), tenant_key: "t" },
        token: "c",
        action: { value: button.behaviors![0]!.value, tag: "button" },
        host: "im_message",
        context: { open_message_id: message.id, open_chat_id: more.chat ?? message.chat },
      });
    },
    async close() {
      closed = true;
      for (const socket of sockets) socket.terminate();
      await handing;
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
      upgrades.close();
    },
  };
}

/** The words of a card, its character references as what they stand for. */
function wordsOf({ body }: Card): string {
  const first = body?.elements[0];
  return (first?.content ?? first?.text?.content ?? "").replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}

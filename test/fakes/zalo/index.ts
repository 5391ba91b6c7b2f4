/**
 * Zalo as far as a bot sees it: the Bot API, and posts to the webhook that was set, with the secret that was set, one at a time. That a post which was not taken comes
 * again is this fake's own doing: the vendor does not say.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../wait-for.ts";

export interface Fault {
  readonly method: string;
  readonly status?: number;
  readonly body?: object | string;
  readonly headers?: Record<string, string>;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
}

interface Args {
  readonly url?: string;
  readonly secret_token?: string;
  readonly chat_id?: string;
  readonly text?: string;
  readonly photo?: string;
  readonly action?: string;
}

export interface SayOptions {
  readonly from?: string;
  readonly chat?: string;
  readonly group?: boolean;
  readonly more?: object;
}

export const BOT = "1459232241454765289";
export const ANN = "6ede9afa66b88fe6d6a9";
export const GROUP = "e4ea2cd5189df1c3a88c";

export type FakeZalo = Awaited<ReturnType<typeof startFakeZalo>>;

export async function startFakeZalo({ token }: { token: string }) {
  const calls: { method: string; args: Args }[] = [];
  const sent: { method: string; args: Args; id: string }[] = [];
  const typing: string[] = [];
  const faults: Fault[] = [];
  const answers: number[] = [];
  const watchers = new Set<() => void>();
  const waiting: object[] = [];
  const webhook = { url: "", secret: "", updated_at: 1749538250568 };
  /** Whether posts bear the envelope that the vendor's page shows. */
  const state = { wrapped: true };
  let refused = false;
  let posting: Promise<void> | undefined;
  let taken = 0;
  let closed = false;
  let ids = 0;
  const changed = () => watchers.forEach((watch) => watch());
  const newId = () => `2d758cb5e222${(ids += 1).toString(16).padStart(8, "0")}`;

  const post = async (body: string, { secret = webhook.secret, ...more }: RequestInit & { secret?: string | undefined } = {}): Promise<number> => {
    const headers = { "content-type": "application/json", "x-bot-api-secret-token": secret };
    const response = await fetch(webhook.url, { method: "POST", headers, body, ...more });
    await response.arrayBuffer();
    return response.status;
  };
  const bodyOf = (update: object) => JSON.stringify(state.wrapped ? { ok: true, result: update } : update);
  const postAll = async () => {
    while (waiting.length > 0 && !closed) {
      const status = await post(bodyOf(waiting[0]!)).catch(() => 0);
      answers.push(status);
      if (status !== 200) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      waiting.shift();
      taken += 1;
      changed();
    }
    posting = undefined;
  };
  const deliver = () => {
    if (webhook.url !== "" && waiting.length > 0) posting ??= postAll();
  };
  const dispatch = <E extends object>(update: E): E => {
    waiting.push(update);
    deliver();
    return update;
  };
  const update = (event: string, content: object, { from = ANN, group = false, chat = group ? GROUP : from, more = {} }: SayOptions = {}) => ({
    event_name: event,
    message: {
      from: { id: from, display_name: "Ann", is_bot: false },
      chat: { id: chat, chat_type: group ? "GROUP" : "PRIVATE" },
      message_id: newId(),
      date: Date.now(),
      ...content,
      ...more,
    },
  });

  const wrong = (description: string, error_code = 400) => ({ ok: false, description, error_code });
  const done = (result: object) => ({ ok: true, result });
  const within = (text: string | undefined) => text !== undefined && text.trim() !== "" && text.length <= 2_000;
  const keep = (method: string, args: Args) => {
    const id = newId();
    sent.push({ method, args, id });
    return done({ message_id: id, date: Date.now() });
  };
  const handle = (method: string, args: Args): object => {
    switch (method) {
      case "getMe":
        return done({ id: BOT, account_name: "bot.VDKyGxQvc", account_type: "BASIC", can_join_groups: false });
      case "getWebhookInfo":
        return done({ url: webhook.url, updated_at: webhook.updated_at });
      case "setWebhook": {
        const { url = "", secret_token: secret = "" } = args;
        if (!URL.canParse(url) || secret.length < 8 || secret.length > 256) return wrong("Bad Request: url or secret_token");
        Object.assign(webhook, { url, secret });
        deliver();
        return done({ url, updated_at: webhook.updated_at });
      }
      case "sendMessage":
        return args.chat_id !== undefined && within(args.text) ? keep(method, args) : wrong("Bad Request: text");
      case "sendPhoto":
        return args.chat_id !== undefined && URL.canParse(args.photo ?? "") ? keep(method, args) : wrong("Bad Request: photo");
      case "sendChatAction":
        if (args.action !== "typing") return wrong("Bad Request: action");
        typing.push(args.chat_id!);
        return { ok: true };
      default:
        return wrong("Bad Request: no such method");
    }
  };

  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [, given, method = ""] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? "") ?? [];
    const args = JSON.parse(Buffer.concat(chunks).toString() || "{}") as Args;
    const answer = (status: number, body: object | string, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(typeof body === "string" ? body : JSON.stringify(body));
    if (refused || decodeURIComponent(given ?? "") !== token || request.method !== "POST") return answer(401, wrong("Unauthorized", 401));
    calls.push({ method, args });
    const at = faults.findIndex((one) => one.method === method);
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0];
    if (fault?.status !== undefined) {
      answer(fault.status, fault.body ?? wrong("ordered", fault.status), fault.headers);
      return changed();
    }
    const result = handle(method, args);
    changed();
    if (fault?.drop === true) return void response.destroy();
    answer(200, result);
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    webhook,
    state,
    calls,
    sent,
    typing,
    faults,
    answers,
    until: (condition: () => boolean) => waitFor(watchers, condition),
    taken: () => taken,
    refuse(is: boolean) {
      refused = is;
      changed();
    },
    texts: (to: string) => sent.filter(({ args }) => args.chat_id === to).map(({ args }) => args.text ?? args.photo ?? ""),
    post,
    bodyOf,
    update,
    dispatch,
    /** Somebody writes. */
    say: (text: string, options: SayOptions = {}) => dispatch(update("message.text.received", { text }, options)),
    async close() {
      closed = true;
      await posting;
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

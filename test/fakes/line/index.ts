/** LINE as far as a bot sees it: the Messaging API, the data server, and posts to the webhook with their signatures, one at a time, again until they are taken. */
import { createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../wait-for.ts";

export interface Fault {
  /** `POST /v2/bot/message/push`, as the beginning of method and path. */
  readonly call: string;
  readonly status?: number;
  readonly body?: object;
  readonly headers?: Record<string, string>;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
}

/** A message object, as far as the fake or a test looks into it. */
export interface SentObject {
  readonly type: string;
  readonly text?: string;
  readonly quoteToken?: string;
  readonly originalContentUrl?: string;
  readonly previewImageUrl?: string;
  readonly duration?: number;
  readonly altText?: string;
  readonly title?: string;
  readonly address?: string;
  readonly template?: { readonly text: string; readonly actions: readonly { readonly label: string; readonly data: string; readonly displayText: string }[] };
}

export interface FakeMessage {
  readonly id: string;
  readonly to: string;
  readonly by: "reply" | "push";
  readonly message: SentObject;
}

interface RequestBody {
  readonly to?: string;
  readonly messages?: readonly SentObject[];
  readonly replyToken?: string;
  readonly endpoint?: string;
  readonly chatId?: string;
  readonly loadingSeconds?: number;
}

const hex = (word: string) => Buffer.from(word.padEnd(16, ".")).toString("hex").slice(0, 32);
export const BOT = `U${hex("bot")}`;
export const ANN = `U${hex("ann")}`;
export const GROUP = `C${hex("group")}`;

export type FakeLine = Awaited<ReturnType<typeof startFakeLine>>;

export async function startFakeLine({ token, secret }: { token: string; secret: string }) {
  const messages: FakeMessage[] = [];
  const faults: Fault[] = [];
  const calls: { call: string; body: RequestBody; headers: Record<string, unknown> }[] = [];
  const loading: object[] = [];
  const files = new Map<string, { bytes: Buffer; type: string; processing: number }>();
  const accepted = new Map<string, string[]>();
  const replyTokens = new Map<string, { to: string; used: boolean }>();
  const answers: number[] = [];
  const watchers = new Set<() => void>();
  const waiting: object[] = [];
  const state = { endpoint: undefined as string | undefined, active: true, quota: { type: "none" } as object, used: 0, reaches: true };
  let refused = false;
  let posting: Promise<void> | undefined;
  let taken = 0;
  let closed = false;
  let ids = 0;
  const changed = () => watchers.forEach((watch) => watch());
  const ulid = () => randomBytes(13).toString("hex").toUpperCase();

  const sign = (body: string) => createHmac("sha256", secret).update(body).digest("base64");
  const postBody = async (body: string): Promise<number> => {
    const response = await fetch(state.endpoint!, { method: "POST", headers: { "content-type": "application/json", "x-line-signature": sign(body) }, body });
    await response.arrayBuffer();
    return response.status;
  };
  const bodyOf = (events: readonly object[]) => JSON.stringify({ destination: BOT, events });
  /** In order, the next when the one before is taken; each again as a redelivery until it is. */
  const postAll = async () => {
    while (waiting.length > 0 && !closed) {
      const again = { ...waiting[0], deliveryContext: { isRedelivery: true } };
      let status = await postBody(bodyOf([waiting[0]!])).catch(() => 0);
      answers.push(status);
      while (status !== 200 && !closed) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        status = await postBody(bodyOf([again])).catch(() => 0);
        answers.push(status);
      }
      waiting.shift();
      taken += 1;
      changed();
    }
    posting = undefined;
  };

  const event = (type: string, source: object, more: object) => ({
    type,
    mode: "active",
    timestamp: Date.now(),
    webhookEventId: ulid(),
    deliveryContext: { isRedelivery: false },
    source,
    ...more,
  });
  const sourceOf = (conversation: string, from: string | undefined) =>
    conversation.startsWith("C")
      ? { type: "group", groupId: conversation, ...(from === undefined ? {} : { userId: from }) }
      : { type: "user", userId: conversation };
  const replyTokenFor = (to: string) => {
    const replyToken = randomBytes(16).toString("hex");
    replyTokens.set(replyToken, { to, used: false });
    return { replyToken };
  };
  const dispatch = <E extends object>(posted: E): E => {
    waiting.push(posted);
    posting ??= postAll();
    return posted;
  };

  const problem = (message: string, ...details: string[]) => ({
    message,
    ...(details.length === 0 ? {} : { details: details.map((one) => ({ message: one, property: "messages[0]" })) }),
  });
  const within = (text: string | undefined, most: number) => text !== undefined && text.trim() !== "" && text.length <= most;
  const invalid = (list: readonly SentObject[] | undefined): string | undefined => {
    if (list === undefined || list.length < 1 || list.length > 5) return "Size must be between 1 and 5";
    for (const { type, text, template, altText, title, address, duration = 0 } of list) {
      if (type === "text" && !within(text, 5_000)) return "Length must be between 1 and 5000";
      if (type === "location" && !(within(title, 100) && within(address, 100))) return "bad place";
      if (type === "audio" && !(duration > 0)) return "bad duration";
      if (type !== "template") continue;
      const actions = template?.actions ?? [];
      if (!within(template?.text, 160) || !within(altText, 400) || actions.length < 1 || actions.length > 4) return "bad template";
      if (actions.some(({ label, data }) => !within(label, 20) || data.length > 300)) return "bad action";
    }
    return undefined;
  };
  const deliver = (to: string, by: FakeMessage["by"], list: readonly SentObject[]): string[] => {
    const made = list.map((message) => ({ id: String(4_000_000 + (ids += 1)), to, by, message }));
    messages.push(...made);
    state.used += by === "push" ? made.length : 0;
    return made.map(({ id }) => id);
  };
  const sentMessages = (list: readonly string[]) => ({ sentMessages: list.map((id) => ({ id, quoteToken: `q${id}` })) });

  const handle = (call: string, body: RequestBody, request: IncomingMessage): [number, object | Buffer, Record<string, string>?] => {
    if (call === "GET /v2/bot/info") return [200, { userId: BOT, basicId: "@clanker", displayName: "Clanker", chatMode: "bot", markAsReadMode: "auto" }];
    if (call === "GET /v2/bot/channel/webhook/endpoint")
      return state.endpoint === undefined ? [404, problem("Webhook endpoint not found")] : [200, { endpoint: state.endpoint, active: state.active }];
    if (call === "PUT /v2/bot/channel/webhook/endpoint") {
      state.endpoint = body.endpoint;
      return [200, {}];
    }
    if (call === "GET /v2/bot/message/quota") return [200, state.quota];
    if (call === "GET /v2/bot/message/quota/consumption") return [200, { totalUsage: state.used }];
    if (call === "POST /v2/bot/chat/loading/start") {
      if (!String(body.chatId).startsWith("U") || (body.loadingSeconds ?? 1) % 5 !== 0) return [400, problem("invalid")];
      loading.push(body);
      return [202, {}];
    }
    if (call === "POST /v2/bot/message/push") {
      const key = String(request.headers["x-line-retry-key"]);
      if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)) return [400, problem("The retry key is invalid")];
      const before = accepted.get(key);
      if (before !== undefined) return [409, { message: "The retry key is already accepted", ...sentMessages(before) }, { "x-line-accepted-request-id": "r1" }];
      const wrong = invalid(body.messages);
      if (wrong !== undefined || !/^[UCR][0-9a-f]{32}$/.test(body.to ?? "")) return [400, problem("The request body has 1 error(s)", wrong ?? "to")];
      const sent = deliver(body.to!, "push", body.messages!);
      accepted.set(key, sent);
      return [200, sentMessages(sent)];
    }
    if (call === "POST /v2/bot/message/reply") {
      const reply = replyTokens.get(body.replyToken ?? "");
      if (reply === undefined || reply.used) return [400, problem("Invalid reply token")];
      const wrong = invalid(body.messages);
      if (wrong !== undefined) return [400, problem("The request body has 1 error(s)", wrong)];
      reply.used = true;
      return [200, sentMessages(deliver(reply.to, "reply", body.messages!))];
    }
    const content = /^GET \/v2\/bot\/message\/(\w+)\/content(\/transcoding)?$/.exec(call);
    const file = files.get(content?.[1] ?? "");
    if (content && file === undefined) return [404, problem("Not found")];
    if (content?.[2] !== undefined) return [200, { status: (file!.processing -= 1) >= 0 ? "processing" : "succeeded" }];
    if (file !== undefined) return [200, file.bytes, { "content-type": file.type }];
    return [404, problem("Not found")];
  };

  const test = async (): Promise<object> => {
    const status = state.reaches ? await postBody(bodyOf([])).catch(() => 0) : 0;
    return {
      success: status === 200,
      timestamp: new Date().toISOString(),
      statusCode: status,
      reason: status === 200 ? "OK" : "COULD_NOT_CONNECT",
      detail: String(status),
    };
  };

  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks).toString();
    const call = `${request.method} ${request.url}`;
    const body = JSON.parse(raw === "" ? "{}" : raw) as RequestBody;
    calls.push({ call, body, headers: request.headers });
    changed();
    const answer = (status: number, given: object | Buffer, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(Buffer.isBuffer(given) ? given : JSON.stringify(given));
    if (refused || request.headers.authorization !== `Bearer ${token}`)
      return answer(401, problem("Authentication failed. Confirm that the access token in the authorization header is valid."));
    const at = faults.findIndex((one) => call.startsWith(one.call));
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0];
    if (fault?.status !== undefined) return answer(fault.status, fault.body ?? problem("ordered"), fault.headers);
    const [status, given, headers] = call === "POST /v2/bot/channel/webhook/test" ? ([200, await test()] as const) : handle(call, body, request);
    changed();
    if (fault?.drop === true) return void response.destroy();
    answer(status, given, headers);
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    messages,
    faults,
    calls,
    loading,
    files,
    replyTokens,
    answers,
    until: (condition: () => boolean) => waitFor(watchers, condition),
    taken: () => taken,
    refuse(is: boolean) {
      refused = is;
      changed();
    },
    texts: (to: string) => messages.filter((one) => one.to === to).map(({ message }) => String(message.text ?? message.type)),
    /** A post with a signature of one's own choosing. */
    post: (body: string, signature: string | undefined = sign(body), more: RequestInit = {}) =>
      fetch(state.endpoint!, { method: "POST", body, ...more, headers: signature === undefined ? {} : { "x-line-signature": signature } }),
    bodyOf,
    event,
    sourceOf,
    dispatch,
    /** Somebody writes. */
    say(message: object | string, { to = ANN, from = ANN, token: withToken = true }: { to?: string; from?: string | null; token?: boolean } = {}) {
      const id = String(1_000_000 + (ids += 1));
      const content = typeof message === "string" ? { type: "text", text: message } : message;
      return dispatch(
        event("message", sourceOf(to, from ?? undefined), { ...(withToken ? replyTokenFor(to) : {}), message: { id, quoteToken: `q${id}`, ...content } }),
      );
    },
    attach(bytes: Buffer, type: string, processing = 0): string {
      const id = String(9_000_000 + (ids += 1));
      files.set(id, { bytes, type, processing });
      return id;
    },
    press: (data: string, { to = ANN, from = ANN }: { to?: string; from?: string } = {}) =>
      dispatch(event("postback", sourceOf(to, from), { ...replyTokenFor(to), postback: { data } })),
    async close() {
      closed = true;
      await posting;
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

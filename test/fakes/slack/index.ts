/**
 * A Slack workspace over real HTTP and WebSockets for tests: Web API, Socket Mode and Events API behave as the platform's do, and it writes down what a client
 * does wrong.
 *
 * @example
 * const slack = await startFakeSlack();
 * // config: api_root = slack.apiRoot, files_root = slack.url, bot_token = slack.botToken, app_token = slack.appToken
 * slack.say({ text: "hello" });                             // from U42 in the direct conversation D42
 * await slack.until(() => slack.texts("D42").length > 0);
 * assert.deepEqual(slack.violations, []);
 * await slack.close();
 */
import { EventEmitter } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { Clock } from "../../../src/core/clock.ts";
import { realClock } from "../real-clock.ts";
import { Deliveries } from "./delivery.ts";
import { type Args, METHODS, Refusal } from "./methods.ts";
import { readBlocks } from "./read-blocks.ts";
import type { Ephemeral, SlackState, StoredFile, StoredMessage } from "./state.ts";
import { createWorld, type World } from "./world.ts";

export { sign } from "./delivery.ts";
export type { StoredMessage } from "./state.ts";

export interface FakeSlackOptions {
  readonly botToken?: string;
  readonly appToken?: string;
  readonly signingSecret?: string;
  readonly retryMs?: number;
  readonly onTaken?: (payload: Record<string, unknown>) => void;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

export interface Call {
  readonly method: string;
  readonly args: Args;
  /** Milliseconds, monotonic. */
  readonly at: number;
}

export interface FakeSlack extends World {
  readonly url: string;
  readonly apiRoot: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly me: SlackState["me"];
  readonly deliveries: Deliveries;
  readonly violations: readonly string[];
  readonly calls: readonly Call[];
  callsOf(method: string): Call[];
  messages(channel: string): StoredMessage[];
  /** What the bot has in a conversation, as a person reads it now. */
  texts(channel: string): string[];
  readonly ephemerals: readonly Ephemeral[];
  readonly statuses: SlackState["statuses"];
  readonly files: ReadonlyMap<string, StoredFile>;
  /** Events that were acknowledged. */
  taken(): number;
  /** Sockets that are open now, and that ever were. */
  readonly openSockets: number;
  readonly everOpened: number;
  addFile(bytes: Uint8Array, info: { name: string; type: string }): string;

  // --- faults
  /** The next `times` calls are refused unprocessed. */
  failNext(method: string, error: string, more?: { status?: number; retryAfter?: number; times?: number }): void;
  /** The next call is processed, then its connection is cut without an answer. */
  dropAfterProcessing(method: string): void;
  dropBeforeProcessing(method: string): void;
  /** From now on 429 for this method and conversation (all for ""); a further call before its time is a violation. */
  flood(method: string, channel: string, seconds: number): void;
  /** invalid_auth for everything and no socket, until it is restored. */
  revokeToken(): void;
  restoreToken(): void;
  /** Asks all open sockets to go, as Slack does every few hours. */
  refresh(reason?: string): void;
  /** From now on this is the address that it gives for itself, as behind a proxy. */
  showAs(url: string): void;
  /** So many sockets of this app belong to other programs. */
  otherSockets: number;
  /** Cuts all sockets without a word. */
  cutSockets(): void;
  /** New sockets hear nothing; pings stay unanswered. */
  deaf(on: boolean): void;
  /** Instead of the file, the page of Slack's login (a missing scope). */
  loginPages: boolean;

  until(condition: () => boolean, ms?: number): Promise<void>;
  close(): Promise<void>;
}

interface Fault {
  readonly method: string;
  readonly kind: "fail" | "drop-after" | "drop-before";
  readonly error?: string;
  readonly status?: number;
  readonly retryAfter?: number | undefined;
}

/** Starts a server on 127.0.0.1. */
export async function startFakeSlack(options: FakeSlackOptions = {}): Promise<FakeSlack> {
  const botToken = options.botToken ?? "xoxb-fake-bot-token";
  const isBot = (token: string | undefined) => token === botToken || token === `${botToken}-again`;
  const appToken = options.appToken ?? "xapp-fake-app-token";
  const signingSecret = options.signingSecret ?? "fake-signing-secret";
  const events = new EventEmitter();
  events.setMaxListeners(0);
  const changed = () => void events.emit("changed");
  let base = "";
  const clock = options.clock ?? realClock;
  const state = createState(() => base, clock);
  const deliveries = new Deliveries({
    retryMs: options.retryMs ?? 3_000,
    signingSecret,
    violations: state.violations,
    changed,
    onTaken: options.onTaken,
    clock,
  });
  const calls: Call[] = [];
  const faults: Fault[] = [];
  const floods = new Map<string, { until: number; told: boolean }>();
  const flags = { revoked: false, deaf: false, opened: 0, others: 0, loginPages: false };

  const flooded = (call: Call): number | undefined => {
    const channel = call.args["channel"] ?? call.args["channel_id"] ?? "";
    const flood = floods.get(`${call.method} ${channel}`) ?? floods.get(`${call.method} `);
    const left = (flood?.until ?? 0) - call.at;
    if (flood === undefined || left <= 0) return undefined;
    if (flood.told) state.violations.push(`${call.method} before Retry-After had passed`);
    flood.told = true;
    return Math.ceil(left / 1_000);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://fake");
    const body = await readBody(request);
    const token = request.headers.authorization?.replace(/^Bearer /, "");
    if (url.pathname.startsWith("/upload/v1/")) {
      if (token !== undefined) state.violations.push("the token was sent with an upload");
      const file = state.files.get(url.pathname.slice("/upload/v1/".length));
      if (file !== undefined) file.bytes = body;
      return void response.writeHead(file === undefined ? 404 : 200).end("OK");
    }
    if (url.pathname.startsWith("/files-pri/")) {
      const file = state.files.get(/T1-([^/]+)/.exec(url.pathname)?.[1] ?? "");
      if (flags.loginPages || !isBot(token)) return void response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>Sign in</html>");
      return void response.writeHead(file === undefined ? 404 : 200, { "content-type": file?.mimetype ?? "text/plain" }).end(file?.bytes);
    }
    const method = /^\/api\/([A-Za-z.]+)$/.exec(url.pathname)?.[1];
    if (method === undefined) return void response.writeHead(404).end("no such page");
    const call: Call = { method, args: Object.fromEntries(new URLSearchParams(body.toString())), at: clock.monotonic() };
    calls.push(call);
    response.once("close", changed);
    changed();
    const answer = (status: number, value: Record<string, unknown>, headers: Record<string, string> = {}) =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
    if (flags.revoked || !(method === "apps.connections.open" ? token === appToken : isBot(token))) return answer(200, { ok: false, error: "invalid_auth" });
    const pause = flooded(call);
    if (pause !== undefined) return answer(429, { ok: false, error: "ratelimited" }, { "retry-after": String(pause) });
    const index = faults.findIndex((fault) => fault.method === method);
    const fault = index < 0 ? undefined : faults.splice(index, 1)[0];
    if (fault?.kind === "drop-before") return void request.socket.destroy();
    if (fault?.kind === "fail") {
      return answer(fault.status ?? 200, { ok: false, error: fault.error }, fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) });
    }
    try {
      const run = METHODS[method];
      if (run === undefined) throw new Refusal("unknown_method");
      const result = run(state, call.args);
      if (fault?.kind === "drop-after") request.socket.destroy();
      else answer(200, { ok: true, ...result });
    } catch (error) {
      if (!(error instanceof Refusal)) return answer(500, { ok: false, error: "internal_error", detail: String(error) });
      answer(200, { ok: false, error: error.message, ...(error.detail === undefined ? {} : { response_metadata: { messages: [`[ERROR] ${error.detail}`] } }) });
    }
    changed();
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  const sockets = new WebSocketServer({ noServer: true, autoPong: false });
  server.on("upgrade", (request, socket, head) => {
    if (flags.revoked || !(request.url ?? "").startsWith("/link/?ticket=")) return void socket.end("HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n");
    if (request.headers.authorization !== undefined) state.violations.push("a token was sent with the socket");
    sockets.handleUpgrade(request, socket, head, (opened) => {
      flags.opened += 1;
      opened.on("error", () => {});
      opened.on("ping", (data) => {
        if (!flags.deaf) opened.pong(data);
      });
      opened.on("message", (data) => deliveries.heard(String(data)));
      opened.on("close", () => {
        deliveries.sockets.delete(opened);
        changed();
      });
      if (!flags.deaf) {
        opened.send(JSON.stringify({ type: "hello", num_connections: deliveries.sockets.size + 1 + flags.others, connection_info: { app_id: "A1" } }));
        deliveries.connected(opened);
      } else deliveries.sockets.add(opened);
      changed();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const messages = (channel: string) => state.conversations.get(channel)?.messages ?? [];
  return {
    ...createWorld(state, deliveries),
    url: base,
    apiRoot: `${base}/api`,
    botToken,
    appToken,
    signingSecret,
    me: state.me,
    deliveries,
    violations: state.violations,
    calls,
    callsOf: (method) => calls.filter((call) => call.method === method),
    messages,
    texts: (channel) =>
      messages(channel).flatMap((one) => (one.bot_id === state.me.bot_id ? [one.blocks === undefined ? unescape(one.text) : readBlocks(one.blocks)] : [])),
    ephemerals: state.ephemerals,
    statuses: state.statuses,
    files: state.files,
    taken: () => deliveries.all.filter((one) => one.taken).length,
    get openSockets() {
      return deliveries.sockets.size;
    },
    get everOpened() {
      return flags.opened;
    },
    get loginPages() {
      return flags.loginPages;
    },
    set loginPages(on: boolean) {
      flags.loginPages = on;
    },
    addFile(bytes, { name, type }) {
      const id = `F${state.files.size + 1}`;
      state.files.set(id, { id, name, mimetype: type, bytes: Buffer.from(bytes), length: bytes.length, shares: [] });
      return id;
    },
    failNext(method, error, { status = 200, retryAfter, times = 1 } = {}) {
      for (let i = 0; i < times; i++) faults.push({ method, kind: "fail", error, status, retryAfter });
    },
    dropAfterProcessing: (method) => void faults.push({ method, kind: "drop-after" }),
    dropBeforeProcessing: (method) => void faults.push({ method, kind: "drop-before" }),
    flood: (method, channel, seconds) => void floods.set(`${method} ${channel}`, { until: clock.monotonic() + seconds * 1_000, told: false }),
    revokeToken() {
      flags.revoked = true;
      for (const socket of deliveries.sockets) socket.terminate();
    },
    restoreToken: () => void (flags.revoked = false),
    refresh(reason = "refresh_requested") {
      for (const socket of deliveries.sockets) socket.send(JSON.stringify({ type: "disconnect", reason, debug_info: { host: "applink-1" } }));
    },
    showAs: (url) => void (base = url),
    get otherSockets() {
      return flags.others;
    },
    set otherSockets(count: number) {
      flags.others = count;
    },
    cutSockets() {
      for (const socket of deliveries.sockets) socket.terminate();
    },
    deaf: (on) => void (flags.deaf = on),
    until: (condition, ms = 10_000) => until(events, condition, ms),
    async close() {
      deliveries.stop();
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function createState(base: () => string, clock: Clock): SlackState {
  let last = 0;
  return {
    me: { user_id: "U0BOT", bot_id: "B0BOT", team_id: "T1", user: "clanker", team: "Fake" },
    conversations: new Map(),
    files: new Map(),
    users: new Map([["U42", "Ada"]]),
    ephemerals: [],
    statuses: [],
    violations: [],
    ts() {
      last = Math.max(last + 1, clock.now() * 1_000);
      return `${Math.floor(last / 1e6)}.${String(last % 1e6).padStart(6, "0")}`;
    },
    base,
    now: () => clock.now(),
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function unescape(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function until(events: EventEmitter, condition: () => boolean, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      clearInterval(look);
      events.off("changed", check);
    };
    const check = () => {
      if (!condition()) return;
      stop();
      resolve();
    };
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`after ${ms} ms still not: ${String(condition)}`));
    }, ms);
    // Conditions may also look at things outside of the fake, which it gets no event of.
    const look = setInterval(check, 20);
    events.on("changed", check);
    check();
  });
}

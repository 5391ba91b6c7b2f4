/**
 * A Telegram Bot API server over real HTTP for tests: the wire, the update queue with its offset rules, 409s, floods, HTML entities, files and webhooks behave as
 * the platform's do, and it writes down what a client does wrong.
 *
 * @example
 * const telegram = await startFakeTelegram();
 * // config: api_root = telegram.url, token = telegram.token
 * telegram.say({ text: "hello" });                       // from user 42 in the private chat 42
 * await telegram.until(() => telegram.texts(42).length > 0);
 * assert.deepEqual(telegram.violations, []);
 * await telegram.close();
 */
import { EventEmitter } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Message, UserFromGetMe } from "@grammyjs/types";
import type { Clock } from "../../../src/core/clock.ts";
import { realClock } from "../real-clock.ts";
import { METHODS, Refusal } from "./methods.ts";
import { type Args, readArgs } from "./request.ts";
import type { FakeState, StoredMessage } from "./state.ts";
import { UpdatesQueue } from "./updates-queue.ts";
import { createWebhookPump } from "./webhook-pump.ts";
import { createWorld, type World } from "./world.ts";

export type { Person, Said, World } from "./world.ts";
export type { StoredMessage } from "./state.ts";

export interface FakeTelegramOptions {
  readonly token?: string;
  readonly username?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Called with the ids that a poll has just confirmed, before it is answered: the place to compare with what is committed (fault-4). */
  readonly onConfirm?: (updateIds: number[]) => void;
  /** Pause before a refused webhook post is repeated; default 50 ms. */
  readonly webhookRetryMs?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** One call as it came in. `answered` is false while it is under way or when its connection was dropped. */
export interface Call {
  readonly method: string;
  readonly args: Args;
  answered: boolean;
}

export interface FakeTelegram extends World {
  /** For api_root. */
  readonly url: string;
  readonly token: string;
  readonly me: UserFromGetMe;

  // --- what happened
  readonly calls: readonly Call[];
  /** Calls of one method, case-insensitive. */
  callsOf(method: string): Call[];
  /** Messages of people and bot in a chat, oldest first, as they stand now. */
  messages(chat: number | string): StoredMessage[];
  /** Texts (or captions) that the bot has in a chat, as they stand now. */
  texts(chat: number | string): string[];
  /** Texts that the bot posted more than once in the same chat. */
  repeats(): { chat: string; text: string; times: number }[];
  /** Updates that no poll has confirmed and no webhook has taken. */
  readonly pending: readonly { readonly update_id: number }[];
  readonly confirmed: readonly { readonly offset: number; readonly ids: readonly number[] }[];
  /** How often a poll came while another one was still open. */
  readonly simultaneousPolls: number;
  /** A poll is open right now. */
  readonly polling: boolean;
  /** What no client may do (calls before retry_after has passed); a good run leaves it empty. */
  readonly violations: readonly string[];
  readonly commands: readonly { command: string; description: string }[];
  readonly webhook: { readonly url: string; readonly secret: string | undefined } | undefined;
  /** HTTP statuses that webhook posts were answered with; 0 = no answer. */
  readonly webhookAnswers: readonly number[];

  // --- faults
  /** The next getUpdates is taken and never answered. */
  hangNextPoll(): void;
  /** The next `times` calls of the method are refused unprocessed. `body` replaces the usual error body; text is sent as it is. */
  failNext(method: string, status: number, body?: Record<string, unknown> | string, times?: number): void;
  /** The next call is processed, then its connection is cut without an answer. */
  dropAfterProcessing(method: string): void;
  /** The next call's connection is cut before it is processed. */
  dropBeforeProcessing(method: string): void;
  /** From now on 429 for this chat until `seconds` have passed; a further call before that is a violation. */
  flood(chat: number, seconds: number): void;
  /** While on, another program seems to poll: every getUpdates ends with 409. */
  rival(on: boolean): void;
  /** 401 for everything until `restoreToken`. */
  revokeToken(): void;
  restoreToken(): void;
  /** 403 in this chat, or no longer. */
  block(chat: number, blocked?: boolean): void;
  /** The bot may pin and delete in this group. */
  promote(chat: number): void;
  /** The group becomes the supergroup `to`. */
  migrate(from: number, to: number): void;

  /** Resolves as soon as the condition holds, looking after every call. Rejects after `ms`, default 10,000. */
  until(condition: () => boolean, ms?: number): Promise<void>;
  close(): Promise<void>;
}

interface Fault {
  readonly method: string;
  readonly kind: "hang" | "fail" | "drop-after" | "drop-before";
  readonly status?: number;
  readonly body?: Record<string, unknown> | string | undefined;
}

/** Starts a server on 127.0.0.1. */
export async function startFakeTelegram(options: FakeTelegramOptions = {}): Promise<FakeTelegram> {
  const token = options.token ?? "123456:fake-token-for-tests";
  const events = new EventEmitter();
  events.setMaxListeners(0);
  const changed = () => void events.emit("changed");
  const state = createState(options, changed);
  const pump = createWebhookPump(state, { retryMs: options.webhookRetryMs ?? 50, changed });
  state.pump = pump.wake;
  const calls: Call[] = [];
  const faults: Fault[] = [];
  let rival = false;
  let revoked = false;

  const takeFault = (method: string): Fault | undefined => {
    const index = faults.findIndex((fault) => fault.method === method);
    return index === -1 ? undefined : faults.splice(index, 1)[0];
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://fake");
    const file = /^\/file\/bot([^/]+)\/(.+)$/.exec(decodeURIComponent(url.pathname));
    if (file !== null) return sendFile(state, response, file[1] === token && !revoked ? file[2]! : undefined);
    const path = /^\/bot([^/]+)\/([A-Za-z]+)$/.exec(decodeURIComponent(url.pathname));
    if (path === null) return answer(response, 404, { ok: false, error_code: 404, description: "Not Found" });
    const args = await readArgs(request, url);
    const method = path[2]!.toLowerCase();
    const call: Call = { method, args, answered: false };
    calls.push(call);
    changed();
    response.once("finish", () => {
      call.answered = true;
      changed();
    });
    if (path[1] !== token || revoked) return refuse(response, new Refusal(401, "Unauthorized"));
    const fault = takeFault(method);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "drop-before") return void request.socket.destroy();
    if (fault?.kind === "fail") return fail(response, fault);
    if (method === "getupdates") {
      if (fault?.kind === "drop-after") return void request.socket.destroy();
      return poll({ state, args, response, rival });
    }
    try {
      const run = METHODS[method];
      if (run === undefined) throw new Refusal(404, "Not Found");
      const result = run(state, args);
      if (fault?.kind === "drop-after") request.socket.destroy();
      else answer(response, 200, { ok: true, result });
      changed();
    } catch (error) {
      refuse(response, error instanceof Refusal ? error : new Refusal(500, `Internal Server Error: ${String(error)}`));
    }
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(options.port ?? 0, "127.0.0.1", resolve));

  const chat = (id: number | string) => state.messages.filter((one) => one.chat === String(id));
  return {
    ...createWorld(state),
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    me: state.me,
    calls,
    callsOf: (method) => calls.filter((call) => call.method === method.toLowerCase()),
    messages: chat,
    texts: (id) => chat(id).flatMap((one) => (one.byBot ? [textOf(one.message)] : [])),
    repeats: () => repeats(state.messages),
    pending: state.queue.pending,
    confirmed: state.queue.confirmed,
    get simultaneousPolls() {
      return state.queue.conflicts;
    },
    get polling() {
      return state.queue.polling;
    },
    violations: state.violations,
    get commands() {
      return state.commands;
    },
    get webhook() {
      return state.webhook;
    },
    webhookAnswers: pump.answers,
    hangNextPoll: () => void faults.push({ method: "getupdates", kind: "hang" }),
    failNext(method, status, body, times = 1) {
      for (let i = 0; i < times; i++) faults.push({ method: method.toLowerCase(), kind: "fail", status, body });
    },
    dropAfterProcessing: (method) => void faults.push({ method: method.toLowerCase(), kind: "drop-after" }),
    dropBeforeProcessing: (method) => void faults.push({ method: method.toLowerCase(), kind: "drop-before" }),
    flood: (id, seconds) => void state.floods.set(String(id), { until: state.now() + seconds * 1000, told: false }),
    rival(on) {
      rival = on;
      if (on) state.queue.interrupt(RIVAL);
    },
    revokeToken() {
      revoked = true;
      state.queue.release();
    },
    restoreToken() {
      revoked = false;
    },
    promote: (id) => void state.admin.add(String(id)),
    block: (id, blocked = true) => void (blocked ? state.blocked.add(String(id)) : state.blocked.delete(String(id))),
    migrate: (from, to) => void state.migrated.set(String(from), String(to)),
    until: (condition, ms = 10_000) => until(events, condition, ms),
    async close() {
      pump.stop();
      state.queue.release();
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

const RIVAL = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";

function createState(options: FakeTelegramOptions, changed: () => void): FakeState {
  const clock = options.clock ?? realClock;
  const me = {
    id: 123456,
    is_bot: true,
    first_name: "Fake",
    username: options.username ?? "fake_clanker_bot",
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
  } as unknown as UserFromGetMe;
  const state: FakeState = {
    me,
    queue: new UpdatesQueue((ids) => {
      options.onConfirm?.(ids);
      changed();
    }, clock),
    chats: new Map(),
    messages: [],
    files: new Map(),
    presses: new Set(),
    admin: new Set(),
    blocked: new Set(),
    migrated: new Map(),
    floods: new Map(),
    violations: [],
    commands: [],
    webhook: undefined,
    webhookError: {},
    allowed: undefined,
    nextMessageId: 1,
    now: () => clock.now(),
    seconds: () => Math.floor(clock.now() / 1000),
    addFile(bytes, { folder, name = "file.bin", type = "application/octet-stream" }) {
      const id = `file${state.files.size + 1}`;
      state.files.set(id, { path: `${folder}/${id}-${name}`, bytes, size: bytes.length, name, type });
      return id;
    },
    pump: () => {},
  };
  return state;
}

function poll({ state, args, response, rival }: { state: FakeState; args: Args; response: ServerResponse; rival: boolean }): void {
  if (state.webhook !== undefined) {
    return refuse(response, new Refusal(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"));
  }
  if (rival) return refuse(response, new Refusal(409, RIVAL));
  if (args.allowed_updates !== undefined) state.allowed = args.allowed_updates as string[];
  const timeoutMs = Math.min(Number(args.timeout ?? 0), 50) * 1000;
  const forget = state.queue.poll(
    { ...(args.offset === undefined ? {} : { offset: Number(args.offset) }), limit: Number(args.limit ?? 100), timeoutMs },
    (result) => {
      if ("conflict" in result) refuse(response, new Refusal(409, result.conflict));
      else answer(response, 200, { ok: true, result: result.updates });
    },
  );
  response.once("close", forget);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(typeof body === "string" ? body : JSON.stringify(body));
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  const parameters = refusal.parameters === undefined ? {} : { parameters: refusal.parameters };
  answer(response, refusal.code, { ok: false, error_code: refusal.code, description: refusal.message, ...parameters });
}

function fail(response: ServerResponse, fault: Fault): void {
  const status = fault.status ?? 500;
  answer(response, status, typeof fault.body === "string" ? fault.body : { ok: false, error_code: status, description: `Injected ${status}`, ...fault.body });
}

function sendFile(state: FakeState, response: ServerResponse, path: string | undefined): void {
  const file = [...state.files.values()].find((one) => one.path === path);
  if (file === undefined) return answer(response, 404, { ok: false, error_code: 404, description: "Not Found" });
  response.writeHead(200, { "content-type": "application/octet-stream" }).end(file.bytes);
}

function textOf(message: Message): string {
  return message.text ?? message.caption ?? "";
}

function repeats(messages: readonly StoredMessage[]): { chat: string; text: string; times: number }[] {
  const counts = new Map<string, { chat: string; text: string; times: number }>();
  for (const { chat, message, byBot } of messages) {
    if (!byBot || textOf(message) === "") continue;
    const key = JSON.stringify([chat, textOf(message)]);
    const entry = counts.get(key) ?? { chat, text: textOf(message), times: 0 };
    counts.set(key, { ...entry, times: entry.times + 1 });
  }
  return [...counts.values()].filter((entry) => entry.times > 1);
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

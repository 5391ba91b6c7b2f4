/**
 * Discord's gateway and REST API over real sockets for tests: sessions with numbers and resumes, history, nonces, files, interactions and rate limits behave as the
 * platform's do, and it writes down what a client does wrong.
 *
 * @example
 * const discord = await startFakeDiscord();
 * // config: api_root = discord.url, token = discord.token
 * discord.say({ text: "hello" });                       // from PERSON in the direct conversation DIRECT
 * await discord.until(() => discord.texts(DIRECT).length > 0);
 * assert.deepEqual(discord.violations, []);
 * await discord.close();
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import type { Clock } from "../../../src/core/clock.ts";
import { realClock } from "../real-clock.ts";
import { type GatewayLog, type GatewaySettings, serveGateway } from "./gateway.ts";
import { answerRest } from "./rest.ts";
import { createState, type FakeChannel, type FakeMessage, type FakeState, type Json } from "./state.ts";

export const DIRECT = "700000000000000001";
export const CHANNEL = "700000000000000002";
export const THREAD = "700000000000000003";
export const PERSON = "100000000000000042";

export interface Said {
  readonly text?: string;
  /** Default: DIRECT. */
  readonly channel?: string;
  /** Default: PERSON. */
  readonly from?: string;
  /** Merged into the message. */
  readonly more?: Json;
}

export interface FakeDiscord extends Pick<FakeState, "me" | "guild" | "token" | "violations" | "calls" | "faults" | "interactionAnswers" | "files"> {
  /** For api_root. */
  readonly url: string;
  readonly gateway: GatewaySettings;
  readonly log: GatewayLog;
  say(said: Said): FakeMessage;
  edit(message: FakeMessage, text: string): void;
  /** An event as it is. */
  dispatch(type: string, data: unknown): void;
  press(message: { id: string; channel_id: string }, customId: string, from?: string): string;
  slash(name: string, options?: Json[], channel?: string): string;
  /** A direct conversation with this person. */
  addDirect(id: string, person: string): void;
  /** From now on this is the address that it gives for itself, as behind a proxy. */
  showAs(url: string): void;
  /** Another program begins a session with the same token: the one that stands is invalid. */
  takeSession(): void;
  /** Number of the last event that the client has named as read. */
  readonly read: number;
  /** Events of a kind, and how many of them are read. */
  events(type: string): { total: number; read: number };
  /** What the bot has in a conversation, as it stands now. */
  texts(channel: string): string[];
  messages(channel: string): FakeMessage[];
  /** Cuts or closes every connection. */
  drop(code?: number): void;
  /** Discord asks for a reconnect. */
  askReconnect(): void;
  forgetSession(): void;
  forgetNonces(): void;
  /** REST answers 401 from now on, and the connections break. */
  refuse(refusing: boolean): void;
  /** Resolves when the condition holds; looked at after every change. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

export async function startFakeDiscord({
  token = "canary-token-AbCdEf.x",
  heartbeatMs = 1_000,
  clock = realClock,
}: { token?: string; heartbeatMs?: number; clock?: Clock } = {}): Promise<FakeDiscord> {
  const state = createState(token, clock);
  let shownAs: string | undefined;
  const settings: GatewaySettings = {
    heartbeatMs,
    deaf: false,
    mute: false,
    withholdGuilds: false,
    rejectResumes: { times: 0, resumable: true },
    refuseIdentify: undefined,
  };
  const log: GatewayLog = { identifies: 0, resumes: 0, heartbeats: 0, intents: 0, closes: [] };
  const addChannel = (channel: Omit<FakeChannel, "messages">) => state.channels.set(channel.id, { ...channel, messages: [] });
  addChannel({ id: DIRECT, type: 1 });
  addChannel({ id: CHANNEL, type: 0, guild_id: state.guild });
  addChannel({ id: THREAD, type: 11, guild_id: state.guild, parent_id: CHANNEL });

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    answerRest(state, request, response, base).catch((error: unknown) => {
      state.violations.push(`the fake broke: ${String(error)}`);
      response.destroy();
    });
  });
  const sockets = new WebSocketServer({ noServer: true });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const base = () => shownAs ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = serveGateway(state, settings, log, () => `${base().replace("http", "ws")}/resume`);
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => {});
    if (state.refusing) return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (client) => gateway.accept(client, new URL(request.url ?? "/", "http://fake").searchParams));
  });

  const place = (id: string) => {
    const channel = state.channels.get(id)!;
    return { channel_id: id, ...(channel.guild_id === undefined ? {} : { guild_id: channel.guild_id }) };
  };
  const person = (id: string) => ({ id, username: `user${id.slice(-2)}`, global_name: `User ${id.slice(-2)}` });
  const interaction = (where: string, from: string, more: Json): string => {
    const id = state.nextId();
    const who = state.channels.get(where)?.guild_id === undefined ? { user: person(from) } : { member: { user: person(from) } };
    state.dispatch("INTERACTION_CREATE", { id, application_id: state.me.id, token: "canary-interaction", version: 1, ...place(where), ...who, ...more });
    return id;
  };

  return {
    me: state.me,
    guild: state.guild,
    token,
    violations: state.violations,
    calls: state.calls,
    faults: state.faults,
    interactionAnswers: state.interactionAnswers,
    files: state.files,
    gateway: settings,
    log,
    url: `${base()}/api/v10`,
    say({ text = "", channel = DIRECT, from = PERSON, more = {} }) {
      const message: FakeMessage = {
        id: state.nextId(),
        ...place(channel),
        author: person(from),
        content: text,
        timestamp: new Date(clock.now()).toISOString(),
        edited_timestamp: null,
        type: 0,
        mentions: [],
        attachments: [],
        ...more,
      };
      state.channels.get(channel)!.messages.push(message);
      state.dispatch("MESSAGE_CREATE", message);
      return message;
    },
    edit(message, text) {
      message.content = text;
      message["edited_timestamp"] = new Date().toISOString();
      state.dispatch("MESSAGE_UPDATE", message);
    },
    dispatch: state.dispatch,
    press: (message, customId, from = PERSON) => interaction(message.channel_id, from, { type: 3, message, data: { custom_id: customId, component_type: 2 } }),
    slash: (name, options = [], channel = DIRECT) => interaction(channel, PERSON, { type: 2, data: { id: "1", name, type: 1, options } }),
    get read() {
      return state.session?.read ?? 0;
    },
    events(type) {
      const all = (state.session?.dispatches ?? []).filter((one) => one.t === type);
      return { total: all.length, read: all.filter((one) => one.s <= state.session!.read).length };
    },
    texts: (channel) =>
      state.channels
        .get(channel)!
        .messages.filter((one) => one.author.id === state.me.id)
        .map((one) => one.content),
    messages: (channel) => state.channels.get(channel)!.messages,
    drop(code) {
      for (const client of gateway.open) {
        if (code === undefined) client.terminate();
        else client.close(code);
      }
    },
    askReconnect() {
      for (const client of gateway.open) client.send(JSON.stringify({ op: 7, d: null, s: null, t: null }));
    },
    addDirect: (id) => addChannel({ id, type: 1 }),
    showAs: (url) => void (shownAs = url),
    takeSession() {
      if (state.session !== undefined) state.session.alive = false;
      for (const client of gateway.open) client.send(JSON.stringify({ op: 9, d: false, s: null, t: null }));
    },
    forgetSession() {
      if (state.session !== undefined) state.session.alive = false;
    },
    forgetNonces: () => state.nonces.clear(),
    refuse(refusing) {
      state.refusing = refusing;
      if (refusing) for (const client of gateway.open) client.terminate();
    },
    until: (condition) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!condition()) return;
          clearTimeout(timer);
          clearInterval(again);
          state.events.off("changed", look);
          resolve();
        };
        const timer = setTimeout(() => {
          clearInterval(again);
          state.events.off("changed", look);
          reject(new Error(`after 10 s still not: ${String(condition)}`));
        }, 10_000);
        // What the client does after an answer changes nothing here.
        const again = setInterval(look, 10);
        state.events.on("changed", look);
        look();
      }),
    async close() {
      for (const client of gateway.open) client.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

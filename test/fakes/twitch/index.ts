/** Twitch as far as a chat bot sees it: EventSub over WebSocket, Helix, and id.twitch.tv, with faults to order. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { waitFor } from "../wait-for.ts";

export const BOT = "700";
export const CHAT = "100";

export interface TwitchFault {
  readonly status?: number;
  readonly body?: object;
  readonly headers?: Record<string, string>;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
}

export interface Chatted {
  readonly chat?: string;
  readonly from?: string;
  readonly text: string;
  readonly fragments?: object[];
  readonly reply?: object;
  readonly source?: string;
  readonly id?: string;
}

export type FakeTwitch = Awaited<ReturnType<typeof startFakeTwitch>>;

export async function startFakeTwitch({ refreshToken, clientSecret }: { refreshToken: string; clientSecret: string }) {
  const sockets = new Map<WebSocket, { id: string; subscribed: { type: string; chat: string }[] }>();
  const sent: { message_id: string; broadcaster_id: string; message: string; reply_parent_message_id?: string }[] = [];
  const deleted: string[] = [];
  /** Ids of what was written by anybody. */
  const written = new Set<string>();
  const faults: TwitchFault[] = [];
  const calls: string[] = [];
  const banned = new Set<string>();
  /** What the server has seen done wrong. */
  const wrongs: string[] = [];
  const watchers = new Set<() => void>();
  const changed = () => watchers.forEach((watch) => watch());
  let scopes = ["user:read:chat", "user:write:chat", "moderator:manage:chat_messages"];
  let token = "";
  let refreshes = 0;
  let count = 0;
  let broken = false;
  let keepaliveSeconds = 10;
  let moving: { session: { id: string; subscribed: { type: string; chat: string }[] }; url: string } | undefined;
  const newId = (what: string) => `${what}-${++count}`;

  const frame = (type: string, payload: object, id = newId("frame")) =>
    JSON.stringify({ metadata: { message_id: id, message_type: type, message_timestamp: new Date().toISOString(), subscription_type: "" }, payload });
  const welcome = (socket: WebSocket, id: string) =>
    socket.send(
      frame("session_welcome", {
        session: { id, status: "connected", keepalive_timeout_seconds: keepaliveSeconds, reconnect_url: null, connected_at: new Date().toISOString() },
      }),
    );
  const notify = (type: string, chat: string, event: object, id?: string) => {
    let heard = 0;
    for (const [socket, { subscribed }] of sockets)
      if (subscribed.some((one) => one.type === type && one.chat === chat)) {
        heard += 1;
        socket.send(
          frame(
            "notification",
            { subscription: { id: "s", status: "enabled", type, version: "1", condition: { broadcaster_user_id: chat, user_id: BOT } }, event },
            id,
          ),
        );
      }
    return heard;
  };

  const answer = (response: ServerResponse, status: number, body?: object, headers: Record<string, string> = {}) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(body === undefined ? "" : JSON.stringify(body));
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? "/", "http://x");
    const call = `${request.method} ${url.pathname}`;
    if (broken) return void request.socket.destroy();
    calls.push(call);
    changed();
    const { authorization } = request.headers;
    if (call === "POST /oauth2/token") {
      const form = new URLSearchParams(text);
      if (form.get("grant_type") !== "refresh_token" || form.get("refresh_token") !== refreshToken || form.get("client_secret") !== clientSecret)
        return answer(response, 400, { status: 400, message: "Invalid refresh token" });
      refreshes += 1;
      token = newId("access");
      return answer(response, 200, { access_token: token, expires_in: 14_000, refresh_token: refreshToken, scope: scopes, token_type: "bearer" });
    }
    if (call === "GET /oauth2/validate") {
      if (authorization !== `OAuth ${token}`) return answer(response, 401, { status: 401, message: "invalid access token" });
      return answer(response, 200, { client_id: "c", login: "clanker", scopes, user_id: BOT, expires_in: 14_000 });
    }
    if (authorization !== `Bearer ${token}` || request.headers["client-id"] === undefined)
      return answer(response, 401, { error: "Unauthorized", status: 401, message: "Invalid OAuth token" });
    if (call === "POST /helix/eventsub/subscriptions") {
      const { type, version, condition, transport } = JSON.parse(text) as {
        type: string;
        version: string;
        condition: Record<string, string>;
        transport: Record<string, string>;
      };
      const chat = condition["broadcaster_user_id"]!;
      const session = [...sockets.values()].find(({ id }) => id === transport["session_id"]);
      if (version !== "1" || transport["method"] !== "websocket" || session === undefined || condition["user_id"] !== BOT)
        return answer(response, 400, { status: 400, message: "bad request" });
      if (banned.has(chat)) return answer(response, 403, { error: "Forbidden", status: 403, message: "subscription missing proper authorization" });
      if (session.subscribed.some((one) => one.type === type && one.chat === chat))
        return answer(response, 409, { status: 409, message: "subscription already exists" });
      session.subscribed.push({ type, chat });
      changed();
      return answer(response, 202, { data: [{ id: newId("sub"), status: "enabled", type }], total: 1, total_cost: 0, max_total_cost: 10 });
    }
    if (call === "POST /helix/chat/messages") {
      const body = JSON.parse(text) as { broadcaster_id: string; sender_id: string; message: string; reply_parent_message_id?: string };
      const fault = faults.shift();
      if (fault?.status !== undefined) return answer(response, fault.status, fault.body ?? { status: fault.status, message: "no" }, fault.headers);
      if ([...body.message].length > 500) return answer(response, 422, { status: 422, message: "The message is too large." });
      if (/\n/.test(body.message) || body.sender_id !== BOT) wrongs.push(text);
      const message_id = newId("msg");
      sent.push({ message_id, ...body });
      changed();
      if (fault?.drop === true) return void request.socket.destroy();
      // What was said is told to everybody who reads, the speaker too.
      twitch.chat({ chat: body.broadcaster_id, from: BOT, text: body.message, id: message_id });
      return answer(response, 200, { data: [{ message_id, is_sent: true, drop_reason: null }] });
    }
    if (call === "DELETE /helix/moderation/chat") {
      const id = url.searchParams.get("message_id")!;
      if (url.searchParams.get("moderator_id") !== BOT) return answer(response, 401, { status: 401, message: "not you" });
      if (!twitch.standing(id)) return answer(response, 404, { status: 404, message: "The message was not found." });
      deleted.push(id);
      return answer(response, 204);
    }
    return answer(response, 404, { status: 404, message: "no such endpoint" });
  };

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  const wss = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (broken) return void socket.destroy();
    wss.handleUpgrade(request, socket, head, (ws) => {
      const moved = moving !== undefined && request.url === new URL(moving.url).pathname ? moving.session : undefined;
      const session = moved ?? { id: newId("session"), subscribed: [] };
      sockets.set(ws, session);
      ws.on("message", () => {
        wrongs.push("the client has spoken");
        ws.close(4_001);
      });
      ws.on("ping", () => wrongs.push("the client has pinged"));
      ws.on("close", () => {
        sockets.delete(ws);
        changed();
      });
      ws.on("error", () => {});
      if (!twitch.mute) welcome(ws, session.id);
      changed();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const http = `http://127.0.0.1:${port}`;

  const twitch = {
    places: { api: http, login: http, events: `ws://127.0.0.1:${port}/ws` },
    sent,
    deleted,
    faults,
    calls,
    banned,
    wrongs,
    sockets,
    /** Says no welcome. */
    mute: false,
    get refreshes() {
      return refreshes;
    },
    set scopes(wanted: string[]) {
      scopes = wanted;
    },
    set keepaliveSeconds(seconds: number) {
      keepaliveSeconds = seconds;
    },
    /** The access token has run out. */
    expire: () => void (token = newId("expired")),
    /** Whether the chat still shows a message. */
    standing: (id: string): boolean => written.has(id) && !deleted.includes(id),
    /** @returns the id of what somebody wrote; sent once more when the id is given. */
    chat({ chat = CHAT, from = "1", text, fragments, reply, source, id = newId("msg") }: Chatted): string {
      written.add(id);
      notify(
        "channel.chat.message",
        chat,
        {
          broadcaster_user_id: chat,
          broadcaster_user_login: "town",
          broadcaster_user_name: "Town",
          source_broadcaster_user_id: source ?? null,
          chatter_user_id: from,
          chatter_user_login: from === BOT ? "clanker" : "ann",
          chatter_user_name: from === BOT ? "Clanker" : "Ann",
          message_id: id,
          message: { text, fragments: fragments ?? [{ type: "text", text, cheermote: null, emote: null, mention: null }] },
          message_type: "text",
          badges: [],
          cheer: null,
          color: "",
          reply: reply ?? null,
          channel_points_custom_reward_id: null,
        },
        `frame-of-${id}`,
      );
      return id;
    },
    remove: (id: string, { chat = CHAT, from = "1" } = {}) =>
      notify("channel.chat.message_delete", chat, {
        broadcaster_user_id: chat,
        broadcaster_user_login: "town",
        target_user_id: from,
        target_user_login: "ann",
        message_id: id,
      }),
    unknown: () => sockets.forEach(({ subscribed }, socket) => subscribed.length > 0 && socket.send(frame("telepathy", { from: 42 }))),
    keepalive: () => sockets.forEach((_, socket) => socket.send(frame("session_keepalive", {}))),
    /** Twitch wants everybody on another socket. */
    move() {
      const [[socket, session] = []] = sockets;
      const url = `ws://127.0.0.1:${port}/moved-${++count}`;
      moving = { session: session!, url };
      socket!.send(frame("session_reconnect", { session: { id: session!.id, status: "reconnecting", keepalive_timeout_seconds: null, reconnect_url: url } }));
    },
    revoke: (chat = CHAT) =>
      sockets.forEach((_, socket) =>
        socket.send(frame("revocation", { subscription: { type: "channel.chat.message", status: "user_removed", condition: { broadcaster_user_id: chat } } })),
      ),
    cut: (code = 4_000) => sockets.forEach((_, socket) => socket.close(code)),
    refuse(wanted: boolean) {
      broken = wanted;
      if (broken) sockets.forEach((_, socket) => socket.terminate());
    },
    /** Somebody reads the chat. */
    get read() {
      return [...sockets.values()].some(({ subscribed }) => subscribed.length > 0);
    },
    until: (condition: () => boolean) => waitFor(watchers, condition),
    async close() {
      sockets.forEach((_, socket) => socket.terminate());
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  return twitch;
}

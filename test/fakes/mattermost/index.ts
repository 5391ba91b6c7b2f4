/** A Mattermost server as far as a bot sees it: REST v4 and the WebSocket of events, with posts, threads, files, buttons and faults to order. */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../../../src/core/clock.ts";
import { realClock } from "../real-clock.ts";
import { waitFor } from "../wait-for.ts";

export interface FakePost {
  id: string;
  channel_id: string;
  user_id: string;
  create_at: number;
  update_at: number;
  edit_at: number;
  delete_at: number;
  root_id: string;
  message: string;
  type: string;
  props: Record<string, unknown>;
  file_ids: string[];
  metadata: { files?: object[] };
  is_pinned?: boolean;
  /** Names with which the bot has reacted. */
  reactions?: string[];
}

export interface Fault {
  /** `POST /posts`, as the beginning of method and path. */
  readonly call: string;
  readonly status?: number;
  readonly body?: object;
  readonly headers?: Record<string, string>;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
}

export const BOT = "botbotbotbotbotbotbotbotb1";
export const ANN = "annannannannannannannanna1";
export const DIRECT = "directdirectdirectdirectd1";
export const TOWN = "towntowntowntowntowntownt1";

/** Some names that the server knows. */
const EMOJIS = new Set(["+1", "tada", "heart", "eyes"]);

export type FakeMattermost = Awaited<ReturnType<typeof startFakeMattermost>>;

export async function startFakeMattermost({ token, clock = realClock }: { token: string; clock?: Pick<Clock, "now"> }) {
  const posts = new Map<string, FakePost>();
  const pending = new Map<string, string>();
  const files = new Map<string, { id: string; name: string; mime_type: string; size: number; bytes: Buffer }>();
  const channels = new Map([
    [DIRECT, { id: DIRECT, type: "D", last_post_at: 0 }],
    [TOWN, { id: TOWN, type: "O", last_post_at: 0 }],
  ]);
  const sockets = new Set<WebSocket>();
  const faults: Fault[] = [];
  const calls: { call: string; body: unknown }[] = [];
  const typing: object[] = [];
  const watchers = new Set<() => void>();
  let last = clock.now();
  let refused = false;
  let deaf = false;
  let seq = 0;
  const changed = () => watchers.forEach((watch) => watch());
  const newId = () => randomBytes(13).toString("hex");
  const tick = () => (last = Math.max(last + 1, clock.now()));

  const dispatch = (event: string, data: object, channel = "") => {
    for (const socket of sockets)
      socket.send(JSON.stringify({ event, data, broadcast: { channel_id: channel, user_id: "", team_id: "", omit_users: null }, seq: ++seq }));
  };
  const posted = (post: FakePost) => {
    const { type } = channels.get(post.channel_id)!;
    dispatch(
      "posted",
      { channel_type: type, channel_name: "x", sender_name: post.user_id === BOT ? "@clanker" : "@ann", post: JSON.stringify(post), mentions: "[]" },
      post.channel_id,
    );
  };
  const add = (given: Partial<FakePost> & { channel_id: string; user_id: string }): FakePost => {
    const at = tick();
    const post: FakePost = {
      id: newId(),
      create_at: at,
      update_at: at,
      edit_at: 0,
      delete_at: 0,
      root_id: "",
      message: "",
      type: "",
      props: {},
      file_ids: [],
      ...given,
      metadata: {},
    };
    if (post.file_ids.length > 0) post.metadata = { files: post.file_ids.map((id) => ({ ...files.get(id)!, bytes: undefined })) };
    posts.set(post.id, post);
    channels.get(post.channel_id)!.last_post_at = at;
    posted(post);
    changed();
    return post;
  };

  const answer = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
    void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  const problem = (id: string, message: string, status_code: number) => ({ id, message, status_code });

  /** @returns status and body. */
  const handle = async (method: string, url: URL, raw: Buffer, request: IncomingMessage): Promise<[number, unknown] | Buffer> => {
    const path = url.pathname.replace("/api/v4", "");
    if (method === "GET" && path === "/users/me") return [200, { id: BOT, username: "clanker" }];
    if (method === "GET" && path === `/users/${BOT}/channels`) return [200, [...channels.values()]];
    const typingOf = /^\/users\/(\w+)\/typing$/.exec(path);
    if (method === "POST" && typingOf) {
      typing.push(JSON.parse(String(raw)) as object);
      changed();
      return [200, { status: "OK" }];
    }
    const file = /^\/files\/(\w+)$/.exec(path);
    if (method === "GET" && file) return files.get(file[1]!)?.bytes ?? [404, problem("store.sql_file_info.get.app_error", "not found", 404)];
    if (method === "POST" && path === "/files") {
      const form = await new Response(new Uint8Array(raw), { headers: { "content-type": request.headers["content-type"]! } }).formData();
      const given = form.get("files") as File;
      const id = newId();
      files.set(id, { id, name: given.name, mime_type: given.type, size: given.size, bytes: Buffer.from(await given.arrayBuffer()) });
      return [201, { file_infos: [{ id, name: given.name }] }];
    }
    const channel = /^\/channels\/(\w+)(\/posts)?$/.exec(path);
    if (method === "GET" && channel) {
      const found = channels.get(channel[1]!);
      if (found === undefined) return [404, problem("app.channel.get.existing.app_error", "no such channel", 404)];
      if (channel[2] === undefined) return [200, found];
      const since = Number(url.searchParams.get("since"));
      const list = [...posts.values()].filter((post) => post.channel_id === found.id && post.update_at > since);
      return [200, { order: list.map((post) => post.id).toReversed(), posts: Object.fromEntries(list.map((post) => [post.id, post])) }];
    }
    const body = JSON.parse(String(raw) || "{}") as Partial<FakePost> & { pending_post_id?: string };
    if (method === "POST" && path === "/posts") {
      const known = body.pending_post_id === undefined ? undefined : posts.get(pending.get(body.pending_post_id) ?? "");
      if (known !== undefined) return [201, known];
      if (!channels.has(body.channel_id ?? "")) return [403, problem("api.context.permissions.app_error", "You do not have the appropriate permissions.", 403)];
      if ((body.message ?? "") === "" && (body.file_ids ?? []).length === 0) return [400, problem("api.post.create_post.empty.app_error", "empty", 400)];
      if ((body.message ?? "").length > 16_383) return [400, problem("model.post.is_valid.msg.app_error", "too long", 400)];
      if (body.root_id && posts.get(body.root_id)?.root_id) return [400, problem("api.post.create_post.root_id.app_error", "Invalid RootId parameter.", 400)];
      const { pending_post_id: pendingId, ...given } = body;
      const post = add({ ...given, channel_id: body.channel_id!, user_id: BOT });
      if (pendingId) pending.set(pendingId, post.id);
      return [201, post];
    }
    const noPermission = [403, problem("api.context.permissions.app_error", "You do not have the appropriate permissions.", 403)] as [number, unknown];
    const gone = (id: string | undefined) => posts.get(id ?? "") === undefined || posts.get(id!)!.delete_at > 0;
    const remove = /^\/posts\/(\w+)$/.exec(path);
    if (method === "DELETE" && remove) {
      // What is not there is nobody's to delete.
      if (gone(remove[1])) return noPermission;
      const post = posts.get(remove[1]!)!;
      const before = JSON.stringify(post);
      Object.assign(post, { update_at: tick(), delete_at: last });
      dispatch("post_deleted", { post: before, delete_by: BOT }, post.channel_id);
      changed();
      return [200, { status: "OK" }];
    }
    const pin = /^\/posts\/(\w+)\/(pin|unpin)$/.exec(path);
    if (method === "POST" && pin) {
      if (gone(pin[1])) return noPermission;
      posts.get(pin[1]!)!.is_pinned = pin[2] === "pin";
      changed();
      return [200, { status: "OK" }];
    }
    if (method === "POST" && path === "/reactions") {
      const { user_id, post_id, emoji_name } = body as { user_id?: string; post_id?: string; emoji_name?: string };
      if (user_id !== BOT || gone(post_id)) return noPermission;
      if (!EMOJIS.has(emoji_name ?? "")) return [400, problem("model.reaction.is_valid.emoji_name.app_error", "Invalid emoji name.", 400)];
      const post = posts.get(post_id!)!;
      post.reactions = [...new Set([...(post.reactions ?? []), emoji_name!])];
      changed();
      return [201, { user_id, post_id, emoji_name, create_at: tick() }];
    }
    const unreact = /^\/users\/(\w+)\/posts\/(\w+)\/reactions\/([^/]+)$/.exec(path);
    if (method === "DELETE" && unreact) {
      if (unreact[1] !== BOT || gone(unreact[2])) return noPermission;
      const post = posts.get(unreact[2]!)!;
      post.reactions = (post.reactions ?? []).filter((name) => name !== decodeURIComponent(unreact[3]!));
      changed();
      return [200, { status: "OK" }];
    }
    const patch = /^\/posts\/(\w+)\/patch$/.exec(path);
    const target = posts.get(patch?.[1] ?? "");
    if (method === "PUT" && patch) {
      if (target === undefined || target.delete_at > 0) return [404, problem("app.post.get.app_error", "no such post", 404)];
      Object.assign(target, body, { update_at: tick(), edit_at: last });
      dispatch("post_edited", { post: JSON.stringify(target) }, target.channel_id);
      changed();
      return [200, target];
    }
    return [404, problem("api.context.404.app_error", "no such endpoint", 404)];
  };

  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const raw = Buffer.concat(chunks);
      const url = new URL(request.url!, "http://fake");
      const call = `${request.method} ${url.pathname.replace("/api/v4", "")}`;
      calls.push({ call, body: request.headers["content-type"] === "application/json" ? JSON.parse(String(raw)) : undefined });
      if (refused || request.headers.authorization !== `Bearer ${token}`)
        return answer(response, 401, problem("api.context.session_expired.app_error", "Invalid or expired session, please login again.", 401));
      const at = faults.findIndex((one) => call.startsWith(one.call));
      const fault = at < 0 ? undefined : faults.splice(at, 1)[0];
      if (fault?.status !== undefined) return answer(response, fault.status, fault.body ?? problem("fake", "ordered", fault.status), fault.headers);
      const result = await handle(request.method!, url, raw, request);
      if (fault?.drop === true) return void response.destroy();
      if (Buffer.isBuffer(result)) return void response.writeHead(200, { "content-type": "application/octet-stream" }).end(result);
      answer(response, ...result);
    })();
  });
  const upgrades = new WebSocketServer({ noServer: true, autoPong: false });
  server.on("upgrade", (request, socket, head) => {
    if (refused || request.headers.authorization !== `Bearer ${token}` || request.url !== "/api/v4/websocket")
      return void socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
    upgrades.handleUpgrade(request, socket, head, (client) => {
      sockets.add(client);
      client.on("ping", (data) => deaf || client.pong(data));
      client.on("close", () => sockets.delete(client));
      if (!deaf) client.send(JSON.stringify({ event: "hello", data: { server_version: "10.5.0", connection_id: newId() }, broadcast: {}, seq: 0 }));
      changed();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as AddressInfo).port;

  return {
    url: `http://127.0.0.1:${port}`,
    posts,
    files,
    faults,
    calls,
    typing,
    until: (condition: () => boolean) => waitFor(watchers, condition),
    dispatch,
    /** A further direct conversation. */
    addDirect: (id: string) => void (channels.has(id) || channels.set(id, { id, type: "D", last_post_at: 0 })),
    /** Somebody writes. */
    say: (given: Partial<FakePost> & { message?: string }) => add({ channel_id: DIRECT, user_id: ANN, ...given }),
    /** A file that somebody attached. */
    attach(name: string, mime_type: string, bytes: Buffer): string {
      const id = newId();
      files.set(id, { id, name, mime_type, size: bytes.length, bytes });
      return id;
    },
    edit(post: FakePost, message: string) {
      Object.assign(post, { message, update_at: tick(), edit_at: last });
      dispatch("post_edited", { post: JSON.stringify(post) }, post.channel_id);
    },
    remove(post: FakePost) {
      const before = JSON.stringify(post);
      Object.assign(post, { update_at: tick(), delete_at: last });
      dispatch("post_deleted", { post: before, delete_by: ANN }, post.channel_id);
    },
    react(post: FakePost, emoji: string, removed = false) {
      const reaction = JSON.stringify({ user_id: ANN, post_id: post.id, emoji_name: emoji, create_at: tick() });
      dispatch(removed ? "reaction_removed" : "reaction_added", { reaction }, post.channel_id);
    },
    /** What the bot has posted there, as it stands. */
    texts: (channel: string) =>
      [...posts.values()].filter((post) => post.user_id === BOT && post.channel_id === channel && post.delete_at === 0).map((post) => post.message),
    /** Presses a button, as the server posts it to the integration. */
    async press(post: FakePost, index: number, change: { user_id?: string; context?: object } = {}): Promise<Response> {
      const [attachment] = post.props["attachments"] as { actions: { integration: { url: string; context: object } }[] }[];
      const { url, context } = attachment!.actions[index]!.integration;
      const body = {
        user_id: ANN,
        user_name: "ann",
        channel_id: post.channel_id,
        post_id: post.id,
        team_id: "",
        trigger_id: "",
        type: "button",
        context,
        ...change,
      };
      return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    },
    refuse(on: boolean) {
      refused = on;
      if (on) sockets.forEach((socket) => socket.terminate());
    },
    /** Sockets stand, and nothing answers on them. */
    silence(on: boolean) {
      deaf = on;
    },
    cut: () => sockets.forEach((socket) => socket.terminate()),
    sockets,
    async close() {
      sockets.forEach((socket) => socket.terminate());
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

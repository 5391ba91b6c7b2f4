import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { WebSocketServer, type WebSocket } from "ws";
import { setSecurityHeaders } from "../../src/gateway/http/security-headers.ts";

type Params = Record<string, unknown>;

export interface Call {
  readonly method: string;
  readonly params: Params;
}

/** A gateway of which the test plays the inside: it records calls, answers as told, and publishes what the test publishes. */
export interface GatewayServer {
  readonly url: string;
  readonly token: string;
  readonly calls: Call[];
  /** Requests of pages and files, with their headers. */
  readonly requests: { method: string; path: string; headers: IncomingMessage["headers"] }[];
  /** Entries of `chat.history` by session key. */
  readonly entries: Map<string, Params[]>;
  readonly sessions: Params[];
  readonly turns: Params[];
  readonly media: Map<string, { type: string; bytes: Buffer }>;
  /** Answers of methods; what it throws is answered as an error `{code, message, hint}`. A promise is answered when it settles. */
  readonly answers: Map<string, (params: Params) => unknown>;
  publish(event: string, session: string | undefined, payload: Params): void;
  /** The next call of a method, also one that has come already and was not awaited. The page has not had its answer yet. Rejects after a minute. */
  nextCall(method: string): Promise<Params>;
  /** Breaks every socket as a lost network does. */
  dropSockets(): void;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

export async function startGatewayServer(uiRoot: string): Promise<GatewayServer> {
  const token = "test-token-0123456789";
  const calls: Call[] = [];
  const unseen: Call[] = [];
  const awaited: { method: string; resolve: (params: Params) => void }[] = [];
  const requests: GatewayServer["requests"] = [];
  const entries = new Map<string, Params[]>();
  const sessions: Params[] = [];
  const turns: Params[] = [];
  const media = new Map<string, { type: string; bytes: Buffer }>();
  const subscribed = new Set<WebSocket>();
  let seq = 2 ** 36;
  let mediaCount = 0;

  const answers = new Map<string, (params: Params) => unknown>([
    ["subscribe", () => ({ seq, turns, reset: true })],
    ["sessions.list", ({ archived }) => ({ sessions: sessions.filter((one) => (one["archived_at"] !== undefined) === (archived === true)) })],
    ["channels.status", () => ({ channels: [{ channel: "telegram", account: "default", state: "ready", identity: "@house_bot" }] })],
    ["models.list", () => ({ default: "offline:demo", models: [{ id: "offline:demo", context_tokens: 8000, images: false, thinking: false }] })],
    [
      "chat.history",
      ({ session, after, before, limit }) => {
        const all = entries.get(String(session)) ?? [];
        const last = Number(all.at(-1)?.["number"] ?? 0);
        const to = Number(before ?? last + 1);
        const page = all.filter((entry) => Number(entry["number"]) > Number(after ?? 0) && Number(entry["number"]) < to);
        return {
          session,
          session_id: `id-${String(session)}`,
          last_entry: last,
          entries: after === undefined ? page.slice(-Number(limit)) : page.slice(0, Number(limit)),
        };
      },
    ],
    ["chat.send", ({ session }) => ({ turn_id: "turn-1", message_id: "message-1", session })],
    ["agent.status", () => ({ turns: [] })],
    ["messages.history", () => ({ messages: [] })],
    ["approvals.list", () => ({ approvals: [] })],
    ["pairing.list", () => ({ pairings: [] })],
    ["chat.abort", () => ({ turn_ids: ["turn-1"] })],
  ]);

  const http = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname: path } = new URL(request.url ?? "/", "http://localhost");
    requests.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers });
    setSecurityHeaders(response, path);
    if (path.startsWith("/api/media")) return serveMedia(request, response, path);
    const file = normalize(path.replace(/^\/ui\/?/, "/"));
    const bytes = await readFile(join(uiRoot, file === "/" ? "index.html" : file)).catch(() => undefined);
    if (bytes === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[file === "/" ? ".html" : extname(file)] ?? "application/octet-stream" }).end(bytes);
  };
  const serveMedia = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    if (request.method === "GET") {
      const found = media.get(path.slice("/api/media/".length));
      return void (found === undefined ? response.writeHead(404).end() : response.writeHead(200, { "content-type": found.type }).end(found.bytes));
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const id = `media-${++mediaCount}`;
    const type = request.headers["content-type"] ?? "";
    media.set(id, { type, bytes: Buffer.concat(chunks) });
    response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify({ media_id: id, type, size: Buffer.concat(chunks).length }));
  };

  const sockets = new WebSocketServer({ server: http, path: "/ws" });
  sockets.on("connection", (socket) => {
    socket.on("message", (data) => {
      const { id, method, params = {} } = JSON.parse(String(data)) as { id: number; method: string; params?: Params };
      const reply = (answer: Params) => socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...answer }));
      if (method === "authenticate") {
        if (params["token"] !== token) return reply({ error: { code: -32001, message: "wrong credential", data: { code: "unauthenticated" } } });
        return reply({ result: { protocol: 1, version: "9.9.9", scopes: ["admin"], seq, limits: {} } });
      }
      if (method === "subscribe") subscribed.add(socket);
      const call = { method, params };
      calls.push(call);
      const waiter = awaited.findIndex((item) => item.method === method);
      if (waiter === -1) unseen.push(call);
      else awaited.splice(waiter, 1)[0]?.resolve(params);
      const fail = (error: unknown) => {
        const { code = "internal", message, hint } = error as Error & { code?: string; hint?: string };
        reply({ error: { code: -32000, message, data: { code, hint } } });
      };
      try {
        const answer = answers.get(method)?.(params) ?? {};
        if (answer instanceof Promise) answer.then((result: unknown) => reply({ result }), fail);
        else reply({ result: answer });
      } catch (error) {
        fail(error);
      }
    });
    socket.on("close", () => subscribed.delete(socket));
    socket.on("error", () => subscribed.delete(socket));
  });

  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    token,
    calls,
    requests,
    entries,
    sessions,
    turns,
    media,
    answers,
    publish(event, session, payload) {
      seq++;
      for (const socket of subscribed) socket.send(JSON.stringify({ jsonrpc: "2.0", method: "event", params: { event, seq, session, payload } }));
    },
    nextCall(method) {
      const known = unseen.findIndex((call) => call.method === method);
      if (known !== -1) return Promise.resolve(unseen.splice(known, 1)[0]?.params ?? {});
      return new Promise((resolve, reject) => {
        const waited = setTimeout(
          () => reject(new Error(`no call of ${method} within a minute; what came: ${calls.map((call) => call.method).join(", ")}`)),
          60_000,
        );
        awaited.push({
          method,
          resolve: (params) => {
            clearTimeout(waited);
            resolve(params);
          },
        });
      });
    },
    dropSockets() {
      for (const socket of sockets.clients) socket.terminate();
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export type Json = Record<string, unknown>;

/** What the server does with the next valid request. */
export type Reply =
  | { readonly kind: "json"; readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> }
  /** An event stream; with `cutAt` only its first bytes, after which the connection is reset or ended as if complete. */
  | { readonly kind: "stream"; readonly text: string; readonly cutAt?: number; readonly cut?: "reset" | "end" }
  /** The beginning of a stream that then says nothing more. */
  | { readonly kind: "hang"; readonly text: string };

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json;
}

export interface ModelServer {
  readonly origin: string;
  readonly requests: Seen[];
  /** What strict validation found; each was answered with the vendor's 400. */
  readonly violations: string[];
  replyWith(...replies: Reply[]): void;
  /** Resolves when no client connection is open. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

export interface ServeOptions {
  /** Why the request is wrong, or undefined. */
  readonly check: (seen: Seen) => string | undefined;
  /** The vendor's error body for a wrong request. */
  readonly complain: (message: string) => unknown;
  /** GET of the model list. */
  readonly models: (seen: Seen) => unknown;
}

/** A local server that speaks a model vendor's wire: validates strictly, then answers what the test has put into its queue. */
export async function serveModels(options: ServeOptions): Promise<ModelServer> {
  const requests: Seen[] = [];
  const violations: string[] = [];
  const queue: Reply[] = [];
  const sockets = new Set<Socket>();
  let closedWaiters: (() => void)[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Json);
    const seen: Seen = { method: incoming.method ?? "", path: incoming.url ?? "", headers: incoming.headers, body };
    requests.push(seen);
    const wrong = options.check(seen);
    if (wrong !== undefined) {
      violations.push(wrong);
      return sendJson(response, 400, options.complain(wrong));
    }
    if (seen.method === "GET") return sendJson(response, 200, options.models(seen));
    answer(response, queue.shift() ?? { kind: "json", status: 500, body: options.complain("the test has put no reply into the queue") });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const waiter of closedWaiters.splice(0)) waiter();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    violations,
    replyWith: (...replies) => void queue.push(...replies),
    allClosed: () => (sockets.size === 0 ? Promise.resolve() : new Promise((resolve) => void closedWaiters.push(resolve))),
    close: () =>
      new Promise((resolve) => {
        closedWaiters = [];
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function answer(response: ServerResponse, reply: Reply): void {
  if (reply.kind === "json") return sendJson(response, reply.status, reply.body, reply.headers);
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  const bytes = Buffer.from(reply.text);
  if (reply.kind === "hang") return void response.write(bytes);
  if (reply.cutAt === undefined || reply.cut === "end") return void response.end(bytes.subarray(0, reply.cutAt));
  response.flushHeaders();
  response.write(bytes.subarray(0, reply.cutAt), () => response.destroy());
}

/** `event: NAME` and `data: JSON` as vendors write them; the name is left out for wires that have none. */
export function sseText(events: readonly (Json | string)[], named: boolean): string {
  return events
    .map((event) => {
      const data = typeof event === "string" ? event : JSON.stringify(event);
      return `${named && typeof event !== "string" ? `event: ${String(event["type"])}\n` : ""}data: ${data}\n\n`;
    })
    .join("");
}

export function asList(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}

/** Why a list of function declarations is wrong, or undefined. */
export function checkSchema(name: unknown, schema: unknown): string | undefined {
  if (typeof name !== "string" || !/^[a-zA-Z0-9_-]{1,64}$/.test(name)) return `tool name ${JSON.stringify(name)} is not valid`;
  if (typeof schema !== "object" || schema === null || (schema as Json)["type"] !== "object") return `tool ${name}: the schema's type is not object`;
  return undefined;
}

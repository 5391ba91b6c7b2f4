/** A program of the owner's at the other end of the generic webhook: it checks every signature and knows events by their id. */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "./wait-for.ts";

export interface ProgramEvent {
  readonly type: string;
  readonly id?: string;
  readonly message?: string;
  readonly text?: string;
  readonly conversation?: string;
  readonly [key: string]: unknown;
}

export type WebhookProgram = Awaited<ReturnType<typeof startWebhookProgram>>;

export async function startWebhookProgram(secret: string) {
  const events: ProgramEvent[] = [];
  const seen = new Set<string>();
  const said = new Map<string, string>();
  const files = new Map<string, Buffer>();
  const faults: { status?: number; headers?: Record<string, string>; drop?: boolean }[] = [];
  const watchers = new Set<() => void>();
  const taken: string[] = [];
  let broken = false;
  let bad = 0;
  let asked = 0;
  const sign = (text: string, timestamp = String(Math.floor(Date.now() / 1_000))) => ({
    "x-clanker-timestamp": timestamp,
    "x-clanker-signature": `sha256=${createHmac("sha256", secret).update(`${timestamp}.${text}`).digest("hex")}`,
  });
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = String(Buffer.concat(chunks));
      if (broken) return void request.socket.destroy();
      const expected = sign(request.method === "GET" ? `GET ${request.url}` : body, String(request.headers["x-clanker-timestamp"]));
      if (expected["x-clanker-signature"] !== request.headers["x-clanker-signature"]) {
        bad += 1;
        return void response.writeHead(401).end();
      }
      const file = /^\/base\/media\/(.+)$/.exec(request.url!)?.[1];
      if (request.method === "GET") {
        asked += 1;
        const bytes = files.get(decodeURIComponent(file ?? ""));
        return void (bytes === undefined ? response.writeHead(404).end() : response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(bytes));
      }
      const event = JSON.parse(body) as ProgramEvent;
      if (event.type === "ping") return void response.writeHead(204).end();
      asked += 1;
      const fault = event.type === "typing" ? undefined : faults.shift();
      if (fault?.status !== undefined) return void response.writeHead(fault.status, fault.headers).end();
      events.push(event);
      if (event.type === "message" && !seen.has(event.id!)) said.set(event.id!, event.text ?? "");
      if (event.type === "message") seen.add(event.id!);
      if (event.type === "edit") said.set(event.message!, event.text ?? "");
      watchers.forEach((watch) => watch());
      if (fault?.drop === true) return void request.socket.destroy();
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const program = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`,
    /** Where the gateway listens. */
    gateway: "",
    events,
    said,
    files,
    faults,
    taken,
    /** Requests of any kind but pings. */
    get asked() {
      return asked;
    },
    get bad() {
      return bad;
    },
    sign,
    break: (on: boolean) => (broken = on),
    until: (condition: () => boolean) => waitFor(watchers, condition),
    /** One request to the gateway. @returns its status. */
    async post(event: object | string, headers?: Record<string, string>): Promise<number> {
      const body = typeof event === "string" ? event : JSON.stringify(event);
      const response = await fetch(program.gateway, { method: "POST", headers: headers ?? sign(body), body });
      return response.status;
    },
    /** Sends until the gateway has taken it, as a program has to. */
    async deliver(event: ProgramEvent): Promise<void> {
      for (let tries = 0; tries < 500; tries++) {
        const status = await program.post(event).catch(() => 0);
        if (status === 200) return void taken.push(event.id ?? "");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return program;
}

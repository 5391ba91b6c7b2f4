/**
 * A signal-cli daemon as its HTTP clients see it (man signal-cli-jsonrpc(5); HttpServerHandler): JSON-RPC, server-sent events, and Signal's own queue behind it, which
 * keeps what nobody receives and forgets what was handed to the daemon.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../wait-for.ts";

export interface Fault {
  /** The method of JSON-RPC, or `events`. */
  readonly call: string;
  /** An error of JSON-RPC instead of doing it. */
  readonly error?: { readonly code: number; readonly message: string; readonly data?: object };
  readonly status?: number;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
}

export interface FakeMessage {
  readonly timestamp: number;
  readonly place: string;
  text: string;
  styles: readonly string[];
  deleted: boolean;
  readonly params: Readonly<Record<string, unknown>>;
}

type Params = Record<string, unknown>;

export const NUMBER = "+4915112345678";
export const ME = "00000000-0000-4000-8000-000000000001";
export const ANN = "aaaaaaaa-0000-4000-8000-00000000000a";
export const EVE = "eeeeeeee-0000-4000-8000-00000000000e";
export const GROUP = `${"Gr0up+/".repeat(6)}A=`;

export type FakeSignal = Awaited<ReturnType<typeof startFakeSignal>>;

/** @param options.mode when the daemon receives; @param options.accounts by number */
export async function startFakeSignal(options: { mode?: "on-connection" | "on-start"; accounts?: Record<string, string>; single?: boolean } = {}) {
  const { mode = "on-connection", accounts: given = { [NUMBER]: ME }, single = false } = options;
  const accounts = { ...given };
  const streams = new Map<ServerResponse, string>();
  /** What Signal's server holds for an account. */
  const held = new Map<string, object[]>(Object.keys(accounts).map((number) => [number, []]));
  const lost: object[] = [];
  const messages: FakeMessage[] = [];
  const calls: { method: string; params: Params }[] = [];
  const files = new Map<string, Buffer>();
  const faults: Fault[] = [];
  /** What this account has marked messages with, by `ACI:TIMESTAMP`. */
  const reactions = new Map<string, string>();
  const pins = new Set<string>();
  const polls: string[] = [];
  /** Who waits for a phone to scan its picture. */
  const scans: ((number: string, aci: string) => void)[] = [];
  /** Whose safety number has changed. */
  const untrusted = new Set<string>();
  const watchers = new Set<() => void>();
  let refusing = false;
  let silent = false;
  let clock = Date.now();
  const changed = () => watchers.forEach((watch) => watch());
  const tick = () => (clock = Math.max(clock + 1, Date.now()));

  const write = (number: string, received: object): boolean => {
    const to = [...streams].filter(([, account]) => account === number);
    for (const [stream] of to) stream.write(`event:receive\ndata:${JSON.stringify(received)}\n\n`);
    return to.length > 0;
  };
  /** The daemon acknowledges to Signal before anybody has read it. */
  const receive = (number: string) => {
    const waiting = held.get(number)!;
    while (waiting.length > 0) {
      const listens = [...streams.values()].includes(number);
      if (!listens && mode === "on-connection") return;
      const received = waiting.shift()!;
      if (!write(number, received)) lost.push(received);
    }
  };
  const deliver = (envelope: object, more: object = {}, number = NUMBER) => {
    held.get(number)!.push({ account: number, envelope, ...more });
    receive(number);
    changed();
  };
  const envelopeOf = (from: string, at: number, content: object) => ({
    source: from,
    sourceNumber: null,
    sourceUuid: from,
    sourceName: from === ANN ? "Ann" : "Eve",
    sourceDevice: 1,
    timestamp: at,
    serverReceivedTimestamp: at + 1,
    serverDeliveredTimestamp: at + 2,
    ...content,
  });
  const dataOf = (at: number, group: string | undefined, data: object) => ({
    timestamp: at,
    message: null,
    expiresInSeconds: 0,
    viewOnce: false,
    ...(group === undefined ? {} : { groupInfo: { groupId: group, groupName: "Garden", revision: 3, type: "DELIVER" } }),
    ...data,
  });

  const sent = (timestamp: number, params: Params) => {
    const to = Array.isArray(params["recipient"]) ? (params["recipient"] as string[]) : [ANN, EVE];
    const results = to.map((uuid) => ({
      recipientAddress: { uuid, number: null, username: null },
      type: untrusted.has(uuid) ? "IDENTITY_FAILURE" : "SUCCESS",
    }));
    return { timestamp, results };
  };
  /** What the clients show of it: one reaction of each person, and a pin once. */
  const mark = (method: string, { targetAuthor, targetTimestamp, emoji, remove }: Params) => {
    const name = `${String(targetAuthor)}:${String(targetTimestamp)}`;
    if (method === "sendReaction" && remove !== true) reactions.set(name, String(emoji));
    if (method === "sendReaction" && remove === true) reactions.delete(name);
    if (method === "sendPinMessage") pins.add(name);
    if (method === "sendUnpinMessage") pins.delete(name);
  };
  const run = (method: string, params: Params, number: string): unknown => {
    const place = placeOf(params);
    switch (method) {
      case "listContacts":
        return [{ number, uuid: accounts[number], name: "", profile: {} }];
      case "receive":
        if (single && "account" in params) throw rpcError(-32600, 'Unrecognized field "account"');
        if (mode === "on-start" || [...streams.values()].includes(number))
          throw rpcError(-1, "Receive command cannot be used if messages are already being received.");
        return held.get(number)!.splice(0, Number(params["maxMessages"] ?? -1) >>> 0);
      case "send": {
        const edited = messages.find((message) => message.timestamp === params["editTimestamp"]);
        const { text, styles } = checkedText(params);
        for (const file of (params["attachments"] ?? []) as string[]) checkDataUri(file);
        if (params["quoteTimestamp"] !== undefined && typeof params["quoteAuthor"] !== "string") throw rpcError(-1, "Quote author parameter is missing");
        const timestamp = tick();
        if (edited) Object.assign(edited, { text, styles });
        else messages.push({ timestamp, place: place!, text, styles, deleted: false, params });
        return sent(timestamp, params);
      }
      case "remoteDelete": {
        const message = messages.find(({ timestamp }) => timestamp === params["targetTimestamp"]);
        if (message) message.deleted = true;
        return sent(tick(), params);
      }
      case "sendPollCreate":
        if (!Array.isArray(params["options"]) || params["options"].length < 2) throw rpcError(-1, "Poll needs at least two options");
        polls.push(`${String(params["question"])}: ${params["options"].join("/")}`);
        return sent(tick(), params);
      case "sendReaction":
      case "sendPinMessage":
      case "sendUnpinMessage":
      case "sendAdminDelete":
        if (typeof params["targetTimestamp"] !== "number" || typeof params["targetAuthor"] !== "string") throw rpcError(-1, "target missing");
        mark(method, params);
        return sent(tick(), params);
      case "sendTyping":
      case "sendReceipt":
        if (method === "sendReceipt" && (typeof params["recipient"] !== "string" || params["type"] !== "read")) throw rpcError(-1, "bad receipt");
        return sent(tick(), params);
      case "startLink":
        return { deviceLinkUri: "sgnl://linkdevice?uuid=X&pub_key=Y" };
      case "getAttachment":
      case "getSticker": {
        const file = files.get(String(params["id"] ?? `${params["packId"]}:${params["stickerId"]}`));
        if (file === undefined) throw rpcError(-1, `Could not find attachment with ID: ${String(params["id"])}`);
        return { data: file.toString("base64") };
      }
      default:
        throw rpcError(-32601, "Method not implemented");
    }
  };

  async function rpc(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const { method, params = {}, id } = JSON.parse(body) as { method: string; params?: Params; id: string };
    calls.push({ method, params });
    const answer = (content: object) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", ...content, id }));
    };
    const index = faults.findIndex(({ call }) => call === method);
    const fault = index === -1 ? undefined : faults.splice(index, 1)[0]!;
    try {
      if (method === "finishLink")
        return void scans.push((number, aci) => {
          // The daemon has the account from now on.
          accounts[number] = aci;
          held.set(number, []);
          answer({ result: { number } });
        });
      if (single && method === "startLink") throw rpcError(-32601, "Method not implemented");
      if (fault?.error) throw fault.error;
      if (fault?.status !== undefined) return void response.writeHead(fault.status).end();
      const number = String(params["account"] ?? Object.keys(accounts)[0]);
      if (!single && accounts[number] === undefined && method !== "startLink") throw rpcError(-32602, "Specified account does not exist");
      const result = run(method, params, single ? Object.keys(accounts)[0]! : number);
      if (fault?.drop) return void request.socket.destroy();
      answer({ result });
    } catch (error) {
      answer({ error: { data: null, ...(error as object) } });
    } finally {
      changed();
    }
  }

  function events(url: URL, response: ServerResponse): void {
    const number = single ? Object.keys(accounts)[0]! : url.searchParams.get("account");
    const index = faults.findIndex(({ call }) => call === "events");
    if (index !== -1) return void response.writeHead(faults.splice(index, 1)[0]!.status!).end();
    if (number === null || accounts[number] === undefined) return void response.writeHead(400).end();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    streams.set(response, number);
    response.on("close", () => {
      streams.delete(response);
      changed();
    });
    receive(number);
    changed();
  }

  const server = createServer((request, response) => {
    if (refusing) return void request.socket.destroy();
    const url = new URL(request.url ?? "/", "http://daemon");
    if (url.pathname === "/api/v1/rpc") {
      if (request.method !== "POST") return void response.writeHead(405).end();
      if (!request.headers["content-type"]?.startsWith("application/json")) return void response.writeHead(415).end();
      return void rpc(request, response);
    }
    if (url.pathname === "/api/v1/events") return events(url, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const keepAlive = setInterval(() => {
    if (!silent) for (const stream of streams.keys()) stream.write(":\n");
  }, 40);

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    calls,
    faults,
    reactions,
    pins,
    polls,
    files,
    lost,
    untrusted,
    scans,
    get streams() {
      return streams.size;
    },
    /** How many envelopes Signal's server still holds. */
    held: (number = NUMBER) => held.get(number)!.length,
    deliver,
    /** Somebody says something. @returns its timestamp */
    say(text: string, { from = ANN, group, number, ...data }: { from?: string; group?: string; number?: string } & Params = {}): number {
      const at = tick();
      deliver(envelopeOf(from, at, { dataMessage: dataOf(at, group, { message: text, ...data }) }), {}, number);
      return at;
    },
    /** Something of somebody that is no message: a reaction, a deletion, a vote. */
    does(data: object, { from = ANN, group }: { from?: string; group?: string } = {}): number {
      const at = tick();
      deliver(envelopeOf(from, at, { dataMessage: dataOf(at, group, data) }));
      return at;
    },
    edit(target: number, text: string, { from = ANN, group }: { from?: string; group?: string } = {}): number {
      const at = tick();
      deliver(envelopeOf(from, at, { editMessage: { targetSentTimestamp: target, dataMessage: dataOf(at, group, { message: text }) } }));
      return at;
    },
    /** A person's new phone: what they write cannot be read. */
    changeSafetyNumber(from = ANN) {
      const at = tick();
      deliver(envelopeOf(from, at, {}), { exception: { message: "Untrusted identity", type: "UntrustedIdentityException" } });
    },
    envelopeOf,
    dataOf,
    tick,
    posted: (place: string) => messages.filter((message) => message.place === place && !message.deleted).map(({ text }) => text),
    refuse(broken: boolean) {
      refusing = broken;
      if (broken) server.closeAllConnections();
    },
    /** The stream stays open and says nothing more. */
    silence(on: boolean) {
      silent = on;
    },
    cut() {
      for (const stream of streams.keys()) {
        stream.destroy();
        streams.delete(stream);
      }
    },
    until: (condition: () => boolean) => waitFor(watchers, condition),
    async close() {
      clearInterval(keepAlive);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function rpcError(code: number, message: string): object {
  return { code, message };
}

function placeOf(params: Params): string | undefined {
  const { recipient, groupId } = params;
  return Array.isArray(recipient) ? (recipient[0] as string) : (groupId as string | undefined);
}

function checkedText(params: Params): { text: string; styles: string[] } {
  const text = String(params["message"] ?? "");
  const styles = (params["textStyles"] ?? []) as string[];
  if (text === "" && !params["attachments"]) throw rpcError(-1, "Sending empty message is not allowed");
  for (const style of styles) {
    const [, start, length] = /^(\d+):(\d+):(BOLD|ITALIC|STRIKETHROUGH|MONOSPACE|SPOILER)$/.exec(style) ?? [];
    if (start === undefined || Number(start) + Number(length) > text.length) throw rpcError(-1, `Invalid textStyle syntax (${style})`);
  }
  return { text, styles };
}

/** The pattern of org.asamk.signal.manager.util.DataURI. */
function checkDataUri(text: string): void {
  if (!/^data:[^;,]+\/[^;,]+;filename=[^;,]+;base64,[A-Za-z0-9+/=]+$/.test(text)) throw rpcError(-32603, "Failed to send message (AttachmentInvalidException)");
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

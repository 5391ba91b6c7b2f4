/** `imsg rpc` as its parent process sees it (its docs/rpc.md; RPCServer): a real child process that speaks over pipes, with Messages' database and the bridge behind it. */
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { waitFor } from "../wait-for.ts";

export interface Fault {
  readonly call: string;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: string };
  /** Done, but it ends before it has answered. */
  readonly die?: boolean;
  /** It never answers. */
  readonly hang?: boolean;
}

export interface FakeRow {
  id: number;
  chat_id: number;
  guid: string;
  chat_guid: string;
  sender: string;
  is_from_me: boolean;
  text: string;
  created_at: string;
  attachments: object[];
  is_group: boolean;
}

export const ANN = "+15550000001";
export const DIRECT = `iMessage;-;${ANN}`;
export const GROUP = "iMessage;+;chat123456789";

type Params = Record<string, unknown>;

export type FakeImsg = Awaited<ReturnType<typeof startFakeImsg>>;

export async function startFakeImsg() {
  const rows: FakeRow[] = [];
  const calls: { method: string; params: Params }[] = [];
  const faults: Fault[] = [];
  const sentFiles: { name: string; bytes: string }[] = [];
  /** The tapback of this account, by message: each person has one. */
  const tapbacks = new Map<string, string>();
  const watchers = new Set<() => void>();
  const sockets = new Map<Socket, { since: number | undefined }>();
  let bridge = true;
  let noAccess = false;
  const changed = () => watchers.forEach((watch) => watch());

  const write = (socket: Socket, message: object) => void (socket.writable && socket.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`));
  const feed = (socket: Socket) => {
    const watch = sockets.get(socket);
    if (watch?.since === undefined) return;
    for (const row of rows.filter(({ id }) => id > watch.since!)) {
      watch.since = row.id;
      write(socket, { method: "message", params: { subscription: 1, message: row } });
    }
  };
  const add = (given: Partial<FakeRow> & Params): FakeRow => {
    const chat = given.chat_guid ?? DIRECT;
    const row: FakeRow = {
      id: (rows.at(-1)?.id ?? 100) + 1,
      chat_id: chat === DIRECT ? 1 : 2,
      guid: randomUUID().toUpperCase(),
      chat_guid: chat,
      sender: ANN,
      is_from_me: false,
      text: "",
      created_at: new Date().toISOString(),
      attachments: [],
      is_group: chat.includes(";+;"),
      ...given,
    };
    rows.push(row);
    for (const socket of sockets.keys()) feed(socket);
    changed();
    return row;
  };
  const bridged = () => {
    if (!bridge) throw { code: -32603, message: "Internal error", data: "bridge not ready: run imsg launch" };
  };
  const messageOf = (params: Params): FakeRow => {
    const row = rows.find(({ guid }) => guid === params["message_guid"]);
    if (row === undefined) throw { code: -32603, message: "Internal error", data: `Dylib error: Message not found: ${String(params["message_guid"])}` };
    return row;
  };
  const tap = (guid: string, { reaction, remove }: Params) => {
    if (remove !== true) tapbacks.set(guid, String(reaction));
    else if (tapbacks.get(guid) === reaction) tapbacks.delete(guid);
  };
  const send = (params: Params): object => {
    const file = (params["file"] ?? "") as string;
    if (typeof params["chat_guid"] !== "string" || (!params["text"] && !file))
      throw { code: -32602, message: "Invalid params", data: "text or file is required" };
    if (params["chat_guid"] === "iMessage;-;nobody") throw { code: -32602, message: "Invalid params", data: "missing chat identifier or guid" };
    if (file !== "") sentFiles.push({ name: file.split("/").at(-1)!, bytes: readFileSync(file, "utf8") });
    const row = add({ chat_guid: params["chat_guid"], is_from_me: true, sender: "", text: (params["text"] as string | undefined) ?? "" });
    // Of a file alone the row is not found in time.
    return file === "" ? { ok: true, transport: "applescript", id: row.id, guid: row.guid } : { ok: true, transport: "applescript" };
  };
  const run = (method: string, params: Params, socket: Socket): unknown => {
    if (noAccess) throw { code: -32603, message: "Internal error", data: "The Messages database at chat.db requires Full Disk Access permission." };
    switch (method) {
      case "chats.list":
        return { chats: [...new Set(rows.map(({ chat_id }) => chat_id))].map((id) => ({ id })) };
      case "messages.history":
        return { messages: rows.filter(({ chat_id: id }) => id === params["chat_id"]).slice(-Number(params["limit"])) };
      case "watch.subscribe":
        sockets.get(socket)!.since = Number(params["since_rowid"] || (rows.at(-1)?.id ?? 0));
        queueMicrotask(() => feed(socket));
        return { subscription: 1 };
      case "send":
        return send(params);
      case "send.rich":
      case "send.attachment":
        bridged();
        return send(params);
      case "tapback":
        bridged();
        if (!/^(love|like|dislike|laugh|emphasize|question)$/.test(String(params["reaction"])))
          throw { code: -32602, message: "Invalid params", data: "unsupported tapback" };
        tap(messageOf(params).guid, params);
        return { ok: true };
      case "message.edit":
        bridged();
        messageOf(params).text = String(params["text"]);
        return { ok: true };
      case "message.unsend":
        bridged();
        rows.splice(rows.indexOf(messageOf(params)), 1);
        return { ok: true };
      case "typing":
      case "read":
        bridged();
        return { ok: true };
      default:
        throw { code: -32601, message: "Method not found", data: method };
    }
  };

  const server = createServer((socket) => {
    sockets.set(socket, { since: undefined });
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      changed();
    });
    createInterface({ input: socket }).on("line", (line) => {
      const { id, method, params = {} } = JSON.parse(line) as { id: string; method: string; params?: Params };
      calls.push({ method, params });
      changed();
      const index = faults.findIndex(({ call }) => call === method);
      const fault = index === -1 ? undefined : faults.splice(index, 1)[0]!;
      if (fault?.hang) return;
      try {
        if (fault?.error) throw fault.error;
        const result = run(method, params, socket);
        if (fault?.die) return void socket.destroy();
        write(socket, { id, result });
      } catch (error) {
        write(socket, { id, error });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    command: [process.execPath, join(import.meta.dirname, "child.ts"), String(port), "canary-imsg-argument"],
    rows,
    calls,
    faults,
    sentFiles,
    tapbacks,
    get runs() {
      return sockets.size;
    },
    add,
    say: (text: string, more: Partial<FakeRow> & Params = {}) => add({ text, ...more }),
    posted: (chat: string) => rows.filter((row) => row.is_from_me && row.chat_guid === chat).map(({ text }) => text),
    /** A notification that nobody asked for. */
    notify(method: string, params: object) {
      for (const socket of sockets.keys()) write(socket, { method, params });
    },
    kill: () => sockets.forEach((_watch, socket) => socket.destroy()),
    setBridge: (there: boolean) => void (bridge = there),
    setAccess: (granted: boolean) => void (noAccess = !granted),
    /** It ends as soon as it begins. */
    refuse(broken: boolean) {
      if (broken) server.close();
      else if (!server.listening) server.listen(port, "127.0.0.1");
      if (broken) for (const socket of sockets.keys()) socket.destroy();
    },
    isLent: (path: string) => existsSync(path),
    until: (condition: () => boolean) => waitFor(watchers, condition),
    async close() {
      for (const socket of sockets.keys()) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

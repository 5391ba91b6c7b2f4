/** A BlueBubbles server on a Mac as its REST clients see it (API v1; MessageRouter, AuthMiddleware, MessageSerializer): rows, chats, files, the Private API. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../wait-for.ts";

export interface Fault {
  /** `POST /message/text`, as the beginning of method and path. */
  readonly call: string;
  readonly status?: number;
  readonly body?: object;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
}

export interface FakeRow {
  originalROWID: number;
  guid: string;
  text: string | null;
  handle: { address: string; service: string } | null;
  attachments: { guid: string; mimeType: string; transferName: string; totalBytes: number; isSticker: boolean; hideAttachment: boolean }[];
  chats: { guid: string }[];
  dateCreated: number;
  dateEdited: number | null;
  dateRetracted: number | null;
  isFromMe: boolean;
  error: number;
  itemType: number;
  associatedMessageGuid: string | null;
  associatedMessageType: string | null;
  threadOriginatorGuid: string | null;
  partCount: number;
  messageSummaryInfo: { retractedParts: number[] }[] | null;
}

export const ANN = "+15550000001";
export const EVE = "+15550000666";
export const DIRECT = `iMessage;-;${ANN}`;
export const GROUP = "iMessage;+;chat123456789";

const EPOCH_MS = Date.UTC(2001, 0, 1);

export type FakeBlueBubbles = Awaited<ReturnType<typeof startFakeBlueBubbles>>;

export async function startFakeBlueBubbles({ password, os = "14.5" }: { password: string; os?: string }) {
  const rows: FakeRow[] = [];
  const files = new Map<string, { bytes: Buffer; type: string }>();
  const calls: { call: string; body: Record<string, unknown> }[] = [];
  const faults: Fault[] = [];
  const reactions: { readonly reaction: string; readonly selectedMessageGuid: string }[] = [];
  /** The tapback of this account, by message: each person has one. */
  const tapbacks = new Map<string, string>();
  const watchers = new Set<() => void>();
  const info = { os_version: os, server_version: "1.9.9", private_api: true, helper_connected: true };
  let wrongPassword = false;
  let clock = Date.now();
  const changed = () => watchers.forEach((watch) => watch());
  const tick = () => (clock = Math.max(clock + 1, Date.now()));

  const add = (given: Partial<FakeRow>): FakeRow => {
    const row: FakeRow = {
      originalROWID: (rows.at(-1)?.originalROWID ?? 100) + 1,
      guid: randomUUID().toUpperCase(),
      text: "",
      handle: { address: ANN, service: "iMessage" },
      attachments: [],
      chats: [{ guid: DIRECT }],
      dateCreated: tick(),
      dateEdited: null,
      dateRetracted: null,
      isFromMe: false,
      error: 0,
      itemType: 0,
      associatedMessageGuid: null,
      associatedMessageType: null,
      threadOriginatorGuid: null,
      partCount: 1,
      messageSummaryInfo: null,
      ...given,
    };
    rows.push(row);
    changed();
    return row;
  };

  /** What MessageRouter.query makes of its body. */
  const query = (body: Record<string, unknown>): FakeRow[] => {
    const {
      limit = 100,
      offset = 0,
      sort = "DESC",
      after = 0,
      where = [],
    } = body as {
      limit?: number;
      offset?: number;
      sort?: string;
      after?: number;
      where?: { statement: string; args: Record<string, number> }[];
    };
    if (limit > 1_000) throw new Error("limit");
    const found = rows.filter((row) => {
      // Rows are joined with their chats: one without is not there yet.
      if (row.dateCreated < after || row.chats.length === 0) return false;
      return where.every(({ statement, args }) => {
        if (statement === "message.ROWID > :rowid") return row.originalROWID > args["rowid"]!;
        if (statement === "message.date_edited >= :edited" && Number.parseInt(os, 10) >= 13)
          return ((row.dateEdited ?? EPOCH_MS) - EPOCH_MS) * 1_000_000 >= args["edited"]!;
        throw new Error(`no such column: ${statement}`);
      });
    });
    const sorted = found.toSorted((a, b) => a.dateCreated - b.dateCreated);
    return (sort === "DESC" ? sorted.toReversed() : sorted).slice(offset, offset + limit);
  };
  const byGuid = (guid: string): FakeRow => {
    const row = rows.find((one) => one.guid === guid);
    if (row === undefined) throw answerOf(400, "Selected message does not exist!");
    return row;
  };
  const needsHelper = () => {
    if (!info.private_api || !info.helper_connected) throw answerOf(500, "iMessage Private API Helper is not connected!");
  };

  const run = (call: string, body: Record<string, unknown>): unknown => {
    const [, guid = "", verb = ""] = /^POST \/(?:message|chat)\/([^/]+)\/(\w+)$/.exec(call) ?? [];
    if (call === "GET /server/info") return info;
    if (call === "POST /message/query") return query(body);
    if (call === "POST /message/text" || call === "POST /message/attachment") {
      if (typeof body["chatGuid"] !== "string" || !body["tempGuid"]) throw answerOf(400, "A 'tempGuid' is required when sending via AppleScript");
      if (body["method"] === "private-api" || body["selectedMessageGuid"]) needsHelper();
      if (call.endsWith("text") && !body["message"]) throw answerOf(400, "A 'message' is required");
      return add({
        isFromMe: true,
        handle: null,
        chats: [{ guid: body["chatGuid"] }],
        text: (body["message"] as string | undefined) ?? `[${String(body["name"])}]`,
        threadOriginatorGuid: (body["selectedMessageGuid"] as string | undefined) ?? null,
      });
    }
    needsHelper();
    if (call === "POST /message/react") {
      const { reaction, selectedMessageGuid } = body as { reaction: string; selectedMessageGuid: string };
      byGuid(selectedMessageGuid);
      if (!/^-?(love|like|dislike|laugh|emphasize|question)$/.test(reaction)) throw answerOf(400, "invalid reaction");
      reactions.push({ reaction, selectedMessageGuid });
      if (!reaction.startsWith("-")) tapbacks.set(selectedMessageGuid, reaction);
      else if (tapbacks.get(selectedMessageGuid) === reaction.slice(1)) tapbacks.delete(selectedMessageGuid);
      return {};
    }
    if (verb === "edit") {
      if (!body["editedMessage"] || !body["backwardsCompatibilityMessage"]) throw answerOf(400, "required");
      return Object.assign(byGuid(guid), { text: body["editedMessage"], dateEdited: tick() });
    }
    if (verb === "unsend") return Object.assign(byGuid(guid), { text: null, dateEdited: tick(), partCount: 0, messageSummaryInfo: [{ retractedParts: [0] }] });
    if (verb === "read" || verb === "typing") return undefined;
    throw answerOf(404, "Not Found");
  };

  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      const { status = 500, message = String(error) } = error as { status?: number; message?: string };
      if (!response.headersSent) send(response, status, { status, message: "failed", error: { type: "x", message }, ...(error as object) });
    });
  });
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://mac");
    const given = url.searchParams.get("password");
    if (wrongPassword || given !== password) throw answerOf(401, given === null ? "Missing server password!" : "Unauthorized");
    const call = `${request.method} ${url.pathname
      .replace(/^\/api\/v1/, "")
      .split("/")
      .map(decodeURIComponent)
      .join("/")}`;
    const raw = await readAll(request);
    const type = request.headers["content-type"] ?? "";
    const body = type.startsWith("multipart/") ? form(raw, type) : raw.length === 0 ? {} : (JSON.parse(raw.toString()) as Record<string, unknown>);
    calls.push({ call, body });
    changed();
    const index = faults.findIndex((fault) => call.startsWith(fault.call));
    const fault = index === -1 ? undefined : faults.splice(index, 1)[0]!;
    if (fault?.status !== undefined)
      return send(response, fault.status, { status: fault.status, message: "failed", error: { type: "x", message: "failed" }, ...fault.body });
    const [, fileGuid] = /^GET \/attachment\/([^/]+)\/download$/.exec(call) ?? [];
    if (fileGuid !== undefined) {
      const file = files.get(fileGuid);
      if (file === undefined) throw answerOf(404, "Attachment does not exist!");
      return void response.writeHead(200, { "content-type": file.type }).end(file.bytes);
    }
    const data = run(call, body);
    changed();
    if (fault?.drop) return void request.socket.destroy();
    send(response, 200, { status: 200, message: "Success", data });
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    rows,
    calls,
    faults,
    reactions,
    tapbacks,
    info,
    add,
    tick,
    say: (text: string, more: Partial<FakeRow> = {}) => add({ text, ...more }),
    attach(row: FakeRow, name: string, type: string, bytes: Buffer) {
      const guid = `at_0_${row.guid}`;
      files.set(guid, { bytes, type });
      row.attachments.push({ guid, mimeType: type, transferName: name, totalBytes: bytes.length, isSticker: false, hideAttachment: false });
      changed();
    },
    edit: (row: FakeRow, text: string) => void Object.assign(row, { text, dateEdited: tick() }),
    unsend: (row: FakeRow) => void Object.assign(row, { text: null, dateEdited: tick(), partCount: 0, messageSummaryInfo: [{ retractedParts: [0] }] }),
    tapback: (row: FakeRow, kind: string, more: Partial<FakeRow> = {}) =>
      add({ text: "Loved it", chats: row.chats, associatedMessageGuid: `p:0/${row.guid}`, associatedMessageType: kind, ...more }),
    posted: (chat: string) => rows.filter((row) => row.isFromMe && row.chats[0]?.guid === chat && row.text !== null).map(({ text }) => text!),
    /** Nobody listens there. */
    refuse(broken: boolean) {
      if (broken) server.close();
      else if (!server.listening) server.listen(port, "127.0.0.1");
      if (broken) server.closeAllConnections();
    },
    refusePassword(refused: boolean) {
      wrongPassword = refused;
    },
    until: (condition: () => boolean) => waitFor(watchers, condition),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerOf(status: number, message: string): object {
  return { status, message, error: { type: "x", message } };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** The fields of a multipart form, and the size of its file. */
function form(raw: Buffer, type: string): Record<string, unknown> {
  const boundary = /boundary="?([^";]+)"?/.exec(type)![1]!;
  const fields: Record<string, unknown> = {};
  for (const part of raw.toString("latin1").split(`--${boundary}`).slice(1, -1)) {
    const [head = "", ...rest] = part.split("\r\n\r\n");
    const value = rest.join("\r\n\r\n").slice(0, -2);
    const name = /name="([^"]*)"/.exec(head)![1]!;
    fields[name] = /filename=/.test(head) ? value : Buffer.from(value, "latin1").toString();
  }
  if (!fields["attachment"]) throw answerOf(400, "Attachment not provided or was empty!");
  return fields;
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

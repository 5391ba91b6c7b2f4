/** Meta's Graph API as far as a WhatsApp number sees it: messages, media, statuses and signed posts to a webhook, repeated until they are taken, with faults to order. */
import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "../wait-for.ts";

export const NUMBER_ID = "106540352242922";
export const ANN = "4917012345678";
export const VERSION = "v24.0";

/** What the upload takes, as its refusal lists it. */
const OFFICE = "application/vnd.openxmlformats-officedocument";
const UPLOADS = [
  ...["aac", "mp4", "mpeg", "amr", "ogg", "opus"].map((one) => `audio/${one}`),
  "application/vnd.ms-powerpoint",
  "application/msword",
  "application/pdf",
  "text/plain",
  "application/vnd.ms-excel",
  ...["wordprocessingml.document", "presentationml.presentation", "spreadsheetml.sheet"].map((one) => `${OFFICE}.${one}`),
  "image/jpeg",
  "image/png",
  "image/webp",
  "video/mp4",
  "video/3gpp",
];

interface SentFile {
  readonly id: string;
  readonly voice?: boolean;
  readonly filename?: string;
}

export interface SentMessage {
  readonly id: string;
  readonly messaging_product?: string;
  readonly to?: string;
  readonly recipient?: string;
  readonly type: string;
  readonly text?: { readonly body: string; readonly preview_url?: boolean };
  readonly interactive?: {
    readonly type: string;
    readonly body: { readonly text: string };
    readonly action: { readonly buttons?: readonly unknown[]; readonly sections?: readonly { readonly rows: readonly { readonly id: string }[] }[] };
  };
  readonly image?: SentFile;
  readonly audio?: SentFile;
  readonly document?: SentFile;
  readonly location?: object;
  readonly contacts?: readonly { readonly phones: readonly { readonly phone: string }[] }[];
  readonly reaction?: { readonly message_id: string; readonly emoji: string };
  readonly context?: { readonly message_id: string };
  readonly biz_opaque_callback_data?: string;
}

export interface Fault {
  /** `POST /messages`, as the beginning of method and the last part of the path. */
  readonly call: string;
  readonly status?: number;
  readonly error?: { code: number; message?: string; error_data?: { details: string } };
  readonly headers?: Record<string, string>;
  /** Done, but the answer is lost. */
  readonly drop?: boolean;
  /** Taken, and a status tells afterwards that it failed. */
  readonly failsLater?: { code: number; title: string };
}

export type FakeCloud = Awaited<ReturnType<typeof startFakeCloud>>;

/** @param options.hook where posts go, once it is known. */
export async function startFakeCloud(options: { token: string; appSecret: string }) {
  const sent: SentMessage[] = [];
  const reads: { message_id: string; typing_indicator?: object }[] = [];
  /** Messages of people, and what the number has reacted to any with. */
  const known = new Set<string>();
  const reactions = new Map<string, string>();
  const files = new Map<string, { bytes: Buffer; type: string; name?: string }>();
  const addresses = new Map<string, string>();
  const faults: Fault[] = [];
  const calls: string[] = [];
  const watchers = new Set<() => void>();
  const answers: { status: number; ids: string[] }[] = [];
  const posting = new Set<Promise<void>>();
  let hook: string | undefined;
  let refused = false;
  let closed = false;
  let statuses = false;
  let counter = 0;
  const changed = () => watchers.forEach((watch) => watch());
  const wamid = () => `wamid.${(++counter).toString().padStart(6, "0")}`;

  const sign = (body: string) => `sha256=${createHmac("sha256", options.appSecret).update(body).digest("hex")}`;
  const value = (more: object) => ({ messaging_product: "whatsapp", metadata: { display_phone_number: "15550783881", phone_number_id: NUMBER_ID }, ...more });
  const bodyOf = (one: object) =>
    JSON.stringify({ object: "whatsapp_business_account", entry: [{ id: "1", changes: [{ field: "messages", value: value(one) }] }] });

  /** One signed post; again and again until 200, as Meta does, if `repeat`. */
  const postOnce = async (body: string, headers: Record<string, string> = {}): Promise<number> => {
    const response = await fetch(hook!, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", "x-hub-signature-256": sign(body), ...headers },
    });
    await response.text();
    return response.status;
  };
  const deliver = (body: string, ids: string[]): Promise<void> => {
    const run = (async () => {
      while (!closed) {
        const status = hook === undefined ? 0 : await postOnce(body).catch(() => 0);
        answers.push({ status, ids });
        changed();
        if (status === 200) return;
        await new Promise<void>((resolve) => void setTimeout(resolve, 20));
      }
    })();
    posting.add(run);
    void run.finally(() => posting.delete(run));
    return run;
  };

  /** One reaction for each message, the empty one takes it back; that there is no such message is told by a status only. */
  const react = async (id: string, { message_id, emoji }: { readonly message_id: string; readonly emoji: string }, nonce: string | undefined) => {
    if (!known.has(message_id) && !sent.some((one) => one.id === message_id))
      return status(id, "failed", { nonce, error: { code: 131009, title: "Parameter value is not valid" } });
    if (emoji === "") reactions.delete(message_id);
    else reactions.set(message_id, emoji);
    return undefined;
  };

  const handle = async (method: string, url: URL, raw: Buffer, request: IncomingMessage): Promise<[number, unknown] | Buffer> => {
    const path = url.pathname.replace(`/${VERSION}`, "");
    if (method === "GET" && path === `/${NUMBER_ID}`) return [200, { display_phone_number: "+1 555-078-3881", verified_name: "Clanker Ltd", id: NUMBER_ID }];
    if (method === "POST" && path === `/${NUMBER_ID}/media`) {
      const form = await new Response(new Uint8Array(raw), { headers: { "content-type": request.headers["content-type"]! } }).formData();
      if (form.get("messaging_product") !== "whatsapp") return [400, { error: { code: 100, message: "messaging_product is missing" } }];
      const file = form.get("file") as File;
      // The type of the part itself decides, and it may have no parameters.
      if (!UPLOADS.includes(file.type))
        return [
          400,
          {
            error: {
              code: 100,
              message: `(#100) Param file must be a file with one of the following types: ${UPLOADS.join(", ")}. Received file of type '${file.type}'.`,
            },
          },
        ];
      const id = String(++counter);
      files.set(id, { bytes: Buffer.from(await file.arrayBuffer()), type: String(form.get("type")), name: file.name });
      return [200, { id }];
    }
    if (method === "POST" && path === `/${NUMBER_ID}/messages`) {
      const body = JSON.parse(String(raw)) as SentMessage & { status?: string; message_id: string };
      if (body.messaging_product !== "whatsapp") return [400, { error: { code: 100, message: "messaging_product is missing" } }];
      if (body.status === "read") {
        reads.push(body as never);
        changed();
        return [200, { success: true }];
      }
      const long = (body.text?.body ?? "").length > 4096 || (body.interactive?.body.text ?? "").length > 1024;
      if (long || (body.interactive?.action.buttons ?? []).length > 3) return [400, { error: { code: 131009, message: "Parameter value is not valid" } }];
      const id = wamid();
      sent.push({ ...body, id });
      if (body.reaction !== undefined) await react(id, body.reaction, body.biz_opaque_callback_data);
      const fault = faults.findIndex(({ call, failsLater }) => failsLater !== undefined && call === "POST /messages");
      const later = fault < 0 ? undefined : faults.splice(fault, 1)[0]!.failsLater;
      if (statuses || later !== undefined) void status(id, later === undefined ? "sent" : "failed", { nonce: body.biz_opaque_callback_data, error: later });
      changed();
      return [200, { messaging_product: "whatsapp", contacts: [{ input: body.to, wa_id: body.to }], messages: [{ id }] }];
    }
    const media = /^\/(\d+)$/.exec(path);
    if (method === "GET" && media && files.has(media[1]!)) {
      const { type, bytes } = files.get(media[1]!)!;
      return [
        200,
        {
          id: media[1],
          url: addresses.get(media[1]!) ?? `${origin()}/files/${media[1]}?hash=x`,
          mime_type: type,
          file_size: bytes.length,
          messaging_product: "whatsapp",
        },
      ];
    }
    const file = /^\/files\/(\d+)$/.exec(url.pathname);
    if (method === "GET" && file) return files.get(file[1]!)?.bytes ?? [404, { error: { code: 100, message: "gone" } }];
    return [404, { error: { code: 100, message: `nothing at ${method} ${path}` } }];
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      if (refused) return void request.socket.destroy();
      const url = new URL(request.url!, "http://x");
      const call = `${request.method} /${url.pathname.split("/").at(-1)}`;
      calls.push(call);
      const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
        void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
      if (request.headers.authorization !== `Bearer ${options.token}`) return answer(401, { error: { code: 190, message: "Invalid OAuth access token" } });
      const at = faults.findIndex((fault) => fault.failsLater === undefined && call.startsWith(fault.call));
      const fault = at < 0 ? undefined : faults.splice(at, 1)[0]!;
      if (fault?.status !== undefined) return answer(fault.status, fault.error === undefined ? {} : { error: fault.error }, fault.headers);
      const result = await handle(request.method!, url, Buffer.concat(chunks), request);
      if (fault?.drop === true) return void request.socket.destroy();
      if (Buffer.isBuffer(result)) response.writeHead(200, { "content-type": "application/octet-stream" }).end(result);
      else answer(...result);
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const status = (id: string, state: string, { nonce, error }: { nonce?: string | undefined; error?: object | undefined } = {}): Promise<void> => {
    const one = { id, status: state, timestamp: "1700000000", recipient_id: ANN, ...(nonce === undefined ? {} : { biz_opaque_callback_data: nonce }) };
    return deliver(bodyOf({ statuses: [{ ...one, ...(error === undefined ? {} : { errors: [error] }) }] }), []);
  };

  return {
    url: origin(),
    sent,
    reactions,
    reads,
    files,
    faults,
    calls,
    answers,
    sign,
    bodyOf,
    postOnce,
    status,
    hookAt: (url: string) => void (hook = url),
    /** From now on each message is told as sent by a status. */
    tellStatuses: () => void (statuses = true),
    refuse: (broken: boolean) => void (refused = broken),
    addFile(bytes: Uint8Array, type: string): string {
      const id = String(++counter);
      files.set(id, { bytes: Buffer.from(bytes), type });
      return id;
    },
    /** Where a file is said to lie from now on. */
    addressOf: (id: string, url: string) => void addresses.set(id, url),
    /** Somebody writes; `content` holds `type` and what belongs to it. @returns the message's id */
    say(content: object, { from = ANN as string | null, contact = {} as object, id = wamid() } = {}): string {
      const message = { ...(from === null ? {} : { from }), id, timestamp: String(Math.floor(Date.now() / 1_000)), ...content };
      known.add(id);
      void deliver(bodyOf({ contacts: [{ profile: { name: "Ann" }, ...(from === null ? {} : { wa_id: from }), ...contact }], messages: [message] }), [id]);
      return id;
    },
    /** How many messages were taken: each is counted once. */
    taken: () => answers.filter(({ status: code, ids }) => code === 200 && ids.length > 0).length,
    until: (condition: () => boolean) => waitFor(watchers, condition),
    async close() {
      closed = true;
      await Promise.all(posting);
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

import type { AnyMessageContent, DownloadableMessage, MediaType, WAMessageKey, WASocket } from "baileys";
import type { CallError, CallMethod, TargetKey } from "../protocol.ts";
import type { Library } from "./library.ts";
import type { Session } from "./session.ts";

/** Why a call has no result, for the adapter. */
export class CallFailure extends Error {
  override readonly name = "CallFailure";
  readonly error: CallError;

  constructor(error: CallError) {
    super(error.message);
    this.error = error;
  }
}

type Params = Readonly<Record<string, unknown>>;

const MAX_BYTES = 20_000_000;

/** Does what the adapter asks for. @throws CallFailure, and whatever baileys throws before anything was sent */
export async function runCall(library: Library, session: Session, method: CallMethod, params: Params): Promise<unknown> {
  const { socket } = session;
  const to = String(params["to"] ?? "");
  const ackMs = Number(params["ack_ms"]);
  switch (method) {
    case "send":
      return { id: await send(session, { to, content: contentOf(params), id: String(params["id"]), ackMs, quote: params["quote"] as string | undefined }) };
    case "poll": {
      const { question, options, multiple } = params as { question: string; options: string[]; multiple: boolean };
      const content = { poll: { name: question, values: options, selectableCount: multiple ? 0 : 1 } };
      return { id: await send(session, { to, content, id: String(params["id"]), ackMs }) };
    }
    case "edit":
      return {
        id: await send(session, {
          to,
          content: { text: String(params["text"]), linkPreview: null, edit: keyOf(to, params["target"]) },
          id: String(params["id"]),
          ackMs,
        }),
      };
    case "delete":
      return { id: await send(session, { to, content: { delete: keyOf(to, params["target"]) }, id: String(params["id"]), ackMs }) };
    case "react":
      return {
        id: await send(session, {
          to,
          content: { react: { key: keyOf(to, params["target"]), text: String(params["emoji"]) } },
          id: String(params["id"]),
          ackMs,
        }),
      };
    case "typing":
      await socket.sendPresenceUpdate("composing", to);
      return {};
    case "read":
      await socket.readMessages([keyOf(to, params["target"])]);
      return {};
    case "download":
      return { bytes: await download(library, String(params["ref"])) };
    case "alive":
      await ping(socket);
      return {};
    case "logout":
      await socket.logout();
      return {};
  }
}

interface Outgoing {
  readonly to: string;
  readonly content: AnyMessageContent;
  /** Of the new message: edits, deletions and reactions are messages too. */
  readonly id: string;
  /** How long WhatsApp may take to say that it has it. */
  readonly ackMs: number;
  readonly quote?: string | undefined;
}

/** Resolves when WhatsApp has taken it. baileys has only written it to its socket by then, after files of it were uploaded. */
async function send({ socket, recent, acknowledged, forget }: Session, { to, content, id, ackMs, quote }: Outgoing): Promise<string> {
  const quoted = quote === undefined ? undefined : recent.get(quote);
  const ack = acknowledged(id);
  const late = Promise.withResolvers<"late">();
  let timer: NodeJS.Timeout | undefined;
  try {
    await socket.sendMessage(to, content, { messageId: id, ...(quoted === undefined ? {} : { quoted }) });
    timer = setTimeout(() => late.resolve("late"), ackMs);
    const answer = await Promise.race([ack, late.promise]);
    if (answer === "late") throw new CallFailure({ kind: "doubt", message: "WhatsApp has not acknowledged the message" });
    if (answer !== undefined) throw new CallFailure({ kind: "refused", message: `WhatsApp answered with error ${answer}`, code: answer });
    return id;
  } finally {
    clearTimeout(timer);
    forget(id);
  }
}

function keyOf(to: string, target: unknown): WAMessageKey {
  const { id, fromMe, participant } = target as TargetKey;
  return { remoteJid: to, id, fromMe, ...(participant === undefined ? {} : { participant }) };
}

function contentOf(params: Params): AnyMessageContent {
  const { text, media, location, contact } = params as {
    text?: string;
    media?: { as: "image" | "video" | "audio" | "document" | "sticker"; data: string; type: string; name: string; voice: boolean };
    location?: { latitude: number; longitude: number; name?: string };
    contact?: { name: string; phone: string };
  };
  if (text !== undefined) return { text, linkPreview: null };
  if (location !== undefined)
    return {
      location: { degreesLatitude: location.latitude, degreesLongitude: location.longitude, ...(location.name === undefined ? {} : { name: location.name }) },
    };
  if (contact !== undefined) return { contacts: { displayName: contact.name, contacts: [{ displayName: contact.name, vcard: vcardOf(contact) }] } };
  if (media === undefined) throw new CallFailure({ kind: "invalid", message: "nothing to send" });
  const bytes = Buffer.from(media.data, "base64");
  switch (media.as) {
    case "image":
      return { image: bytes, mimetype: media.type };
    case "video":
      return { video: bytes, mimetype: media.type };
    case "audio":
      return { audio: bytes, mimetype: media.voice ? "audio/ogg; codecs=opus" : media.type, ptt: media.voice };
    case "sticker":
      return { sticker: bytes, mimetype: media.type };
    case "document":
      return { document: bytes, mimetype: media.type, fileName: media.name };
  }
}

function vcardOf({ name, phone }: { name: string; phone: string }): string {
  const clean = (text: string) => text.replaceAll(/[\r\n]+/g, " ").replaceAll(/[\\;,]/g, "\\$&");
  const digits = phone.replaceAll(/\D/g, "");
  return `BEGIN:VCARD\nVERSION:3.0\nFN:${clean(name)}\nTEL;type=CELL;type=VOICE;waid=${digits}:${phone.replaceAll(/[^\d+ ()-]/g, "")}\nEND:VCARD`;
}

async function download({ downloadContentFromMessage }: Library, ref: string): Promise<string> {
  const { k, p, u, t } = JSON.parse(ref) as { k: string; p?: string; u?: string; t: MediaType };
  const at: DownloadableMessage = { mediaKey: Buffer.from(k, "base64"), ...(p === undefined ? {} : { directPath: p }), ...(u === undefined ? {} : { url: u }) };
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of await downloadContentFromMessage(at, t)) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_BYTES) throw new CallFailure({ kind: "invalid", message: "the file is too big" });
  }
  return Buffer.concat(chunks).toString("base64");
}

/** A question to the server, as baileys' own sign of life is one (P7). */
async function ping(socket: WASocket): Promise<void> {
  await socket.query({
    tag: "iq",
    attrs: { id: socket.generateMessageTag(), to: "s.whatsapp.net", type: "get", xmlns: "w:p" },
    content: [{ tag: "ping", attrs: {} }],
  });
}

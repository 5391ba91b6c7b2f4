/**
 * The last step of the hall (house.md section 2): one part to Matrix. Always true: a part is one event however often it is sent, for its nonce is the transaction id.
 * Servers remember those for a while; after that the events themselves do, to the device that sent them.
 */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { Address } from "../../core/address.ts";
import type { FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import { type MatrixAccount, path, txnId } from "./account.ts";
import { toChannelError } from "./failure.ts";
import type { MatrixPayload } from "./render.ts";
import { sendEvent } from "./send-event.ts";
import type { Content, WireEncryptedFile, WireEvent } from "./wire.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: Pick<SendTarget, "address" | "signal">): Promise<void>;
  typing(address: Address): Promise<void>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
}

/** Synapse forgets what answered a transaction after half an hour. */
const SURE_MS = 10 * 60_000;
const TYPING_MS = 10_000;
/** Clients that cannot show edits show this much of the new text. */
const FALLBACK_TEXT = 500;

export function createOutbound(account: MatrixAccount): Outbound {
  const { api, deps, rooms } = account;
  return {
    async send(part, target) {
      const { conversation: room, thread } = target.address;
      try {
        const id =
          (await findSent(account, target)) ??
          (await sendEvent(account, { room, ...(await eventOf(account, part, target)), txn: target.nonce, signal: target.signal }));
        remember(account, id, thread);
        return { messageId: id };
      } catch (error) {
        throw toChannelError(error);
      }
    },
    async edit({ messageId }, part, { address, signal }) {
      const payload = part.payload as MatrixPayload;
      if (payload.kind !== "text")
        throw new ChannelError("matrix_not_editable", "only text replaces a message", "permanent", { hint: "Send the file as a message of its own" });
      const fresh = textContent(payload);
      const content = {
        msgtype: "m.text",
        body: `* ${payload.body.slice(0, FALLBACK_TEXT)}`.toWellFormed(),
        "m.mentions": {},
        "m.new_content": fresh,
        "m.relates_to": { rel_type: "m.replace", event_id: messageId },
      };
      try {
        // Each text is an event of its own, and the newest counts: to send it again does no harm.
        await sendEvent(account, { room: address.conversation, type: "m.room.message", content, txn: txnId(account), signal });
      } catch (error) {
        throw toChannelError(error);
      }
    },
    async typing({ conversation }) {
      if (account.me === undefined || !rooms.has(conversation)) return;
      try {
        await api.call("PUT", `/client/v3/rooms${path(conversation)}/typing${path(account.me.id)}`, { body: { typing: true, timeout: TYPING_MS } });
      } catch (error) {
        deps.log.debug("matrix typing not shown", { error: toChannelError(error) });
      }
    },
    fetchMedia: (media, signal) => fetchMedia(account, media, signal),
  };
}

/** What we said: answers to it are said to us. */
export function remember(account: MatrixAccount, id: string, thread: string | undefined): void {
  if (account.me === undefined) return;
  account.seen.set(id, { sender: account.me.id, ...(thread === undefined ? {} : { thread }) });
  account.threads.set(thread ?? id, true);
}

/** A device is told the transaction ids of its own events (client-server API, `unsigned.transaction_id`). */
async function findSent({ api, me, deps }: MatrixAccount, { address, nonce, signal, triedSince }: SendTarget): Promise<string | undefined> {
  if (triedSince === undefined || deps.clock.now() - triedSince < SURE_MS) return undefined;
  const { chunk = [] } = await api.call<{ chunk?: WireEvent[] }>("GET", `/client/v3/rooms${path(address.conversation)}/messages?dir=b&limit=100`, { signal });
  return chunk.find(({ sender, unsigned }) => sender === me?.id && unsigned?.transaction_id === nonce)?.event_id;
}

async function eventOf(account: MatrixAccount, part: RenderedPart, target: SendTarget): Promise<{ type: string; content: Content }> {
  const payload = part.payload as MatrixPayload;
  const content = payload.kind === "text" ? textContent(payload) : await mediaContent(account, payload.media, target);
  const relation = relationTo(target);
  return { type: "m.room.message", content: { ...content, ...(relation === undefined ? {} : { "m.relates_to": relation }) } };
}

/** `m.mentions` says that nobody is called, whatever stands in the text (client-server API, "User and room mentions"). */
function textContent({ body, html }: Extract<MatrixPayload, { kind: "text" }>): Content {
  const text = body.toWellFormed();
  return {
    msgtype: "m.text",
    body: text,
    "m.mentions": {},
    ...(html === undefined ? {} : { format: "org.matrix.custom.html", formatted_body: html.toWellFormed() }),
  };
}

/** In a thread, what is answered for clients that know none is its root (client-server API, "Fallback for unthreaded clients"). */
function relationTo({ address: { thread }, replyTo }: SendTarget): Content | undefined {
  if (thread !== undefined) {
    const answered = { "m.in_reply_to": { event_id: replyTo ?? thread } };
    return { rel_type: "m.thread", event_id: thread, is_falling_back: replyTo === undefined, ...answered };
  }
  return replyTo === undefined ? undefined : { "m.in_reply_to": { event_id: replyTo } };
}

async function mediaContent(account: MatrixAccount, media: Media, { address, signal }: SendTarget): Promise<Content> {
  const { deps, api, rooms, crypto } = account;
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  const name = (media.name ?? blob.name ?? "file").toWellFormed();
  const about = { msgtype: messageType(blob.type), body: name, filename: name, "m.mentions": {}, info: { mimetype: blob.type, size: blob.bytes.length } };
  const voice = media.kind === "voice" && about.msgtype === "m.audio" ? { "org.matrix.msc3245.voice": {} } : {};
  if (!rooms.encrypted(address.conversation) || crypto === undefined)
    return { ...about, ...voice, url: await api.upload(blob.bytes, { name, type: blob.type }, signal) };
  const { bytes, file } = crypto.encryptFile(blob.bytes);
  const url = await api.upload(bytes, { type: "application/octet-stream" }, signal);
  return { ...about, ...voice, file: { ...file, url } };
}

function messageType(type: string): string {
  const [, kind] = /^(image|audio|video)\//.exec(type) ?? [];
  return kind === undefined ? "m.file" : `m.${kind}`;
}

async function fetchMedia(account: MatrixAccount, { ref, type, name }: Media, signal: AbortSignal): Promise<FetchedMedia> {
  if (ref === undefined) throw new ChannelError("matrix_no_file", "the media has no address", "permanent", { hint: "Ask for the file again" });
  const rest = name === undefined ? {} : { name };
  try {
    if (ref.startsWith("mxc://")) {
      const file = await account.api.download(ref, MAX_BLOB_BYTES, signal);
      return { bytes: file.bytes, type: type ?? (file.type === "" ? "application/octet-stream" : file.type), ...rest };
    }
    const file = JSON.parse(ref) as WireEncryptedFile;
    const { bytes } = await account.api.download(file.url ?? "", MAX_BLOB_BYTES, signal);
    return { bytes: opened(account, bytes, file), type: type ?? "application/octet-stream", ...rest };
  } catch (error) {
    throw toChannelError(error);
  }
}

function opened({ crypto }: MatrixAccount, bytes: Uint8Array, file: WireEncryptedFile): Uint8Array {
  if (crypto === undefined) throw new ChannelError("matrix_not_started", "the keys of the account are not open", "retry", { retryAfterMs: 1_000 });
  try {
    return crypto.decryptFile(bytes, file);
  } catch (error) {
    throw new ChannelError("matrix_file_damaged", `the file is not what was sent: ${String(error)}`, "permanent", {
      hint: "Ask for the file again",
      cause: error,
    });
  }
}

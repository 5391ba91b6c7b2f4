/**
 * The last step of the hall (house.md section 2): one part to Signal. Always true: signal-cli knows no nonce, so a send whose answer is lost is `unknown` and is not
 * made again.
 */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { Address } from "../../core/address.ts";
import type { FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import { remember, type SignalAccount } from "./account.ts";
import { toChannelError } from "./failure.ts";
import { formatName, parseName } from "./message-name.ts";
import { placeOf } from "./place.ts";
import type { SignalPayload } from "./render.ts";
import type { WireSendResult } from "./wire.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  typing(address: Address): Promise<void>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
}

const MAX_TYPING = 500;
/** Base64 and the JSON around it. */
const MAX_ANSWER = Math.ceil(MAX_BLOB_BYTES / 3) * 4 + 1_000;

export function createOutbound(account: SignalAccount): Outbound {
  const { api, deps, timing } = account;
  const shownAt = new Map<string, number>();
  return {
    async send(part, target) {
      try {
        const payload = part.payload as SignalPayload;
        const place = placeOf(target.address.conversation);
        const content =
          payload.kind === "text" ? { message: payload.message, textStyles: payload.styles } : { message: "", ...(await fileOf(account, payload.media)) };
        const receipt = await sendCommand(account, "send", { ...place, ...content, ...quoteOf(account, target.replyTo) }, target.signal);
        remember(account.texts, receipt.messageId, part.text.slice(0, 300));
        shownAt.delete(target.address.conversation);
        return receipt;
      } catch (error) {
        throw toChannelError(error, "send");
      }
    },
    async typing({ conversation }) {
      const now = deps.clock.monotonic();
      if (now - (shownAt.get(conversation) ?? -timing.typingMs) < timing.typingMs) return;
      if (shownAt.size > MAX_TYPING) shownAt.clear();
      shownAt.set(conversation, now);
      try {
        await api.call("sendTyping", placeOf(conversation));
      } catch (error) {
        deps.log.debug("signal typing not shown", { error: toChannelError(error, "repeatable") });
      }
    },
    async fetchMedia(media, signal) {
      const [, kind, id, sticker] = /^(file|sticker):(.+?)(?::(\d+))?$/.exec(media.ref ?? "") ?? [];
      if (id === undefined) throw new ChannelError("signal_no_file", "the media has no id", "permanent", { hint: "Ask for the file again" });
      if ((media.size ?? 0) > MAX_BLOB_BYTES)
        throw new ChannelError("signal_file_too_big", `the file has ${media.size} bytes`, "permanent", { hint: "Files of up to 20 MB can be fetched" });
      try {
        const [method, params] =
          kind === "sticker" ? ["getSticker", { packId: id, stickerId: Number(sticker) }] : ["getAttachment", { id: media.ref!.slice(5) }];
        const { data } = await api.call<{ data?: string }>(method as string, params as object as Record<string, unknown>, { signal, limit: MAX_ANSWER });
        const bytes = new Uint8Array(Buffer.from(data ?? "", "base64"));
        return {
          bytes,
          type: media.type ?? (kind === "sticker" ? "image/webp" : "application/octet-stream"),
          ...(media.name === undefined ? {} : { name: media.name }),
        };
      } catch (error) {
        throw toChannelError(error, "repeatable");
      }
    },
  };
}

/**
 * Calls a command that sends something and reads what became of it for each recipient.
 * @throws SignalFailure, HttpFailure, ChannelError
 */
export async function sendCommand(account: SignalAccount, method: string, params: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<Receipt> {
  const { me, api, deps, untrusted } = account;
  if (me === undefined) throw new ChannelError("signal_unreachable", "the account has not started yet", "retry");
  const { timestamp, results = [] } = await api.call<WireSendResult>(method, params, { signal });
  // It went out to somebody, else signal-cli answers with an error.
  for (const { type, recipientAddress } of results) {
    if (type === "SUCCESS") continue;
    const who = recipientAddress?.uuid?.toLowerCase();
    deps.log.warn("signal: not everybody got it", { type, who });
    if (type === "IDENTITY_FAILURE" && who !== undefined && untrusted.size < 100) untrusted.add(who);
  }
  if (typeof timestamp !== "number") throw new ChannelError("signal_error", "signal-cli's answer names no message", "unknown");
  return { messageId: formatName({ author: me, timestamp }) };
}

/** A quote has to bring its text; clients that have the message show that instead. */
function quoteOf({ texts }: SignalAccount, replyTo: string | undefined): object {
  const name = replyTo === undefined ? undefined : parseName(replyTo);
  return name === undefined ? {} : { quoteTimestamp: name.timestamp, quoteAuthor: name.author, quoteMessage: texts.get(replyTo!) ?? "" };
}

/** RFC 2397 with the name as a parameter (man signal-cli(1), send --attachment); its value is URL-encoded. */
async function fileOf({ deps }: SignalAccount, media: Media): Promise<object> {
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  const name = encodeURIComponent((media.name ?? blob.name ?? "file").toWellFormed());
  const type = blob.type.split(";", 1)[0]!.trim();
  const attachment = `data:${type};filename=${name};base64,${Buffer.from(blob.bytes).toString("base64")}`;
  return { attachments: [attachment], ...(media.kind === "voice" ? { voiceNote: true } : {}) };
}

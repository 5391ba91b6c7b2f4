/** The last step of the hall (house.md section 2): one part to Messages on the Mac. Always true: nothing there knows a nonce, so a send whose answer is lost is `unknown`. */
import { MAX_BLOB_BYTES } from "../../core/blobs.ts";
import type { Address } from "../../core/address.ts";
import type { FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../core/channel.ts";
import { ChannelError } from "../../core/errors.ts";
import type { Media } from "../../core/message.ts";
import { type ImessageAccount, remember } from "./account.ts";
import { toChannelError } from "./failure.ts";
import type { ImessagePayload } from "./render.ts";
import type { OutgoingFile } from "./way.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  typing(address: Address): Promise<void>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
}

const MAX_TYPING = 500;
/** Of a message that the Mac has taken without saying under which guid. */
const NAMELESS = "nonce:";

export function createOutbound(account: ImessageAccount): Outbound {
  const { way, deps, timing, config } = account;
  const shownAt = new Map<string, number>();
  return {
    async send(part, { address, nonce, replyTo, signal }) {
      const payload = part.payload as ImessagePayload;
      const out = { chat: chatOf(address), nonce, signal, ...(config.private_api && replyTo !== undefined ? { replyTo } : {}) };
      try {
        const guid = payload.kind === "text" ? await way.sendText(payload.message, out) : await way.sendFile(await fileOf(account, payload.media), out);
        shownAt.delete(address.conversation);
        if (guid === undefined) return { messageId: NAMELESS + nonce };
        remember(account.ours, guid, "");
        remember(account.texts, guid, part.text.slice(0, 300));
        return { messageId: guid };
      } catch (error) {
        throw toChannelError(error, "send");
      }
    },
    async typing(address) {
      const now = deps.clock.monotonic();
      if (!config.private_api || now - (shownAt.get(address.conversation) ?? -timing.typingMs) < timing.typingMs) return;
      if (shownAt.size > MAX_TYPING) shownAt.clear();
      shownAt.set(address.conversation, now);
      try {
        await way.typing(chatOf(address));
      } catch (error) {
        deps.log.debug("imessage typing not shown", { error: toChannelError(error, "repeatable") });
      }
    },
    async fetchMedia(media, signal) {
      if (media.ref === undefined) throw new ChannelError("imessage_no_file", "the media has no reference", "permanent", { hint: "Ask for the file again" });
      if ((media.size ?? 0) > MAX_BLOB_BYTES)
        throw new ChannelError("imessage_file_too_big", `the file has ${media.size} bytes`, "permanent", { hint: "Files of up to 20 MB can be fetched" });
      try {
        return await way.fetch(media, MAX_BLOB_BYTES, signal);
      } catch (error) {
        throw toChannelError(error, "repeatable");
      }
    },
  };
}

/** @throws ChannelError for what is no chat guid: a bare number could be anybody's, by any service. */
export function chatOf({ conversation }: Address): string {
  if (/^[A-Za-z]+;[-+];.+$/.test(conversation)) return conversation;
  throw new ChannelError("imessage_bad_address", "not a chat guid", "permanent", {
    hint: "Write imessage:ACCOUNT:GUID with a chat guid such as iMessage;-;+15551234567, percent-encoded",
  });
}

/** @throws ChannelError for a message that the Mac has never named. */
export function guidOf(messageId: string): string {
  if (!messageId.startsWith(NAMELESS)) return messageId;
  throw new ChannelError("imessage_no_message", "the Mac did not say what this message is called", "permanent", { hint: "Send another message instead" });
}

async function fileOf({ deps }: ImessageAccount, media: Media): Promise<OutgoingFile> {
  const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
  if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
  // It becomes the name of a file on the Mac.
  const name =
    (media.name ?? blob.name ?? "file")
      .replace(/[/\\:\p{Cc}]/gu, "_")
      .replace(/^\.+/, "")
      .slice(-120) || "file";
  return { name: name.toWellFormed(), type: blob.type.split(";", 1)[0]!.trim(), bytes: blob.bytes, voice: media.kind === "voice" };
}

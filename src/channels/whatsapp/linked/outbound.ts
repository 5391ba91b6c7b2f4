/** The last step of the hall (house.md section 2) for a linked device: one part to WhatsApp. Resolves when its server has taken it, not when the child has written it. */
import { MAX_BLOB_BYTES } from "../../../core/blobs.ts";
import type { Address } from "../../../core/address.ts";
import type { ActionTarget, ChannelActions, FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../../core/channel.ts";
import { ChannelError } from "../../../core/errors.ts";
import type { Media } from "../../../core/message.ts";
import { isEmoji } from "../../../lib/is-emoji/index.ts";
import { markedText, MAX_TEXT, pollFits, type WhatsappPayload } from "../render.ts";
import type { LinkedAccount } from "./account.ts";
import { failureOf } from "./failure.ts";
import { isOwnId, jidOf, ownId, targetOf } from "./ids.ts";
import type { Link } from "./link.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  /** @throws ChannelError */
  edit(receipt: Receipt, part: RenderedPart, target: SendTarget): Promise<void>;
  typing(address: Address): Promise<void>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
  readonly actions: ChannelActions;
}

export function createOutbound(account: LinkedAccount): Outbound {
  const { deps } = account;
  const linked = (): Link => {
    if (account.link === undefined) throw failureOf({ kind: "away", message: "there is no connection to WhatsApp" });
    return account.link;
  };
  const freshId = () => ownId(Array.from(deps.random.bytes(16), (byte) => byte.toString(16)).join("."));
  const replace = (address: Address, messageId: string, text: string, signal: AbortSignal) => {
    if (!isOwnId(messageId))
      return Promise.reject(new ChannelError("whatsapp_not_ours", "only what this account has sent can be edited", "permanent", { hint: "Answer it instead" }));
    return linked().call("edit", { to: jidOf(address.conversation), target: targetOf(messageId), text, id: freshId() }, { signal });
  };
  return {
    async send(part, { address, replyTo, nonce, signal }) {
      const payload = part.payload as WhatsappPayload;
      const to = jidOf(address.conversation);
      if (payload.kind === "poll") {
        const { question, options, multiple = false } = payload;
        const { id } = await linked().call<{ id: string }>("poll", { to, id: ownId(nonce), question, options, multiple }, { signal });
        return { messageId: id };
      }
      const content = await contentOf(account, payload);
      const quote = replyTo === undefined ? {} : { quote: targetOf(replyTo).id };
      const { id } = await linked().call<{ id: string }>("send", { to, id: ownId(nonce), ...content, ...quote }, { signal });
      return { messageId: id };
    },
    async edit({ messageId }, part, { address, signal }) {
      const payload = part.payload as WhatsappPayload;
      if (payload.kind !== "text")
        throw new ChannelError("whatsapp_not_editable", "only text replaces a message", "permanent", { hint: "Send it as a message of its own" });
      await replace(address, messageId, payload.body, signal);
    },
    async typing({ conversation }) {
      try {
        await account.link?.call("typing", { to: jidOf(conversation) });
      } catch (error) {
        deps.log.debug("whatsapp typing not shown", { error });
      }
    },
    async fetchMedia({ ref, type, name, size = 0 }, signal) {
      if (ref === undefined) throw new ChannelError("whatsapp_no_file", "the media has no reference", "permanent", { hint: "Ask for the file again" });
      if (size > MAX_BLOB_BYTES)
        throw new ChannelError("whatsapp_file_too_big", `the file has ${size} bytes`, "permanent", { hint: "Files of up to 20 MB can be fetched" });
      const { bytes } = await linked().call<{ bytes: string }>("download", { ref }, { signal });
      const fetched = Uint8Array.from(atob(bytes), (character) => character.charCodeAt(0));
      return { bytes: fetched, type: type ?? "application/octet-stream", ...(name === undefined ? {} : { name }) };
    },
    actions: {
      async edit({ address, messageId, signal }, markdown) {
        const text = markedText(markdown);
        if (text.length > MAX_TEXT || text.trim() === "")
          throw new ChannelError("whatsapp_refused", `a text of ${text.length} characters`, "permanent", {
            hint: `Write between 1 and ${MAX_TEXT.toLocaleString("en")} characters`,
          });
        await replace(address, messageId, text, signal);
      },
      async delete({ address, messageId, signal }) {
        await linked().call("delete", { to: jidOf(address.conversation), target: targetOf(messageId), id: freshId() }, { signal });
      },
      async react({ address, messageId, signal }: ActionTarget, emoji, on) {
        // What is none is taken and shown to nobody.
        if (!isEmoji(emoji)) throw new ChannelError("whatsapp_no_emoji", "a reaction is one emoji", "permanent", { hint: "Give one emoji, such as 👍" });
        const params = { to: jidOf(address.conversation), target: targetOf(messageId), emoji: on ? emoji : "", id: freshId() };
        await linked().call("react", params, { signal });
      },
      async poll({ address, signal }, { question, options, multiple }) {
        if (!pollFits({ question, options }))
          throw new ChannelError("whatsapp_refused", "the poll does not fit", "permanent", {
            hint: "2 to 12 options that differ, of up to 100 characters, and a question of up to 255",
          });
        const params = { to: jidOf(address.conversation), id: freshId(), question, options, multiple };
        const { id } = await linked().call<{ id: string }>("poll", params, { signal });
        return { messageId: id };
      },
    },
  };
}

/** @throws ChannelError when a file is gone */
async function contentOf({ deps }: LinkedAccount, payload: Exclude<WhatsappPayload, { kind: "poll" }>): Promise<object> {
  switch (payload.kind) {
    case "text":
      return { text: payload.body };
    case "location":
      return { location: payload };
    case "contact":
      return { contact: { name: payload.name, phone: payload.phone } };
    case "media": {
      const { media } = payload;
      const blob = media.blob === undefined ? undefined : await deps.blobs.get(media.blob);
      if (blob === undefined) throw new ChannelError("blob_missing", `the file ${media.blob} is not stored any more`, "permanent", { hint: "Make it again" });
      const voice = media.kind === "voice" && blob.type === "audio/ogg";
      return { media: { as: shownAs(media, blob.type), data: base64(blob.bytes), type: blob.type, name: media.name ?? blob.name ?? "file", voice } };
    }
  }
}

function shownAs({ kind }: Media, type: string): "image" | "video" | "audio" | "document" | "sticker" {
  if (kind === "document") return "document";
  if (kind === "sticker" && type === "image/webp") return "sticker";
  if (/^image\/(jpeg|png)$/.test(type)) return "image";
  if (/^video\/(mp4|3gpp)$/.test(type)) return "video";
  return /^audio\/(aac|amr|mpeg|mp4|ogg)$/.test(type) ? "audio" : "document";
}

const CHUNK = 0x8000;

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

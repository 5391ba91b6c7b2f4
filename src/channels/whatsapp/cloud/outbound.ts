/** The last step of the hall (house.md section 2) in mode cloud: one part to Meta, and what it makes of it. */
import { MAX_BLOB_BYTES } from "../../../core/blobs.ts";
import type { Address } from "../../../core/address.ts";
import type { ActionTarget, FetchedMedia, Receipt, RenderedPart, SendTarget } from "../../../core/channel.ts";
import { ChannelError } from "../../../core/errors.ts";
import { HttpFailure } from "../../../core/http.ts";
import type { Button, Media } from "../../../core/message.ts";
import { isEmoji } from "../../../lib/is-emoji/index.ts";
import { toHex } from "../../../lib/hex/index.ts";
import type { WhatsappPayload } from "../render.ts";
import type { CloudAccount } from "./account.ts";
import { GraphFailure } from "./api.ts";
import { toChannelError } from "./failure.ts";
import { BUTTON } from "./inbound.ts";
import { mediaContent } from "./media.ts";

export interface Outbound {
  /** @throws ChannelError */
  send(part: RenderedPart, target: SendTarget): Promise<Receipt>;
  typing(address: Address): Promise<void>;
  /** @throws ChannelError */
  fetchMedia(media: Media, signal: AbortSignal): Promise<FetchedMedia>;
  /** @throws ChannelError */
  react(target: ActionTarget, emoji: string, on: boolean): Promise<void>;
}

export function createOutbound(account: CloudAccount): Outbound {
  const { api, deps, config, receipts, timing } = account;
  const messages = `/${config.phone_number_id}/messages`;
  /** When the sign of writing was last shown to a person, monotonic. */
  const shown = new Map<string, number>();
  const post = (body: object, signal?: AbortSignal) =>
    api.call<{ messages?: { id?: string }[] }>("POST", messages, {
      body: { messaging_product: "whatsapp", ...body },
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    async send(part, target) {
      const { address, replyTo, nonce, signal } = target;
      let content: object;
      try {
        content = await contentOf(account, part.payload as WhatsappPayload, signal);
      } catch (error) {
        throw toChannelError(error, true);
      }
      receipts.expect(nonce);
      try {
        const body = {
          ...recipient(address.conversation),
          ...content,
          ...(replyTo === undefined ? {} : { context: { message_id: replyTo } }),
          biz_opaque_callback_data: nonce,
        };
        const messageId = await sent(account, () => post(body, signal), target);
        await receipts.settled(nonce, signal);
        shown.delete(address.conversation);
        return { messageId };
      } finally {
        receipts.forget(nonce);
      }
    },
    async typing({ conversation }) {
      const message_id = account.newest.get(conversation);
      const now = deps.clock.monotonic();
      if (!config.mark_read || message_id === undefined || now - (shown.get(conversation) ?? -Infinity) < timing.typingMs) return;
      shown.delete(conversation);
      shown.set(conversation, now);
      if (shown.size > MAX_SHOWN) shown.delete(shown.keys().next().value!);
      try {
        await post({ status: "read", message_id, typing_indicator: { type: "text" } });
      } catch (error) {
        deps.log.debug("whatsapp typing not shown", { error: toChannelError(error, true) });
      }
    },
    async fetchMedia(media, signal) {
      if (media.ref === undefined) throw new ChannelError("whatsapp_no_file", "the media has no id", "permanent", { hint: "Ask for the file again" });
      try {
        const path = `/${encodeURIComponent(media.ref)}?phone_number_id=${config.phone_number_id}`;
        const { url, mime_type, file_size = 0 } = await api.call<{ url?: string; mime_type?: string; file_size?: number }>("GET", path, { signal });
        if (file_size > MAX_BLOB_BYTES)
          throw new ChannelError("whatsapp_file_too_big", `the file has ${file_size} bytes`, "permanent", { hint: "Files of up to 20 MB can be fetched" });
        const { bytes, type } = await api.download(url ?? "", MAX_BLOB_BYTES, signal);
        const told = media.type ?? mime_type?.split(";", 1)[0];
        return { bytes, type: told ?? (type === "" ? "application/octet-stream" : type), ...(media.name === undefined ? {} : { name: media.name }) };
      } catch (error) {
        throw toChannelError(error, true);
      }
    },
    async react({ address, messageId, signal }, emoji, on) {
      if (!isEmoji(emoji)) throw new ChannelError("whatsapp_no_emoji", "a reaction is one emoji", "permanent", { hint: "Give one emoji, such as 👍" });
      const nonce = `reaction ${toHex(deps.random.bytes(16))}`;
      receipts.expect(nonce);
      try {
        const reaction = { message_id: messageId, emoji: on ? emoji : "" };
        await post({ ...recipient(address.conversation), type: "reaction", reaction, biz_opaque_callback_data: nonce }, signal);
        // That the message is not there is told by a status only (Meta, "Reaction messages").
        await receipts.settled(nonce, signal);
      } catch (error) {
        throw toChannelError(error, true);
      } finally {
        receipts.forget(nonce);
      }
    },
  };
}

const MAX_SHOWN = 5_000;

/** A number is `to`, a business-scoped user id `recipient` (Meta, "Business-scoped user IDs"). */
function recipient(conversation: string): object {
  return { recipient_type: "individual", ...(/^[0-9]+$/.test(conversation) ? { to: conversation } : { recipient: conversation }) };
}

/** The message's id. In doubt a status with our nonce tells whether it went out. @throws ChannelError */
async function sent({ receipts }: CloudAccount, post: () => Promise<{ messages?: { id?: string }[] }>, { nonce, signal }: SendTarget): Promise<string> {
  try {
    const id = (await post()).messages?.[0]?.id;
    if (id !== undefined) return id;
    throw new GraphFailure("POST /messages", { status: 502, error: undefined });
  } catch (error) {
    const failure = toChannelError(error, false);
    if (failure.failure !== "unknown" || (error instanceof HttpFailure && error.kind === "aborted")) throw failure;
    const id = await receipts.find(nonce, signal);
    if (id === undefined) throw failure;
    return id;
  }
}

/** @throws ChannelError, GraphFailure, HttpFailure of what had to be uploaded: nothing was sent */
async function contentOf(account: CloudAccount, payload: WhatsappPayload, signal: AbortSignal): Promise<object> {
  switch (payload.kind) {
    case "text":
      return payload.buttons === undefined
        ? { type: "text", text: { preview_url: false, body: payload.body } }
        : { type: "interactive", interactive: interactive(payload.body, payload.buttons) };
    case "media":
      return mediaContent(account, payload.media, signal);
    case "location":
      return {
        type: "location",
        location: { latitude: payload.latitude, longitude: payload.longitude, ...(payload.name === undefined ? {} : { name: payload.name }) },
      };
    case "contact":
      return {
        type: "contacts",
        contacts: [{ name: { formatted_name: payload.name, first_name: payload.name }, phones: [{ phone: payload.phone, type: "CELL" }] }],
      };
    case "poll":
      throw new ChannelError("whatsapp_no_poll", "the Cloud API has no polls", "permanent", { hint: "Ask in words" });
  }
}

const MAX_BUTTONS = 3;
const MAX_ROWS = 10;

/** Up to three reply buttons; more of them are the rows of a list (Cloud API, "Interactive messages"). Titles hold 20 and 24 characters. */
function interactive(text: string, buttons: readonly Button[]): object {
  const body = { text };
  const id = ({ data }: Button) => `${BUTTON}${data}`;
  if (buttons.length <= MAX_BUTTONS)
    return {
      type: "button",
      body,
      action: { buttons: buttons.map((button) => ({ type: "reply", reply: { id: id(button), title: button.label.slice(0, 20).toWellFormed() } })) },
    };
  const rows = buttons.slice(0, MAX_ROWS).map((button) => ({ id: id(button), title: button.label.slice(0, 24).toWellFormed() }));
  return { type: "list", body, action: { button: "Answer", sections: [{ title: "Answer", rows }] } };
}

/**
 * The step "inbound" of the hall (house.md section 2) for the Cloud API: what Meta posts becomes our updates. Pure: the same post gives the same keys, however often it
 * comes (P1). Decides nothing about who may do what; that is turn/receive.
 */
import type { Address } from "../../../core/address.ts";
import type { Media, Message, MessagePart } from "../../../core/message.ts";
import type { Sender, Update } from "../../../core/update.ts";
import type { WireContact, WireContent, WireFile, WireMessage, WireValue } from "./wire.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  /** Wall milliseconds, for what bears no time. */
  readonly now: number;
}

/** What our buttons' ids begin with; others were not put there by us. */
export const BUTTON = "clanker:";

/** @returns undefined for what nobody has said: notes of the system, kinds that we cannot read. */
export function messageUpdate(message: WireMessage, contacts: WireValue["contacts"], context: InboundContext): Update | undefined {
  const { id, type } = message;
  const sender = senderOf(message, contacts);
  if (id === undefined || sender === undefined) return undefined;
  const at = Number(message.timestamp) * 1_000 || context.now;
  const base = { address: addressOf(sender.id, context), sender, direct: true, at } as const;
  switch (type) {
    case "reaction": {
      const { message_id: target, emoji = "" } = message.reaction ?? {};
      if (target === undefined) return undefined;
      return { ...base, type: "reaction", key: `reaction:${sender.id}:${id}`, messageId: target, emoji, removed: emoji === "" };
    }
    case "revoke": {
      const target = message.revoke?.original_message_id;
      return target === undefined ? undefined : { ...base, type: "deletion", key: `del:${sender.id}:${target}`, messageId: target };
    }
    case "edit": {
      const { original_message_id: target, message: content = {} } = message.edit ?? {};
      const said = contentOf(content);
      return target === undefined || said === undefined
        ? undefined
        : { ...base, type: "edit", key: `edit:${sender.id}:${id}`, messageId: target, message: said };
    }
    default: {
      const { button_reply: button, list_reply: row } = message.interactive ?? {};
      const pressed = (button ?? row)?.id;
      if (pressed?.startsWith(BUTTON) && message.context?.id !== undefined)
        return { ...base, type: "press", key: `press:${sender.id}:${id}`, messageId: message.context.id, data: pressed.slice(BUTTON.length) };
      const said = contentOf(message);
      return said === undefined ? undefined : { ...base, type: "message", key: `msg:${sender.id}:${id}`, messageId: id, message: said, addressed: true };
    }
  }
}

/**
 * The phone number where Meta tells it, for that is what people know of each other and write into allowlists; else the business-scoped user id of somebody who goes by a
 * username alone. Both stay with the person (Meta, "Business-scoped user IDs").
 */
function senderOf({ from, from_user_id }: WireMessage, contacts: readonly WireContact[] = []): Sender | undefined {
  const contact = contacts.find(({ wa_id, user_id }) => (from !== undefined && wa_id === from) || (from_user_id !== undefined && user_id === from_user_id));
  const id = from ?? contact?.wa_id ?? from_user_id;
  if (id === undefined || !/^[A-Za-z0-9.]{3,150}$/.test(id)) return undefined;
  const { name, username } = contact?.profile ?? {};
  return { id, ...(name === undefined ? {} : { name: name.slice(0, 100) }), ...(username === undefined ? {} : { username: username.slice(0, 100) }) };
}

function contentOf(content: WireContent): Message | undefined {
  const parts = partsOf(content);
  if (parts.length === 0) return undefined;
  return { parts, ...(content.context?.id === undefined ? {} : { replyTo: content.context.id }) };
}

function partsOf(content: WireContent): MessagePart[] {
  switch (content.type) {
    case "text":
      return textPart(content.text?.body);
    case "image":
      return filePart("photo", content.image);
    case "audio":
      return filePart(content.audio?.voice === true ? "voice" : "audio", content.audio);
    case "video":
      return filePart("video", content.video);
    case "document":
      return filePart("document", content.document);
    case "sticker":
      return filePart("sticker", content.sticker);
    case "location": {
      const { latitude, longitude, name, address } = content.location ?? {};
      if (typeof latitude !== "number" || typeof longitude !== "number") return [];
      const shown = [name, address].filter((one) => one !== undefined && one !== "").join(", ");
      return [{ type: "location", latitude, longitude, ...(shown === "" ? {} : { name: shown }) }];
    }
    case "contacts":
      return (content.contacts ?? []).map(({ name, phones }) => {
        const phone = phones?.find((one) => one.phone !== undefined)?.phone;
        return { type: "contact", name: name?.formatted_name ?? "?", ...(phone === undefined ? {} : { phone }) };
      });
    case "interactive":
      return textPart((content.interactive?.button_reply ?? content.interactive?.list_reply)?.title);
    case "button":
      return textPart(content.button?.text);
    default:
      return [];
  }
}

function textPart(text: string | undefined): MessagePart[] {
  return text === undefined || text.trim() === "" ? [] : [{ type: "text", text }];
}

function filePart(kind: Media["kind"], file: WireFile | undefined): MessagePart[] {
  if (file?.id === undefined) return [];
  const { id: ref, mime_type: type, filename: name, caption } = file;
  const media: Media = { kind, ref, ...(name === undefined ? {} : { name }), ...(type === undefined ? {} : { type: type.split(";", 1)[0]!.trim() }) };
  return [{ type: "media", media }, ...textPart(caption)];
}

export function addressOf(conversation: string, { account }: { readonly account: string }): Address {
  return { channel: "whatsapp", account, conversation };
}

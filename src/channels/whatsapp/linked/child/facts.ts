import type { proto, WAMessage } from "baileys";
import type { Fact, FactContent } from "../protocol.ts";
import type { Library } from "./library.ts";

type Content = proto.IMessage;

/** A message of WhatsApp as a fact; undefined for what nobody has said to us: our own words, status updates, notes of the protocol. */
export function toFact(library: Library, message: WAMessage): Fact | undefined {
  const { key } = message;
  const { remoteJid: chat, id } = key;
  const content = library.normalizeMessageContent(message.message);
  if (key.fromMe || !chat || !id || !content) return undefined;
  const group = chat.endsWith("@g.us");
  if (!group && !chat.endsWith("@s.whatsapp.net") && !chat.endsWith("@lid")) return undefined;
  const sender = group ? key.participant : chat;
  if (!sender) return undefined;
  const senderAlt = group ? key.participantAlt : key.remoteJidAlt;
  const base = {
    id,
    chat: library.jidNormalizedUser(chat),
    ...(group || !key.remoteJidAlt ? {} : { chatAlt: library.jidNormalizedUser(key.remoteJidAlt) }),
    group,
    sender: library.jidNormalizedUser(sender),
    ...(senderAlt ? { senderAlt: library.jidNormalizedUser(senderAlt) } : {}),
    ...(message.pushName ? { name: message.pushName } : {}),
    at: Number(message.messageTimestamp ?? 0) * 1_000,
  };
  const { reactionMessage: reaction, protocolMessage: note } = content;
  if (reaction?.key?.id) return { ...base, kind: "reaction", target: targetOf(library, reaction.key), emoji: reaction.text ?? "" };
  if (note?.key?.id) {
    const { REVOKE, MESSAGE_EDIT } = library.proto.Message.ProtocolMessage.Type;
    if (note.type === REVOKE) return { ...base, kind: "deletion", target: targetOf(library, note.key) };
    const edited = note.type === MESSAGE_EDIT ? library.normalizeMessageContent(note.editedMessage) : undefined;
    const said = edited && contentOf(edited);
    return said === undefined ? undefined : { ...base, kind: "edit", target: targetOf(library, note.key), content: said };
  }
  const said = contentOf(content);
  return said === undefined ? undefined : { ...base, kind: "message", content: said };
}

function targetOf({ jidNormalizedUser }: Library, { id, fromMe, participant }: proto.IMessageKey) {
  return { id: id!, fromMe: fromMe === true, ...(participant ? { participant: jidNormalizedUser(participant) } : {}) };
}

/** @returns undefined when there is nothing to read */
function contentOf(message: Content): FactContent | undefined {
  const { locationMessage: place, contactMessage: contact, contactsArrayMessage: contacts, liveLocationMessage: live } = message;
  const poll = message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;
  const text =
    message.conversation ??
    message.extendedTextMessage?.text ??
    message.imageMessage?.caption ??
    message.videoMessage?.caption ??
    message.documentMessage?.caption;
  const media = mediaOf(message);
  const where = place ?? live;
  const people = contact ? [contact] : contacts?.contacts;
  const context = contextOf(message);
  const quoted = context?.quotedMessage ?? undefined;
  const content: FactContent = {
    ...(text ? { text } : {}),
    ...(media === undefined ? {} : { media }),
    ...(typeof where?.degreesLatitude === "number" && typeof where.degreesLongitude === "number"
      ? { location: { latitude: where.degreesLatitude, longitude: where.degreesLongitude, ...(place?.name ? { name: place.name } : {}) } }
      : {}),
    ...(people?.length ? { contacts: people.map(({ displayName, vcard }) => ({ name: displayName ?? "?", ...phoneOf(vcard) })) } : {}),
    ...(poll ? { poll: { question: poll.name ?? "", options: (poll.options ?? []).map(({ optionName }) => optionName ?? "") } } : {}),
  };
  if (Object.keys(content).length === 0) return undefined;
  return {
    ...content,
    ...(context?.mentionedJid?.length ? { mentions: context.mentionedJid } : {}),
    ...(context?.stanzaId
      ? {
          quoted: {
            id: context.stanzaId,
            ...(context.participant ? { participant: context.participant } : {}),
            ...(quoted?.conversation || quoted?.extendedTextMessage?.text ? { text: quoted.conversation || quoted.extendedTextMessage!.text! } : {}),
          },
        }
      : {}),
  };
}

function phoneOf(vcard: string | null | undefined): { phone?: string } {
  const phone = /^TEL[^:\n]*:([+\d][\d ()-]+)\s*$/m.exec(vcard ?? "")?.[1];
  return phone === undefined ? {} : { phone };
}

function contextOf(message: Content): proto.IContextInfo | undefined {
  const holders = Object.values(message) as ({ contextInfo?: proto.IContextInfo | null } | null)[];
  return holders.find((one) => typeof one === "object" && one?.contextInfo)?.contextInfo ?? undefined;
}

/** The kinds of baileys' downloads. */
const KINDS = { photo: "image", video: "video", audio: "audio", voice: "audio", document: "document", sticker: "sticker" } as const;

function mediaOf(message: Content): FactContent["media"] {
  const { imageMessage: image, videoMessage: video, audioMessage: audio, documentMessage: document, stickerMessage: sticker, ptvMessage: note } = message;
  if (image) return file("photo", image);
  if (video ?? note) return file("video", (video ?? note)!, { duration: (video ?? note)!.seconds });
  if (audio) return file(audio.ptt === true ? "voice" : "audio", audio, { duration: audio.seconds });
  if (document) return file("document", document, { name: document.fileName });
  return sticker ? file("sticker", sticker) : undefined;
}

interface WireFile {
  readonly mimetype?: string | null;
  readonly mediaKey?: Uint8Array | null;
  readonly directPath?: string | null;
  readonly url?: string | null;
  readonly fileLength?: unknown;
}

function file(
  kind: keyof typeof KINDS,
  wire: WireFile,
  more: { name?: string | null | undefined; duration?: number | null | undefined } = {},
): FactContent["media"] {
  if (!wire.mediaKey || (!wire.directPath && !wire.url)) return undefined;
  const size = Number(wire.fileLength ?? 0);
  const ref = JSON.stringify({ k: Buffer.from(wire.mediaKey).toString("base64"), p: wire.directPath ?? undefined, u: wire.url ?? undefined, t: KINDS[kind] });
  return {
    kind,
    ref,
    ...(wire.mimetype ? { type: wire.mimetype.split(";", 1)[0]!.trim() } : {}),
    ...(more.name ? { name: more.name } : {}),
    ...(size > 0 ? { size } : {}),
    ...(more.duration ? { duration: more.duration } : {}),
  };
}

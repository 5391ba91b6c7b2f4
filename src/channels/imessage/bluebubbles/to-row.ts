import { type Row, type RowFile, TAPBACKS, targetGuid } from "../row.ts";
import type { WireAttachment, WireMessage } from "./wire.ts";

/** @returns undefined for what has no place or name (yet). */
export function toRow(message: WireMessage): Row | undefined {
  const { originalROWID: rowid, guid, handle, dateCreated } = message;
  const chat = message.chats?.[0]?.guid;
  if (typeof rowid !== "number" || typeof guid !== "string" || typeof chat !== "string") return undefined;
  return {
    rowid,
    guid,
    chat,
    handle: handle?.address ?? "",
    sms: /^(sms|rcs)$/i.test(handle?.service ?? "") || /^(sms|rcs);/i.test(chat),
    fromMe: message.isFromMe === true,
    at: dateCreated ?? 0,
    text: message.text ?? "",
    files: (message.attachments ?? []).flatMap(toFile),
    replyTo: message.threadOriginatorGuid || undefined,
    tapback: tapbackOf(message),
    edited: message.dateRetracted ?? message.dateEdited ?? undefined,
    unsent: isUnsent(message),
    note: (message.itemType ?? 0) !== 0,
  };
}

function toFile({ guid, mimeType, transferName, totalBytes, isSticker, hideAttachment }: WireAttachment): RowFile[] {
  if (guid === undefined || hideAttachment === true) return [];
  return [{ ref: guid, name: transferName ?? undefined, type: mimeType || undefined, size: totalBytes ?? undefined, sticker: isSticker }];
}

/** Kinds without a name of their own, such as an emoji of one's choice, are told as a number without the emoji. A sticker on a message is a message of its own. */
function tapbackOf({ associatedMessageGuid: target, associatedMessageType: kind }: WireMessage): Row["tapback"] {
  if (!target || !kind || kind === "sticker" || kind === "1000") return undefined;
  const removed = kind.startsWith("-") || /^3\d{3}$/.test(kind);
  return { target: targetGuid(target), emoji: TAPBACKS[kind.replace(/^-/, "")] ?? "custom", removed };
}

/** Apple leaves date_retracted empty: a message whose every part is retracted is unsent. */
function isUnsent({ dateRetracted, dateEdited, partCount, messageSummaryInfo }: WireMessage): boolean {
  if (dateRetracted) return true;
  return Boolean(dateEdited) && (messageSummaryInfo?.[0]?.retractedParts ?? []).length > 0 && partCount === 0;
}

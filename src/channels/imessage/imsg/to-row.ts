import { type Row, type RowFile, targetGuid } from "../row.ts";
import type { WireAttachment, WireMessage } from "./wire.ts";

/** @returns undefined for what has no number. */
export function toRow(message: WireMessage): Row | undefined {
  const { id: rowid, guid = "", chat_guid: chat = "", is_reaction: isReaction, reacted_to_guid: target } = message;
  if (typeof rowid !== "number") return undefined;
  const reaction = isReaction === true && target !== undefined;
  return {
    rowid,
    guid,
    chat,
    handle: message.sender ?? "",
    sms: /^(sms|rcs);/i.test(chat),
    name: message.sender_name,
    fromMe: message.is_from_me === true,
    at: Date.parse(message.created_at ?? "") || 0,
    text: message.text ?? "",
    files: (message.attachments ?? []).flatMap(toFile),
    replyTo: message.thread_originator_guid || undefined,
    tapback: reaction ? { target: targetGuid(target), emoji: message.reaction_emoji ?? "custom", removed: message.is_reaction_add === false } : undefined,
    // A tapback whose message is not known says nothing.
    note: isReaction === true && !reaction,
  };
}

function toFile({ original_path: ref, transfer_name: name, mime_type: type, total_bytes: size, is_sticker: sticker, missing }: WireAttachment): RowFile[] {
  if (ref === undefined || ref === "" || missing === true) return [];
  return [{ ref, name: name || undefined, type: type || undefined, size, sticker }];
}

/**
 * The step "imessage/inbound" of the hall (house.md section 2): one row becomes our update. Pure: the same row gives the same key (P1). Decides nothing about who may
 * do what; that is turn/receive.
 */
import type { Media, Message, MessagePart } from "../../core/message.ts";
import type { Update } from "../../core/update.ts";
import { isGroup, type Row, type RowFile } from "./row.ts";

export interface InboundContext {
  /** Account name, for addresses. */
  readonly account: string;
  /** What the assistant is called. */
  readonly names: readonly string[];
  /** Whether a message is ours, by its guid. */
  readonly isOurs: (guid: string) => boolean;
  /** What a message said, as far as it is remembered. */
  readonly textOf: (guid: string) => string | undefined;
}

/** @returns undefined for our own rows, notes about a group, and what has nothing to read (yet). */
export function rowUpdate(row: Row, context: InboundContext): Update | undefined {
  if (row.fromMe || row.note === true || row.handle === "" || row.chat === "") return undefined;
  const base = {
    address: { channel: "imessage", account: context.account, conversation: row.chat },
    sender: { id: senderId(row), ...(row.name === undefined ? {} : { name: row.name.slice(0, 200) }) },
    direct: !isGroup(row.chat),
    at: row.at,
  };
  if (row.tapback) {
    const { target: messageId, emoji, removed } = row.tapback;
    return { type: "reaction", key: `reaction:${row.chat}:${row.guid}`, ...base, messageId, emoji, removed };
  }
  const message = contentOf(row, context);
  if (message === undefined) return undefined;
  const addressed = base.direct || (row.replyTo !== undefined && context.isOurs(row.replyTo)) || isNamed(row.text, context.names);
  return { type: "message", key: `msg:${row.chat}:${row.guid}`, ...base, messageId: row.guid, message, addressed };
}

/** What was changed or taken back after it was said. */
export function changeUpdate(row: Row, context: InboundContext): Update | undefined {
  const said = rowUpdate({ ...row, tapback: undefined, text: row.unsent === true ? "?" : row.text }, context);
  if (said?.type !== "message" || row.edited === undefined) return undefined;
  const { address, sender, direct, messageId, message } = said;
  const base = { address, sender, direct, at: row.edited, messageId };
  if (row.unsent === true) return { type: "deletion", key: `del:${row.chat}:${row.guid}`, ...base };
  return { type: "edit", key: `edit:${row.chat}:${row.guid}:${row.edited}`, ...base, message };
}

/** Numbers are told with their country code, addresses in whatever case somebody wrote them. By SMS anybody can be anybody (sec-30). */
function senderId({ handle, sms }: Row): string {
  const id = handle.trim().toLowerCase();
  return sms ? `sms:${id}` : id;
}

function contentOf(row: Row, { names, isOurs, textOf }: InboundContext): Message | undefined {
  const parts: MessagePart[] = row.files.map(filePart);
  // Messages puts U+FFFC where a file stands in the text, and U+FFFD where a rich link does.
  const words = row.text.replace(/[\uFFFC\uFFFD]/g, "").trim();
  const written = isGroup(row.chat) ? withoutName(words, names) : words;
  if (written !== "") parts.push({ type: "text", text: written });
  if (parts.length === 0) return undefined;
  if (row.replyTo === undefined) return { parts };
  const text = textOf(row.replyTo);
  const quote = text === undefined ? {} : { quote: { text, ...(isOurs(row.replyTo) ? { own: true } : {}) } };
  return { parts, replyTo: row.replyTo, ...quote };
}

function filePart({ ref, name, type, size, sticker }: RowFile): MessagePart {
  return {
    type: "media",
    media: {
      kind: sticker === true ? "sticker" : kindOf(type ?? ""),
      ref,
      ...(name === undefined ? {} : { name: name.slice(0, 200) }),
      ...(type === undefined ? {} : { type }),
      ...(size === undefined ? {} : { size }),
    },
  };
}

function kindOf(type: string): Media["kind"] {
  // Voice messages are Apple's Core Audio files; nobody else sends those.
  if (type === "audio/x-caf" || type === "audio/amr") return "voice";
  if (type.startsWith("audio/")) return "audio";
  if (type.startsWith("video/")) return "video";
  return /^image\/(png|jpeg|gif|webp)$/.test(type) ? "photo" : "document";
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function isNamed(text: string, names: readonly string[]): boolean {
  return names.some((name) => new RegExp(`(?<![\\p{L}\\p{N}_])@?${escaped(name)}(?![\\p{L}\\p{N}_])`, "iu").test(text));
}

function withoutName(text: string, names: readonly string[]): string {
  for (const name of names) {
    const lead = new RegExp(`^@?${escaped(name)}(?:[,:]\\s*|\\s+)(?=\\S)`, "iu").exec(text);
    if (lead) return text.slice(lead[0].length);
  }
  return text;
}

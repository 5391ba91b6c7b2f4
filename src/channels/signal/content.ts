/** What a Signal message says, as parts of ours. Pure. */
import type { Media, Message, MessagePart } from "../../core/message.ts";
import { formatName } from "./message-name.ts";
import type { WireAttachment, WireContact, WireData, WireMention, WireQuote } from "./wire.ts";

/** What is known besides the envelope. */
export interface Known {
  /** Our own ACI. */
  readonly me: string;
  /** The message that a version of it belongs to. */
  readonly original: (name: string) => string;
  /** How somebody calls themselves, by ACI. */
  readonly nameOf: (aci: string) => string | undefined;
}

type ContentContext = Known & { readonly sender: string };

/** @returns undefined when there is nothing to read. */
export function contentOf(data: WireData, context: ContentContext): Message | undefined {
  const parts: MessagePart[] = [];
  if (data.viewOnce === true && (data.attachments ?? []).length > 0)
    parts.push({ type: "notice", text: "(a picture or video to be seen once; it is not kept)" });
  else parts.push(...(data.attachments ?? []).flatMap(attachmentPart));
  const { packId, stickerId } = data.sticker ?? {};
  if (packId !== undefined && stickerId !== undefined) parts.push({ type: "media", media: { kind: "sticker", ref: `sticker:${packId}:${stickerId}` } });
  parts.push(...(data.contacts ?? []).map(contactPart));
  if (data.pollCreate) parts.push({ type: "poll", question: data.pollCreate.question ?? "", options: data.pollCreate.options ?? [] });
  const written = withMentions(data.message ?? "", data.mentions ?? [], context).trim();
  if (written !== "") parts.push({ type: "text", text: written });
  if (parts.length === 0) return undefined;
  return { parts, ...quoted(data.quote, context) };
}

/** Each mention stands in the text as one U+FFFC. One of us at the very beginning is how we are called, and left out. */
function withMentions(text: string, mentions: readonly WireMention[], { me, nameOf }: ContentContext): string {
  let out = "";
  let at = 0;
  for (const { uuid = "", start = -1, length = 1 } of mentions.toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0))) {
    // Ranges come from the sender's client and may be anything.
    if (!Number.isInteger(start) || !Number.isInteger(length) || start < at || length < 1 || start + length > text.length) continue;
    out += text.slice(at, start);
    at = start + length;
    const called = uuid.toLowerCase();
    if (called !== me) out += `@${nameOf(called) ?? called.slice(0, 8)}`;
    else if (out.trim() !== "") out += "@you";
    else {
      out = "";
      at += /^[,:]?\s*/.exec(text.slice(at))![0].length;
    }
  }
  const rest = out + text.slice(at);
  // Only the mention: somebody has called.
  return rest.trim() === "" && mentions.length > 0 ? "@you" : rest;
}

function quoted(quote: WireQuote | undefined, { me, nameOf, original, sender }: ContentContext): Pick<Message, "replyTo" | "quote"> {
  const author = quote?.authorUuid?.toLowerCase();
  if (quote?.id === undefined || author === undefined) return {};
  const replyTo = original(formatName({ author, timestamp: quote.id }));
  if (!quote.text) return { replyTo };
  const name = author === me ? undefined : nameOf(author);
  const own = author === me || author === sender;
  return { replyTo, quote: { text: quote.text, ...(name === undefined ? {} : { sender: name }), ...(own ? { own } : {}) } };
}

function attachmentPart({ id, contentType, filename, size }: WireAttachment): MessagePart[] {
  if (!id) return [{ type: "notice", text: "(a file that could not be downloaded)" }];
  const type = contentType?.split(";", 1)[0]!.trim().toLowerCase() ?? "";
  return [
    {
      type: "media",
      media: {
        kind: kindOf(type),
        ref: `file:${id}`,
        ...(filename ? { name: filename.slice(0, 200) } : {}),
        ...(type === "" ? {} : { type }),
        ...(typeof size === "number" ? { size } : {}),
      },
    },
  ];
}

function kindOf(type: string): Media["kind"] {
  if (type.startsWith("audio/")) return "audio";
  if (type.startsWith("video/")) return "video";
  return /^image\/(png|jpeg|gif|webp)$/.test(type) ? "photo" : "document";
}

function contactPart({ name, phone }: WireContact): MessagePart {
  const called = name?.nickname || [name?.given, name?.family].filter(Boolean).join(" ");
  const number = phone?.find(({ value }) => value)?.value;
  return { type: "contact", name: called || "(without a name)", ...(number === undefined ? {} : { phone: number }) };
}

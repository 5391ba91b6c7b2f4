/**
 * Step "4 parts" of the hall for Telegram: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: every text part holds at most 4096 UTF-16 units after entity parsing, and the `text` of the parts of one text joins to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message, MessagePart } from "../../core/message.ts";
import { cutPoints } from "../../lib/chunk/index.ts";
import { describePart } from "../../lib/describe-part/index.ts";
import { cleanText, codeBlocks, isBlank, type MarkdownNode, parseMarkdown, plainText, sliceNodes } from "../../lib/markdown/index.ts";
import { toHtml } from "./html.ts";

/** Bot API: sendMessage text, 1 to 4096 characters after entities parsing; captions 0 to 1024. */
export const MAX_TEXT = 4096;
export const MAX_CAPTION = 1024;
const MAX_POLL_OPTIONS = 12;
const MAX_POLL_QUESTION = 300;
const MAX_POLL_OPTION = 100;

/** Text in both forms: the plain one is sent when Telegram cannot parse the other. */
export interface FormattedText {
  readonly html: string;
  readonly plain: string;
}

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type TelegramPayload =
  | { readonly kind: "text"; readonly text: FormattedText; readonly buttons?: readonly Button[] }
  | { readonly kind: "media"; readonly media: Media; readonly caption?: FormattedText }
  | { readonly kind: "location"; readonly latitude: number; readonly longitude: number; readonly name?: string }
  | { readonly kind: "contact"; readonly name: string; readonly phone: string }
  | { readonly kind: "poll"; readonly question: string; readonly options: readonly string[] };

/** @returns at least one part. Neighbouring texts are one; a short text behind a file becomes its caption. */
export function renderMessage(message: Message): RenderedPart[] {
  const rendered: RenderedPart[] = [];
  let nodes: MarkdownNode[] = [];
  const flush = () => {
    if (!isBlank(plainText(nodes))) rendered.push(...textParts(nodes, rendered.at(-1), (part) => void (rendered[rendered.length - 1] = part)));
    nodes = [];
  };
  for (const part of message.parts) {
    const payload = part.type === "text" || part.type === "notice" ? undefined : payloadOf(part);
    if (payload === undefined) {
      const more = textNodes(part);
      if (more.length > 0) nodes = [...nodes, ...(nodes.length > 0 ? [{ type: "text" as const, text: "\n" }] : []), ...more];
    } else {
      flush();
      rendered.push({ text: describePart(part), payload });
    }
  }
  flush();
  const parts = rendered.length > 0 ? rendered : textParts([{ type: "text", text: "(empty message)" }]);
  return message.buttons === undefined ? parts : withButtons(parts, message.buttons);
}

/** Below the last text; callback_data holds 1 to 64 bytes (Bot API, InlineKeyboardButton). */
function withButtons(parts: RenderedPart[], buttons: readonly Button[]): RenderedPart[] {
  const last = parts.findLastIndex((part) => (part.payload as TelegramPayload).kind === "text");
  return parts.map((part, index) => (index === last ? { ...part, payload: { ...(part.payload as TelegramPayload), buttons } } : part));
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

function textParts(nodes: readonly MarkdownNode[], before?: RenderedPart, replace?: (part: RenderedPart) => void): RenderedPart[] {
  const plain = plainText(nodes);
  const file = before?.payload as TelegramPayload | undefined;
  if (file?.kind === "media" && file.media.kind !== "sticker" && plain.length <= MAX_CAPTION) {
    replace?.({ text: `${before!.text}\n${plain}`, payload: { ...file, caption: formatted(nodes, plain) } satisfies TelegramPayload });
    return [];
  }
  const cuts = [0, ...cutPoints(plain, { limit: MAX_TEXT, keep: codeBlocks(nodes) }), plain.length];
  return cuts.slice(1).flatMap((end, index) => {
    const text = plain.slice(cuts[index], end);
    // Telegram refuses a message without anything visible; thousands of <br> would make one.
    if (isBlank(text)) return [];
    return [{ text, payload: { kind: "text", text: formatted(sliceNodes(nodes, cuts[index]!, end), text) } satisfies TelegramPayload }];
  });
}

function formatted(nodes: readonly MarkdownNode[], plain: string): FormattedText {
  return { html: toHtml(nodes), plain };
}

/** A notice is ours and is not Markdown: a command or path in it must arrive as it is. */
function textNodes(part: MessagePart): MarkdownNode[] {
  if (part.type === "text") return parseMarkdown(part.text);
  const text = part.type === "notice" ? cleanText(part.text).trimEnd() : describePart(part);
  return text === "" ? [] : [{ type: "text", text }];
}

/** @returns undefined when Telegram would refuse it: then it is described in words. */
function payloadOf(part: MessagePart): TelegramPayload | undefined {
  switch (part.type) {
    case "media":
      return part.media.blob === undefined && part.media.ref === undefined ? undefined : { kind: "media", media: part.media };
    case "location": {
      const { latitude, longitude, name } = part;
      if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined;
      return name === undefined || isBlank(name)
        ? { kind: "location", latitude, longitude }
        : { kind: "location", latitude, longitude, name: cleanText(name).slice(0, 200).toWellFormed() };
    }
    case "contact":
      return part.phone === undefined || isBlank(part.phone) || isBlank(part.name)
        ? undefined
        : { kind: "contact", name: cleanText(part.name), phone: cleanText(part.phone) };
    case "poll": {
      const options = part.options.map(cleanText);
      const question = cleanText(part.question);
      const fits =
        options.length >= 2 &&
        options.length <= MAX_POLL_OPTIONS &&
        options.every((option) => !isBlank(option) && option.length <= MAX_POLL_OPTION) &&
        !isBlank(question) &&
        question.length <= MAX_POLL_QUESTION;
      return fits ? { kind: "poll", question, options } : undefined;
    }
    default:
      return undefined;
  }
}

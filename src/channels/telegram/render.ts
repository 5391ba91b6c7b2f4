/**
 * Step "4 parts" of the hall for Telegram: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: every text part holds at most 4096 UTF-16 units after entity parsing, and the `text` of the parts of one text joins to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message, MessagePart } from "../../core/message.ts";
import { cleanText, isBlank, type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces, withButtons } from "../../lib/message-runs/index.ts";
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

/** @returns at least one part. Neighbouring texts are one; a short text behind a file becomes its caption, unless buttons shall stand below it. */
export function renderMessage(message: Message): RenderedPart[] {
  const parts: RenderedPart[] = [];
  const captions = (message.buttons ?? []).length === 0;
  for (const run of messageRuns(message, { alone: payloadOf })) {
    const captioned = run.part === undefined && captions ? withCaption(parts.at(-1), run.nodes) : undefined;
    if (captioned !== undefined) parts[parts.length - 1] = captioned;
    else parts.push(...(run.part === undefined ? textParts(run.nodes) : [run.part]));
  }
  // callback_data holds 1 to 64 bytes (Bot API, InlineKeyboardButton).
  return withButtons(parts, message);
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

/** @returns undefined when there is no file before it, or no room for it there */
function withCaption(before: RenderedPart | undefined, nodes: readonly MarkdownNode[]): RenderedPart | undefined {
  const file = before?.payload as TelegramPayload | undefined;
  const plain = plainText(nodes);
  if (before === undefined || file?.kind !== "media" || file.media.kind === "sticker" || plain.length > MAX_CAPTION) return undefined;
  return { text: `${before.text}\n${plain}`, payload: { ...file, caption: formatted(nodes, plain) } satisfies TelegramPayload };
}

function textParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  return textPieces(nodes, MAX_TEXT).map((piece) => ({
    text: piece.text,
    payload: { kind: "text", text: formatted(piece.nodes, piece.text) } satisfies TelegramPayload,
  }));
}

function formatted(nodes: readonly MarkdownNode[], plain: string): FormattedText {
  return { html: toHtml(nodes), plain };
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

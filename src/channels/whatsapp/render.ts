/**
 * Step "4 parts" of the hall for WhatsApp, both modes: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, with its marks at most what a message may hold, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message, MessagePart } from "../../core/message.ts";
import { withTargets } from "../../lib/link-target/index.ts";
import { cleanText, isBlank, type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces, withButtons } from "../../lib/message-runs/index.ts";
import { toWhatsapp } from "./markup.ts";

/** A text holds 4,096 characters, the marks among them (Cloud API reference, text object); below buttons 1,024 (interactive object). */
export const MAX_TEXT = 3_500;
const MAX_BODY = 4_096;
const MAX_TEXT_ABOVE_BUTTONS = 850;
const MAX_BODY_ABOVE_BUTTONS = 1_024;
/** WhatsApp: a poll has 2 to 12 options of up to 100 characters. */
const MAX_POLL_OPTIONS = 12;
const MAX_POLL_TEXT = 255;
const MAX_POLL_OPTION = 100;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type WhatsappPayload =
  | { readonly kind: "text"; readonly body: string; readonly buttons?: readonly Button[] }
  | { readonly kind: "media"; readonly media: Media }
  | { readonly kind: "location"; readonly latitude: number; readonly longitude: number; readonly name?: string }
  | { readonly kind: "contact"; readonly name: string; readonly phone: string }
  | { readonly kind: "poll"; readonly question: string; readonly options: readonly string[]; readonly multiple?: boolean };

/** What the mode can send by itself; the rest is told in words. */
export interface RenderRules {
  readonly polls: boolean;
  readonly buttons: boolean;
}

/** @returns at least one part. */
export function renderMessage(message: Message, rules: RenderRules): RenderedPart[] {
  const buttons = rules.buttons && (message.buttons ?? []).length > 0;
  const { buttons: _unused, ...plain } = message;
  const runs = messageRuns(buttons ? message : plain, { parse: parseForWhatsapp, alone: (part) => alone(part, rules) });
  const parts = runs.flatMap((run) => (run.part === undefined ? textParts(run.nodes, buttons) : [run.part]));
  return buttons ? withButtons(parts, message) : parts;
}

/** The text of one message, whatever its length may be. @throws nothing; the caller looks at the length */
export function markedText(markdown: string): string {
  return toWhatsapp(parseForWhatsapp(markdown));
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseForWhatsapp(text));
}

function parseForWhatsapp(text: string): MarkdownNode[] {
  return withTargets(parseMarkdown(text), { keep: false });
}

function textParts(nodes: readonly MarkdownNode[], buttons: boolean): RenderedPart[] {
  return textPieces(nodes, buttons ? MAX_TEXT_ABOVE_BUTTONS : MAX_TEXT).map(({ text, nodes: piece }) => {
    const marked = toWhatsapp(piece);
    // Text of nothing but marks grows when it is kept from being markup; then it goes as it is.
    const body = marked.length <= (buttons ? MAX_BODY_ABOVE_BUTTONS : MAX_BODY) ? marked : text;
    return { text, payload: { kind: "text", body } satisfies WhatsappPayload };
  });
}

function alone(part: MessagePart, { polls }: RenderRules): WhatsappPayload | undefined {
  switch (part.type) {
    case "media":
      return part.media.blob === undefined ? undefined : { kind: "media", media: part.media };
    case "location": {
      const { latitude, longitude, name } = part;
      if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined;
      return {
        kind: "location",
        latitude,
        longitude,
        ...(name === undefined || isBlank(name) ? {} : { name: cleanText(name).slice(0, 200).toWellFormed() }),
      };
    }
    case "contact":
      return part.phone === undefined || isBlank(part.phone) || isBlank(part.name)
        ? undefined
        : { kind: "contact", name: cleanText(part.name).slice(0, 200).toWellFormed(), phone: cleanText(part.phone).slice(0, 50).toWellFormed() };
    case "poll":
      return polls && pollFits(part) ? { kind: "poll", question: cleanText(part.question), options: part.options.map(cleanText) } : undefined;
    default:
      return undefined;
  }
}

export function pollFits({ question, options }: { readonly question: string; readonly options: readonly string[] }): boolean {
  const clean = options.map(cleanText);
  return (
    clean.length >= 2 &&
    clean.length <= MAX_POLL_OPTIONS &&
    new Set(clean).size === clean.length &&
    clean.every((option) => !isBlank(option) && option.length <= MAX_POLL_OPTION) &&
    !isBlank(question) &&
    cleanText(question).length <= MAX_POLL_TEXT
  );
}

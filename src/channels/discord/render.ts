/**
 * Step "4 parts" of the hall for Discord: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the content of every part holds at most 2000 UTF-16 units with its markup, and the `text` of the parts of one text joins to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message } from "../../core/message.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces } from "../../lib/message-runs/index.ts";
import { escapeText, toDiscord } from "./markup.ts";

/** Create Message: content, up to 2000 characters. */
export const MAX_TEXT = 2_000;
/** Below this a piece whose markup does not fit (a link of thousands of characters) loses its markup. */
const MIN_PIECE = 200;
/** Components reference: five buttons in a row, five rows, labels of 80, custom_id of 100. */
const MAX_BUTTONS = 25;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type DiscordPayload =
  | { readonly kind: "text"; readonly content: string; readonly buttons?: readonly Button[] }
  | { readonly kind: "media"; readonly media: Media; readonly content?: string; readonly buttons?: readonly Button[] };

/** @returns at least one part. Neighbouring texts are one; a short text behind a file goes with it. Places, contacts and polls are told in words. */
export function renderMessage(message: Message): RenderedPart[] {
  const parts: RenderedPart[] = [];
  for (const run of messageRuns(message))
    if (run.part === undefined) addText(parts, run.nodes);
    else parts.push(run.part);
  return message.buttons === undefined || message.buttons.length === 0 ? parts : buttonsBelow(parts, message.buttons.slice(0, MAX_BUTTONS));
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

function addText(rendered: RenderedPart[], nodes: readonly MarkdownNode[]): void {
  const before = rendered.at(-1);
  const parts = pieces(nodes, MAX_TEXT);
  const file = before?.payload as DiscordPayload | undefined;
  const [only] = parts;
  if (file?.kind === "media" && only !== undefined && parts.length === 1 && before!.text.length + only.text.length < MAX_TEXT) {
    const { content } = only.payload as Extract<DiscordPayload, { kind: "text" }>;
    rendered[rendered.length - 1] = { text: `${before!.text}\n${only.text}`, payload: { ...file, content } satisfies DiscordPayload };
  } else rendered.push(...parts);
}

/** Cut so that each piece fits with its markup: what grew too long is cut again, shorter. */
function pieces(nodes: readonly MarkdownNode[], limit: number): RenderedPart[] {
  return textPieces(nodes, limit).flatMap(({ text, nodes: piece }): RenderedPart[] => {
    const content = toDiscord(piece);
    if (content.length <= MAX_TEXT) return [{ text, payload: { kind: "text", content } satisfies DiscordPayload }];
    if (text.length > MIN_PIECE) return pieces(piece, Math.max(MIN_PIECE, Math.floor((text.length * MAX_TEXT * 0.9) / content.length)));
    return [{ text, payload: { kind: "text", content: escapeText(text).slice(0, MAX_TEXT) } satisfies DiscordPayload }];
  });
}

/** Below the last part: Discord shows them below files too. */
function buttonsBelow(parts: RenderedPart[], buttons: readonly Button[]): RenderedPart[] {
  return parts.map((part, index) => (index === parts.length - 1 ? { ...part, payload: { ...(part.payload as DiscordPayload), buttons } } : part));
}

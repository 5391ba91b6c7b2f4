/**
 * Step "4 parts" of the hall for Mattermost: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units and with its markup at most what a post may hold, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message } from "../../core/message.ts";
import { cutPoints } from "../../lib/chunk/index.ts";
import { describePart } from "../../lib/describe-part/index.ts";
import { cleanText, codeBlocks, isBlank, type MarkdownNode, parseMarkdown, plainText, sliceNodes } from "../../lib/markdown/index.ts";
import { toMattermost } from "./markup.ts";

/** A post holds 16,383 characters (server 5.0 and later); what a screen holds is less, and markup wants room. */
export const MAX_TEXT = 8_000;
const MAX_POST = 16_383;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type MattermostPayload =
  | { readonly kind: "text"; readonly message: string; readonly buttons?: readonly Button[] }
  | { readonly kind: "media"; readonly media: Media };

/** @returns at least one part. Neighbouring texts are one. */
export function renderMessage(message: Message): RenderedPart[] {
  const rendered: RenderedPart[] = [];
  let nodes: MarkdownNode[] = [];
  const flush = () => {
    if (!isBlank(plainText(nodes))) rendered.push(...textParts(nodes));
    nodes = [];
  };
  for (const part of message.parts) {
    if (part.type === "media" && part.media.blob !== undefined) {
      flush();
      rendered.push({ text: describePart(part), payload: { kind: "media", media: part.media } satisfies MattermostPayload });
    } else {
      const more = part.type === "text" ? parseMarkdown(part.text) : literalNodes(describePart(part));
      if (more.length > 0) nodes = [...nodes, ...(nodes.length > 0 ? [{ type: "text" as const, text: "\n" }] : []), ...more];
    }
  }
  flush();
  const buttons = message.buttons ?? [];
  const last = rendered.findLastIndex((part) => (part.payload as MattermostPayload).kind === "text");
  if (rendered.length === 0 || (buttons.length > 0 && last < 0))
    rendered.push(...textParts([{ type: "text", text: rendered.length === 0 ? "(empty message)" : "?" }]));
  const holder = last < 0 ? rendered.length - 1 : last;
  return buttons.length === 0
    ? rendered
    : rendered.map((part, index) => (index === holder ? { ...part, payload: { ...(part.payload as MattermostPayload), buttons } } : part));
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

function literalNodes(text: string): MarkdownNode[] {
  const clean = cleanText(text).trimEnd();
  return clean === "" ? [] : [{ type: "text", text: clean }];
}

function textParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  const plain = plainText(nodes);
  const cuts = [0, ...cutPoints(plain, { limit: MAX_TEXT, keep: codeBlocks(nodes) }), plain.length];
  return cuts.slice(1).flatMap((end, index) => {
    const text = plain.slice(cuts[index], end);
    // Mattermost refuses a post without anything visible.
    if (isBlank(text)) return [];
    const marked = toMattermost(sliceNodes(nodes, cuts[index]!, end));
    // Text of nothing but marks doubles when escaped; then it goes as code, in which nothing is a mark.
    const message = marked.length <= MAX_POST ? marked : toMattermost([{ type: "pre", text }]);
    return [{ text, payload: { kind: "text", message } satisfies MattermostPayload }];
  });
}

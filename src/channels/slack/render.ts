/**
 * Step "4 parts" of the hall for Slack: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: every text part holds at most 4000 UTF-16 units, and the `text` of the parts of one text joins to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message } from "../../core/message.ts";
import { cutPoints } from "../../lib/chunk/index.ts";
import { describePart } from "../../lib/describe-part/index.ts";
import { codeBlocks, isBlank, type MarkdownNode, plainText, sliceNodes } from "../../lib/markdown/index.ts";
import { literalNodes, type RichText, slackNodes, toRichText } from "./rich-text.ts";

/** docs.slack.dev, chat.postMessage: 4,000 characters are the recommended most, 40,000 the hard end; chat.update takes 4,000. */
export const MAX_TEXT = 4_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type SlackPayload =
  | { readonly kind: "text"; readonly elements: readonly RichText[]; readonly buttons?: readonly Button[] }
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
    // Slack takes files that are ours, and nobody else's by their id.
    if (part.type === "media" && part.media.blob !== undefined) {
      flush();
      rendered.push({ text: describePart(part), payload: { kind: "media", media: part.media } satisfies SlackPayload });
    } else {
      const more = part.type === "text" ? slackNodes(part.text) : literalNodes(describePart(part));
      if (more.length > 0) nodes = [...nodes, ...(nodes.length > 0 ? [{ type: "text" as const, text: "\n" }] : []), ...more];
    }
  }
  flush();
  const none = rendered.length === 0 || (message.buttons !== undefined && rendered.every((part) => (part.payload as SlackPayload).kind !== "text"));
  const parts = none ? [...rendered, ...textParts([{ type: "text", text: rendered.length === 0 ? "(empty message)" : "?" }])] : rendered;
  return message.buttons === undefined || message.buttons.length === 0 ? parts : withButtons(parts, message.buttons);
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(slackNodes(text));
}

function textParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  const plain = plainText(nodes);
  const cuts = [0, ...cutPoints(plain, { limit: MAX_TEXT, keep: codeBlocks(nodes) }), plain.length];
  return cuts.slice(1).flatMap((end, index) => {
    const text = plain.slice(cuts[index], end);
    // Slack refuses a message without anything visible.
    if (isBlank(text)) return [];
    return [{ text, payload: { kind: "text", elements: toRichText(sliceNodes(nodes, cuts[index]!, end)) } satisfies SlackPayload }];
  });
}

/** Below the last text. */
function withButtons(parts: RenderedPart[], buttons: readonly Button[]): RenderedPart[] {
  const last = parts.findLastIndex((part) => (part.payload as SlackPayload).kind === "text");
  return parts.map((part, index) => (index === last ? { ...part, payload: { ...(part.payload as SlackPayload), buttons } } : part));
}

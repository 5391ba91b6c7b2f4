/**
 * Step "4 parts" of the hall for Feishu: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units and its card at most what one may hold, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message } from "../../core/message.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces, withButtons } from "../../lib/message-runs/index.ts";
import { toCardMarkdown } from "./markup.ts";

/** A request with a card holds 30 KB (open.feishu.cn, "Send a message"); characters have up to three bytes, more when escaped. */
export const MAX_TEXT = 4_000;
const MAX_CARD_BYTES = 26_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type FeishuPayload =
  | {
      readonly kind: "text";
      /** Card Markdown; absent when the text goes without any marks. */ readonly markdown?: string;
      readonly buttons?: readonly Button[];
    }
  | { readonly kind: "media"; readonly media: Media };

/** @returns at least one part. Neighbouring texts are one. */
export function renderMessage(message: Message): RenderedPart[] {
  const parts = messageRuns(message).flatMap((run) => (run.part === undefined ? textParts(run.nodes) : [run.part]));
  return withButtons(parts, message);
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

function textParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  return textPieces(nodes, MAX_TEXT).map(({ text, nodes: piece }) => {
    const markdown = toCardMarkdown(piece);
    // A card is JSON in JSON: quotes and line ends double twice.
    const fits = new TextEncoder().encode(JSON.stringify(JSON.stringify(markdown))).length <= MAX_CARD_BYTES;
    return { text, payload: { kind: "text", ...(fits ? { markdown } : {}) } satisfies FeishuPayload };
  });
}

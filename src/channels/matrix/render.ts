/**
 * Step "4 parts" of the hall for Matrix: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, and an edit with it fits into an event even when it is encrypted.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Media, Message } from "../../core/message.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces } from "../../lib/message-runs/index.ts";
import { toHtml } from "./markup.ts";

/** An event holds 65,536 bytes with everything (client-server API, "Size limits"), of which encryption takes a quarter. */
export const MAX_TEXT = 6_000;
const MAX_HTML_BYTES = 20_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type MatrixPayload = { readonly kind: "text"; readonly body: string; readonly html?: string } | { readonly kind: "media"; readonly media: Media };

/** @returns at least one part. Neighbouring texts are one. */
export function renderMessage(message: Message): RenderedPart[] {
  return messageRuns(message).flatMap((run) => (run.part === undefined ? textParts(run.nodes) : [run.part]));
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

function textParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  return textPieces(nodes, MAX_TEXT).map(({ text, nodes: piece }) => {
    const html = isPlain(piece) ? undefined : toHtml(piece);
    // Text of nothing but marks grows when escaped; then it goes without.
    const fits = html !== undefined && new TextEncoder().encode(html).length <= MAX_HTML_BYTES;
    return { text, payload: { kind: "text", body: text, ...(fits ? { html } : {}) } satisfies MatrixPayload };
  });
}

const isPlain = (nodes: readonly MarkdownNode[]) => nodes.every(({ type }) => type === "text");

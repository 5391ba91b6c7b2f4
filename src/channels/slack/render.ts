/**
 * Step "4 parts" of the hall for Slack: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: every text part holds at most 4000 UTF-16 units, and the `text` of the parts of one text joins to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message } from "../../core/message.ts";
import { type MarkdownNode, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces, withButtons } from "../../lib/message-runs/index.ts";
import { type RichText, slackNodes, toRichText } from "./rich-text.ts";

/** docs.slack.dev, chat.postMessage: 4,000 characters are the recommended most, 40,000 the hard end; chat.update takes 4,000. */
export const MAX_TEXT = 4_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type SlackPayload =
  | { readonly kind: "text"; readonly elements: readonly RichText[]; readonly buttons?: readonly Button[] }
  | { readonly kind: "media"; readonly media: Media };

/** @returns at least one part. Neighbouring texts are one. Slack takes files that are ours, and nobody else's by their id. */
export function renderMessage(message: Message): RenderedPart[] {
  const parts = messageRuns(message, { parse: slackNodes }).flatMap((run) => (run.part === undefined ? textParts(run.nodes) : [run.part]));
  return withButtons(parts, message);
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(slackNodes(text));
}

function textParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  return textPieces(nodes, MAX_TEXT).map((piece) => ({
    text: piece.text,
    payload: { kind: "text", elements: toRichText(piece.nodes) } satisfies SlackPayload,
  }));
}

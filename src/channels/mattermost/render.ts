/**
 * Step "4 parts" of the hall for Mattermost: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units and with its markup at most what a post may hold, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message } from "../../core/message.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces, withButtons } from "../../lib/message-runs/index.ts";
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
  const parts = messageRuns(message).flatMap((run) => (run.part === undefined ? textParts(run.nodes) : [run.part]));
  return withButtons(parts, message);
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

function textParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  return textPieces(nodes, MAX_TEXT).map(({ text, nodes: piece }) => {
    const marked = toMattermost(piece);
    // Text of nothing but marks doubles when escaped; then it goes as code, in which nothing is a mark.
    const message = marked.length <= MAX_POST ? marked : toMattermost([{ type: "pre", text }]);
    return { text, payload: { kind: "text", message } satisfies MattermostPayload };
  });
}

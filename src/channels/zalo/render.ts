/**
 * Step "4 parts" of the hall for Zalo: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, and the parts of a text join to its plain text, in which links show their targets.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Media, Message, MessagePart } from "../../core/message.ts";
import { withTargets } from "../../lib/link-target/index.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces } from "../../lib/message-runs/index.ts";

/** bot.zaloplatforms.com/docs/apis/sendMessage: 1 to 2000 characters. */
export const MAX_TEXT = 2_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type ZaloPayload = { readonly kind: "text"; readonly text: string } | { readonly kind: "media"; readonly media: Media };

/** @param files whether files can be sent; else they are told in words. @returns at least one part */
export function renderMessage(message: Message, { files }: { readonly files: boolean }): RenderedPart[] {
  const { buttons: _none, ...rest } = message;
  return messageRuns(rest, { parse: nodesOf, alone: (part) => (files ? payloadOf(part) : undefined) }).flatMap((run) =>
    run.part === undefined ? textPieces(run.nodes, MAX_TEXT).map(({ text }) => ({ text, payload: { kind: "text", text } satisfies ZaloPayload })) : [run.part],
  );
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(nodesOf(text));
}

/** Plain text is what every bot's every reader sees; there a link cannot hide where it leads. */
function nodesOf(markdown: string): MarkdownNode[] {
  return withTargets(parseMarkdown(markdown), { keep: false });
}

function payloadOf(part: MessagePart): ZaloPayload | undefined {
  return part.type === "media" && part.media.blob !== undefined ? { kind: "media", media: part.media } : undefined;
}

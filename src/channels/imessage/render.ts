/**
 * Step "4 parts" of the hall for iMessage: a message becomes numbered parts (house.md section 2). Pure; must not throw. There is no markup: words alone, links and
 * quotes written out.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Media, Message } from "../../core/message.ts";
import { withTargets } from "../../lib/link-target/index.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces } from "../../lib/message-runs/index.ts";
import { withQuoteMarks } from "../../lib/quote-marks/index.ts";

/** Apple names no limit; more than this nobody reads in one bubble. */
export const MAX_TEXT = 4_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type ImessagePayload = { readonly kind: "text"; readonly message: string } | { readonly kind: "media"; readonly media: Media };

export function renderMessage(message: Message): RenderedPart[] {
  return messageRuns(message, { parse: plainNodes }).flatMap((run) =>
    run.part === undefined
      ? textPieces(run.nodes, MAX_TEXT).map(({ text }) => ({ text, payload: { kind: "text", message: text } satisfies ImessagePayload }))
      : [run.part],
  );
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(plainNodes(text));
}

function plainNodes(text: string): MarkdownNode[] {
  return withQuoteMarks(withTargets(parseMarkdown(text), { keep: false }));
}

/**
 * Step "4 parts" of the hall for Signal: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Media, Message } from "../../core/message.ts";
import { plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces } from "../../lib/message-runs/index.ts";
import { signalNodes, stylesOf } from "./styles.ts";

/** A body holds 2,000 bytes; signal-cli sends a longer text as an attachment that every client shows as text. For most scripts that is never needed. */
export const MAX_TEXT = 2_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type SignalPayload =
  | { readonly kind: "text"; readonly message: string; readonly styles: readonly string[] }
  | { readonly kind: "media"; readonly media: Media };

export function renderMessage(message: Message): RenderedPart[] {
  return messageRuns(message, { parse: signalNodes }).flatMap((run) =>
    run.part === undefined
      ? textPieces(run.nodes, MAX_TEXT).map(({ text, nodes }) => ({
          text,
          payload: { kind: "text", message: text, styles: stylesOf(nodes) } satisfies SignalPayload,
        }))
      : [run.part],
  );
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(signalNodes(text));
}

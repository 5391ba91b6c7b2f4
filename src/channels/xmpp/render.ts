/**
 * Step "4 parts" of the hall for XMPP: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Media, Message } from "../../core/message.ts";
import { plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces } from "../../lib/message-runs/index.ts";
import { styledNodes, toStyled } from "./markup.ts";

/** Servers allow stanzas of some ten or hundred thousand bytes; this fits with room in any script. */
export const MAX_TEXT = 3_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type XmppPayload = { readonly kind: "text"; readonly body: string; readonly styled: boolean } | { readonly kind: "media"; readonly media: Media };

export function renderMessage(message: Message): RenderedPart[] {
  return messageRuns(message, { parse: styledNodes }).flatMap(({ part, nodes }) =>
    part === undefined
      ? textPieces(nodes, MAX_TEXT).map((piece) => ({ text: piece.text, payload: { kind: "text", ...toStyled(piece.nodes) } satisfies XmppPayload }))
      : [part],
  );
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(styledNodes(text));
}

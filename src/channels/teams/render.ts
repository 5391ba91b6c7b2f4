/**
 * Step "4 parts" of the hall for Teams: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units and with its markup at most MAX_MARKED, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message } from "../../core/message.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces, withButtons } from "../../lib/message-runs/index.ts";
import { toCardBody, toXml } from "./markup.ts";

/** What a screen holds, with room for markup. */
export const MAX_TEXT = 4_000;
/** A message of 28 KB in UTF-16 passes everywhere; bots may today send 100 KB (learn.microsoft.com, "Format your bot messages"). A card says the same with more words. */
const MAX_MARKED = 12_000;
const MAX_CARD = 20_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type TeamsPayload =
  | {
      readonly kind: "text";
      /** With its marks; absent where they would be too much, then the part's own text goes. */
      readonly xml?: string;
      readonly buttons?: readonly Button[];
      /** Body of the Adaptive Card that holds text and buttons, where there are buttons: Teams would make two messages of a text and a card. */
      readonly card?: readonly object[];
    }
  | { readonly kind: "media"; readonly media: Media };

/** @returns at least one part. Neighbouring texts are one. */
export function renderMessage(message: Message): RenderedPart[] {
  const nodesOf = new Map<number, readonly MarkdownNode[]>();
  const parts: RenderedPart[] = [];
  for (const run of messageRuns(message)) {
    if (run.part !== undefined) parts.push(run.part);
    else
      for (const { text, nodes } of textPieces(run.nodes, MAX_TEXT)) {
        const xml = toXml(nodes);
        nodesOf.set(parts.length, nodes);
        parts.push({ text, payload: { kind: "text", ...(xml.length <= MAX_MARKED ? { xml } : {}) } satisfies TeamsPayload });
      }
  }
  return withButtons(parts, message).map((part, index) => {
    const payload = part.payload as TeamsPayload;
    if (payload.kind !== "text" || payload.buttons === undefined) return part;
    return { ...part, payload: { ...payload, card: cardBody(part.text, nodesOf.get(index)!) } };
  });
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

function cardBody(text: string, nodes: readonly MarkdownNode[]): object[] {
  const body = toCardBody(nodes);
  return JSON.stringify(body).length <= MAX_CARD ? body : toCardBody([{ type: "text", text: text.replace(/\n+/g, " ") }]);
}

/**
 * Step "4 parts" of the hall for LINE: a message becomes numbered parts (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, and the parts of a text join to its plain text, in which links show their targets.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Media, Message, MessagePart } from "../../core/message.ts";
import { withTargets } from "../../lib/link-target/index.ts";
import { cleanText, isBlank, type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces, withButtons } from "../../lib/message-runs/index.ts";

/** Messaging API reference, "Text message": 5,000 UTF-16 units. */
export const MAX_TEXT = 5_000;
/** "Location message": title and address. */
const MAX_PLACE = 100;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export type LinePayload =
  | { readonly kind: "text"; readonly text: string; readonly buttons?: readonly Button[] }
  | { readonly kind: "media"; readonly media: Media }
  | { readonly kind: "location"; readonly latitude: number; readonly longitude: number; readonly name: string };

/** @param files whether files can be sent; else they are told in words. @returns at least one part */
export function renderMessage(message: Message, { files }: { readonly files: boolean }): RenderedPart[] {
  const runs = messageRuns(message, { parse: nodesOf, alone: (part) => payloadOf(part, files) });
  const parts = runs.flatMap((run) => (run.part === undefined ? textParts(run.nodes) : [run.part]));
  return withButtons(parts, message);
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(nodesOf(text));
}

/** LINE's texts have no markup at all, so a link shows where it leads. */
function nodesOf(markdown: string): MarkdownNode[] {
  return withTargets(parseMarkdown(markdown), { keep: false });
}

function textParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  return textPieces(nodes, MAX_TEXT).map(({ text }) => ({ text, payload: { kind: "text", text } satisfies LinePayload }));
}

function payloadOf(part: MessagePart, files: boolean): LinePayload | undefined {
  if (part.type === "media") return files && part.media.blob !== undefined ? { kind: "media", media: part.media } : undefined;
  if (part.type !== "location") return undefined;
  const { latitude, longitude, name = "" } = part;
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return undefined;
  const place = cleanText(name).slice(0, MAX_PLACE).toWellFormed();
  return { kind: "location", latitude, longitude, name: isBlank(place) ? `${latitude}, ${longitude}` : place };
}

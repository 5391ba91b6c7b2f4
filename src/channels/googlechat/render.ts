/**
 * Step "4 parts" of the hall for Google Chat: a message becomes numbered parts (house.md section 2). Pure; must not throw. An app may upload no files, so they are told in words.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units and with its markup at most MAX_BYTES, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Message } from "../../core/message.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces, withButtons } from "../../lib/message-runs/index.ts";
import { toCardText, toChat } from "./markup.ts";

/** A message holds 32,000 bytes with everything in it (reference of spaces.messages.create); this much passes whatever the script and the marks. */
export const MAX_TEXT = 4_000;
const MAX_BYTES = 24_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export interface GoogleChatPayload {
  readonly kind: "text";
  /** In the markup of Chat. */
  readonly text: string;
  readonly buttons?: readonly Button[];
  /** Text of the card that stands in the text's place where there are buttons, HTML. */
  readonly card?: string;
}

/** @returns at least one part. Neighbouring texts are one. */
export function renderMessage(message: Message): RenderedPart[] {
  const pieces = messageRuns(message, { alone: () => undefined }).flatMap((run) => textPieces(run.nodes ?? [], MAX_TEXT));
  const parts = pieces.map(({ text, nodes }) => ({ text, payload: { kind: "text", text: withinBytes(toChat(nodes), text) } satisfies GoogleChatPayload }));
  return withButtons(parts, message).map((part, index) => {
    const payload = part.payload as GoogleChatPayload;
    return payload.buttons === undefined ? part : { ...part, payload: { ...payload, card: cardText(pieces[index]!.nodes) } };
  });
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(parseMarkdown(text));
}

function withinBytes(marked: string, plain: string): string {
  return byteLength(marked) <= MAX_BYTES ? marked : plain.replace(/<(?=[a-z])/gi, "< ");
}

function cardText(nodes: readonly MarkdownNode[]): string {
  const html = toCardText(nodes);
  return byteLength(html) <= MAX_BYTES ? html : toCardText([{ type: "text", text: plainText(nodes).replace(/[<>&"]/g, " ") }]);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

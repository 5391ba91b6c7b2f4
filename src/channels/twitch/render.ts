/**
 * Step "4 parts" of the hall for Twitch: a message becomes lines of chat (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, what is sent at most 500 characters, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Message } from "../../core/message.ts";
import { withTargets } from "../../lib/link-target/index.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces } from "../../lib/message-runs/index.ts";

/** A chat message holds 500 characters (API reference, Send Chat Message); some are added so that nobody is called. */
export const MAX_TEXT = 400;
const MAX_CHARACTERS = 500;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export interface TwitchPayload {
  readonly message: string;
}

/** Files cannot be shown there, so all is told in words. */
export function renderMessage(message: Message): RenderedPart[] {
  const { buttons: _none, ...rest } = message;
  return messageRuns(rest, { parse: nodesOf, alone: () => undefined }).flatMap(({ nodes }) =>
    textPieces(nodes ?? [], MAX_TEXT).map(({ text }) => ({ text, payload: { message: lineOf(text) } satisfies TwitchPayload })),
  );
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(nodesOf(text));
}

/** A chat knows no marks and cannot hide a link. */
function nodesOf(text: string): MarkdownNode[] {
  return withTargets(parseMarkdown(text), { keep: false });
}

/** One line, which calls nobody and is no command: a space without width stands behind `@` and before `/`. */
function lineOf(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, " ");
  const quiet = line.replace(/@(?=\w)/g, "@\u200b").replace(/^[/.]/, "\u200b$&");
  return [...quiet].slice(0, MAX_CHARACTERS).join("");
}

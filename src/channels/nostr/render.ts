/**
 * Step "4 parts" of the hall for Nostr: a message becomes plain texts (NIP-17: the content of kind 14 is plain). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Message } from "../../core/message.ts";
import { withTargets } from "../../lib/link-target/index.ts";
import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";
import { messageRuns, textPieces } from "../../lib/message-runs/index.ts";

/** Twice encrypted and padded it stays far below the 64 kB that relays usually take. */
export const MAX_TEXT = 4_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export interface NostrPayload {
  readonly content: string;
}

/** Files are told in words. */
export function renderMessage(message: Message): RenderedPart[] {
  const { buttons: _none, ...rest } = message;
  return messageRuns(rest, { parse: nodesOf, alone: () => undefined }).flatMap(({ nodes }) =>
    textPieces(nodes ?? [], MAX_TEXT).map(({ text }) => ({ text, payload: { content: text } satisfies NostrPayload })),
  );
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(nodesOf(text));
}

function nodesOf(text: string): MarkdownNode[] {
  return withTargets(parseMarkdown(text), { keep: false });
}

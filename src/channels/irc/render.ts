/**
 * Step "4 parts" of the hall for IRC: a message becomes lines, each a part of its own, because each arrives or is lost on its own. Pure; must not throw.
 * Always true: a part's line holds at most MAX_BYTES bytes, and the `text` of the parts of one text joins to its plain text, line ends and blank lines included.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Message } from "../../core/message.ts";
import { cleanText, isBlank, type MarkdownNode, plainText, sliceNodes } from "../../lib/markdown/index.ts";
import { messageRuns } from "../../lib/message-runs/index.ts";
import { ircNodes, toIrcLine } from "./markup.ts";
import { byteLength, splitBytes } from "./split.ts";

/** Of the 512 bytes of a line (RFC 2812 section 2.3) the rest is for who says it to whom, as other people's servers see it; a longer name is cut once more at the send. */
const MAX_BYTES = 400;
const PLAIN_BYTES = 360;
/** A line and the blank lines behind it. */
export const MAX_TEXT = 1_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export interface IrcPayload {
  readonly line: string;
}

export function renderMessage(message: Message): RenderedPart[] {
  return messageRuns(message, { parse: ircNodes, alone: () => undefined }).flatMap((run) => lineParts(run.nodes ?? []));
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(ircNodes(text));
}

function lineParts(nodes: readonly MarkdownNode[]): RenderedPart[] {
  const plain = plainText(nodes);
  const parts: { from: number; to: number; end: number }[] = [];
  let from = 0;
  for (const line of plain.split("\n")) {
    const next = Math.min(plain.length, from + line.length + 1);
    let at = from;
    for (const piece of splitBytes(line, PLAIN_BYTES)) {
      const last = parts.at(-1);
      const end = at + piece.length === from + line.length ? next : at + piece.length;
      if (!isBlank(piece)) parts.push({ from: at, to: at + piece.length, end });
      // What cannot be seen goes with the line before it.
      else if (last !== undefined && end - last.from <= MAX_TEXT) last.end = end;
      at = end;
    }
    from = next;
  }
  return parts.map((part, index) => {
    // Blanks at the very beginning belong to the first line.
    const start = index === 0 && part.end <= MAX_TEXT ? 0 : part.from;
    return { text: plain.slice(start, part.end), payload: { line: lineOf(nodes, part) } satisfies IrcPayload };
  });
}

function lineOf(nodes: readonly MarkdownNode[], { from, to }: { from: number; to: number }): string {
  const slice = sliceNodes(nodes, from, to);
  const marked = toIrcLine(slice);
  // Codes without end are worth less than the words.
  return byteLength(marked) <= MAX_BYTES ? marked : cleanText(plainText(slice)).replaceAll("\t", " ");
}

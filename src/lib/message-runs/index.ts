import type { RenderedPart } from "../../core/channel.ts";
import type { Button, Message, MessagePart } from "../../core/message.ts";
import { cutPoints } from "../chunk/index.ts";
import { describePart } from "../describe-part/index.ts";
import { cleanText, codeBlocks, isBlank, type MarkdownNode, parseMarkdown, plainText, sliceNodes } from "../markdown/index.ts";

/** Texts that stand side by side, joined; or a part that goes by itself, such as a file, rendered. */
export type Run = { readonly nodes: readonly MarkdownNode[]; readonly part?: undefined } | { readonly part: RenderedPart; readonly nodes?: undefined };

export interface RunRules {
  /** How Markdown becomes the nodes that the platform can show; `parseMarkdown` if not said. */
  readonly parse?: (markdown: string) => readonly MarkdownNode[];
  /** The payload of what the platform sends by itself; if not said, `{kind: "media", media}` for files that are ours. The rest is told in words. */
  readonly alone?: (part: MessagePart) => object | undefined;
}

/**
 * A message as what a channel renders one by one. Pure; never throws.
 * @returns at least one run, and a text among them when there are buttons, for they stand below one. No text is blank.
 */
export function messageRuns(message: Message, { parse = parseMarkdown, alone = ourFile }: RunRules = {}): Run[] {
  const runs: Run[] = [];
  let nodes: MarkdownNode[] = [];
  const flush = () => {
    if (!isBlank(plainText(nodes))) runs.push({ nodes });
    nodes = [];
  };
  for (const part of message.parts) {
    const written = part.type === "text" || part.type === "notice";
    const payload = written ? undefined : alone(part);
    if (payload === undefined) {
      const more = part.type === "text" ? parse(part.text) : literalNodes(describePart(part));
      if (more.length > 0) nodes.push(...(nodes.length > 0 ? [{ type: "text" as const, text: "\n" }] : []), ...more);
    } else {
      flush();
      runs.push({ part: { text: describePart(part), payload } });
    }
  }
  flush();
  if (runs.length === 0) runs.push(words("(empty message)"));
  else if (hasButtons(message) && runs.every(({ part }) => part !== undefined)) runs.push(words("?"));
  return runs;
}

/** A text of ours, which is not Markdown: a command or path in it must arrive as it is. */
export function literalNodes(text: string): MarkdownNode[] {
  const clean = cleanText(text).trimEnd();
  return clean === "" ? [] : [{ type: "text", text: clean }];
}

export interface Piece {
  /** What a person reads. */
  readonly text: string;
  readonly nodes: readonly MarkdownNode[];
}

/**
 * Cuts a text where it hurts least, code blocks whole where they can be. What nobody could see is left out: platforms refuse it.
 * @param limit most UTF-16 units of a piece's plain text
 */
export function textPieces(nodes: readonly MarkdownNode[], limit: number): Piece[] {
  const plain = plainText(nodes);
  const cuts = [0, ...cutPoints(plain, { limit, keep: codeBlocks(nodes) }), plain.length];
  return cuts
    .slice(1)
    .map((end, index) => ({ text: plain.slice(cuts[index], end), nodes: sliceNodes(nodes, cuts[index]!, end) }))
    .filter(({ text }) => !isBlank(text));
}

/** Puts a message's buttons below its last text. @param parts of runs, those of texts with `kind: "text"` in their payloads */
export function withButtons(parts: RenderedPart[], message: Message): RenderedPart[] {
  if (!hasButtons(message)) return parts;
  const last = parts.findLastIndex(({ payload }) => (payload as { readonly kind: string }).kind === "text");
  return parts.map((part, index) => (index === last ? { ...part, payload: { ...(part.payload as object), buttons: message.buttons } } : part));
}

function hasButtons(message: Message): message is Message & { readonly buttons: readonly Button[] } {
  return message.buttons !== undefined && message.buttons.length > 0;
}

function ourFile(part: MessagePart): object | undefined {
  return part.type === "media" && part.media.blob !== undefined ? { kind: "media", media: part.media } : undefined;
}

function words(text: string): Run {
  return { nodes: [{ type: "text", text }] };
}

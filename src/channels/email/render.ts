/**
 * Step "4 parts" of the hall for mail: a message becomes one mail, its files with it (house.md section 2). Pure; must not throw.
 * Always true: the text of a part holds at most MAX_TEXT UTF-16 units, and the parts of a text join to its plain text.
 */
import type { RenderedPart } from "../../core/channel.ts";
import type { Media, Message } from "../../core/message.ts";
import { chunkText } from "../../lib/chunk/index.ts";
import { describePart } from "../../lib/describe-part/index.ts";
import { withTargets } from "../../lib/link-target/index.ts";
import { isBlank, type MarkdownNode, parseMarkdown, plainText, sliceNodes } from "../../lib/markdown/index.ts";
import { literalNodes } from "../../lib/message-runs/index.ts";

export const MAX_TEXT = 100_000;

/** What is stored with a delivery and sent later, perhaps by another process and version: add fields only. */
export interface EmailPayload {
  readonly html: string;
  readonly media: readonly Media[];
}

export function renderMessage(message: Message): RenderedPart[] {
  const files = message.parts.flatMap((part) => (part.type === "media" && part.media.blob !== undefined ? [part.media] : []));
  const nodes: MarkdownNode[] = [];
  for (const part of message.parts) {
    if (part.type === "media" && part.media.blob !== undefined) continue;
    const more = part.type === "text" ? mailNodes(part.text) : literalNodes(describePart(part));
    if (more.length > 0) nodes.push(...(nodes.length > 0 ? [{ type: "text" as const, text: "\n" }] : []), ...more);
  }
  const plain = plainText(nodes);
  if (isBlank(plain))
    return [
      {
        text: files.length > 0 ? files.map((media) => describePart({ type: "media", media })).join("\n") : "(empty message)",
        payload: { html: "", media: files } satisfies EmailPayload,
      },
    ];
  let at = 0;
  return chunkText(plain, { limit: MAX_TEXT })
    .map((text, index) => {
      const html = toHtml(sliceNodes(nodes, at, at + text.length));
      at += text.length;
      return { text, payload: { html, media: index === 0 ? files : [] } satisfies EmailPayload };
    })
    .filter(({ text }) => !isBlank(text));
}

/** The plain text that the parts of a text join to. */
export function plainMarkdown(text: string): string {
  return plainText(mailNodes(text));
}

/** A reader of plain text must see where a link leads, and one of HTML that it leads nowhere else. */
function mailNodes(text: string): MarkdownNode[] {
  return withTargets(parseMarkdown(text), { keep: true });
}

const TAGS = { bold: "b", italic: "i", strike: "s", quote: "blockquote" } as const;

/** Only these few elements, everything else escaped: nothing is loaded from anywhere when the mail is read. */
function toHtml(nodes: readonly MarkdownNode[]): string {
  return nodes
    .map((node) => {
      switch (node.type) {
        case "text":
          return escapeHtml(node.text).replaceAll("\n", "<br>\n");
        case "code":
          return `<code>${escapeHtml(node.text)}</code>`;
        case "pre":
          return `<pre>${escapeHtml(node.text)}</pre>`;
        case "link":
          return `<a href="${escapeHtml(node.url)}">${toHtml(node.children)}</a>`;
        default:
          return `<${TAGS[node.type]}>${toHtml(node.children)}</${TAGS[node.type]}>`;
      }
    })
    .join("");
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[character]!);
}

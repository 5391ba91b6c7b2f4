import type { MarkdownNode } from "../../lib/markdown/index.ts";

/** As the table of formats names them. */
const TAGS = { bold: "strong", italic: "em", strike: "strike", quote: "blockquote" } as const;

/**
 * Formatted text as the XML that Teams shows (textFormat `xml`; learn.microsoft.com, "Format your bot messages"): there, unlike in its Markdown, every character can be
 * written as itself. A mark inside itself is written once; nothing in a text becomes a mention, for a mention is an entity and we send none.
 */
export function toXml(nodes: readonly MarkdownNode[], open: ReadonlySet<string> = new Set()): string {
  return nodes.map((node) => nodeXml(node, open)).join("");
}

function nodeXml(node: MarkdownNode, open: ReadonlySet<string>): string {
  switch (node.type) {
    case "text":
      return escapeXml(node.text);
    case "code":
      return node.text === "" ? "" : `<code>${escapeXml(node.text)}</code>`;
    case "pre":
      return `<pre>${escapeXml(node.text, "\n")}</pre>`;
    default: {
      const inner = toXml(node.children, new Set([...open, node.type]));
      if (open.has(node.type) || inner === "") return inner;
      if (node.type === "link") return isLink(node.url) ? `<a href="${escapeXml(node.url, "%0A")}">${inner}</a>` : inner;
      return `<${TAGS[node.type]}>${inner}</${TAGS[node.type]}>`;
    }
  }
}

function isLink(url: string): boolean {
  return /^(https?|mailto|tel):/i.test(url);
}

/** What XML 1.0 has no form for (section 2.2) is left out; line ends of a text are breaks, and spaces at a line's beginning stay. */
function escapeXml(text: string, newline = "<br>"): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;")
    .replace(/\n( *)/g, (_, spaces: string) => newline + (newline === "\n" ? spaces : "&#160;".repeat(spaces.length)));
}

interface TextRun {
  readonly type: "TextRun";
  readonly text: string;
  readonly weight?: "Bolder";
  readonly italic?: true;
  readonly strikethrough?: true;
  readonly fontType?: "Monospace";
  readonly selectAction?: object;
}

/** The same as the body of an Adaptive Card: one RichTextBlock a line. Its runs are literal text, so nothing has to be escaped (adaptivecards.io, TextRun). */
export function toCardBody(nodes: readonly MarkdownNode[]): object[] {
  const lines: TextRun[][] = [[]];
  const add = (text: string, style: Omit<TextRun, "type" | "text">) =>
    text.split("\n").forEach((line, index) => {
      if (index > 0) lines.push([]);
      if (line !== "") lines.at(-1)!.push({ type: "TextRun", text: line, ...style });
    });
  const walk = (list: readonly MarkdownNode[], style: Omit<TextRun, "type" | "text">) => {
    for (const node of list) {
      if (node.type === "text") add(node.text, style);
      else if (node.type === "code" || node.type === "pre") add(node.text, { ...style, fontType: "Monospace" });
      else walk(node.children, { ...style, ...styleOf(node) });
    }
  };
  walk(nodes, {});
  let spacing = "None";
  return lines.flatMap((inlines) => {
    // An empty line is a distance.
    if (inlines.length === 0) {
      spacing = "Medium";
      return [];
    }
    const block = { type: "RichTextBlock", spacing, inlines };
    spacing = "None";
    return [block];
  });
}

function styleOf(node: Extract<MarkdownNode, { children: readonly MarkdownNode[] }>): Omit<TextRun, "type" | "text"> {
  switch (node.type) {
    case "bold":
      return { weight: "Bolder" };
    case "italic":
    case "quote":
      return { italic: true };
    case "strike":
      return { strikethrough: true };
    default:
      return isLink(node.url) ? { selectAction: { type: "Action.OpenUrl", url: node.url } } : {};
  }
}

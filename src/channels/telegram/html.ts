import type { MarkdownNode } from "../../lib/markdown/index.ts";

const TAGS = { bold: "b", italic: "i", strike: "s", quote: "blockquote" } as const;

/**
 * Formatted text in Telegram's HTML (Bot API, "Formatting options"). A mark inside itself is written once, because Telegram refuses a blockquote in a
 * blockquote and drops other doubled marks.
 */
export function toHtml(nodes: readonly MarkdownNode[], open: ReadonlySet<string> = new Set()): string {
  return nodes.map((node) => nodeHtml(node, open)).join("");
}

function nodeHtml(node: MarkdownNode, open: ReadonlySet<string>): string {
  switch (node.type) {
    case "text":
      return escapeHtml(node.text);
    case "code":
      return `<code>${escapeHtml(node.text)}</code>`;
    case "pre":
      return node.language === undefined
        ? `<pre>${escapeHtml(node.text)}</pre>`
        : `<pre><code class="language-${escapeHtml(node.language)}">${escapeHtml(node.text)}</code></pre>`;
    default: {
      const inner = toHtml(node.children, new Set([...open, node.type]));
      if (open.has(node.type) || inner === "") return inner;
      return node.type === "link" ? `<a href="${escapeHtml(node.url)}">${inner}</a>` : `<${TAGS[node.type]}>${inner}</${TAGS[node.type]}>`;
    }
  }
}

/** The only characters Telegram wants escaped, and the quote for attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[character]!);
}

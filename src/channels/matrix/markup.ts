import type { MarkdownNode } from "../../lib/markdown/index.ts";

const TAGS = { bold: "strong", italic: "em", strike: "del", quote: "blockquote" } as const;

/** Formatted text as `org.matrix.custom.html`, of tags that the specification recommends clients to show ("m.room.message msgtypes"). */
export function toHtml(nodes: readonly MarkdownNode[]): string {
  return nodes.map((node, index) => nodeHtml(besideBlocks(node, { before: nodes[index - 1], after: nodes[index + 1] }))).join("");
}

/** A block stands on lines of its own anyway. */
function besideBlocks(node: MarkdownNode, { before, after }: { before: MarkdownNode | undefined; after: MarkdownNode | undefined }): MarkdownNode {
  if (node.type !== "text") return node;
  const start = isBlock(before) ? node.text.replace(/^\n{1,2}/, "") : node.text;
  return { type: "text", text: isBlock(after) ? start.replace(/\n{1,2}$/, "") : start };
}

const isBlock = (node: MarkdownNode | undefined) => node?.type === "quote" || node?.type === "pre";

function nodeHtml(node: MarkdownNode): string {
  switch (node.type) {
    case "text":
      return escapeHtml(node.text).replaceAll("\n", "<br>");
    case "code":
      return node.text === "" ? "" : `<code>${escapeHtml(node.text)}</code>`;
    case "pre": {
      const language = node.language?.replace(/[^\w+#.-]/g, "") ?? "";
      return `<pre><code${language === "" ? "" : ` class="language-${language}"`}>${escapeHtml(node.text)}</code></pre>`;
    }
    case "link": {
      // Other schemes are taken away by clients, and the words with them by some.
      if (!/^(https?|ftp|mailto|magnet):/i.test(node.url)) return toHtml(node.children);
      // A link to a person or a room would be shown as a mention.
      if (/^https?:\/\/matrix\.to\//i.test(node.url)) return `${toHtml(node.children)} (${escapeHtml(node.url)})`;
      return `<a href="${escapeHtml(node.url)}">${toHtml(node.children)}</a>`;
    }
    default: {
      const inner = toHtml(node.children);
      return inner === "" ? "" : `<${TAGS[node.type]}>${inner}</${TAGS[node.type]}>`;
    }
  }
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

import type { MarkdownNode } from "../../lib/markdown/index.ts";

const MARKS = { bold: "**", italic: "*", strike: "~~" } as const;

/** Formatted text in Discord's own dialect of Markdown. A mark inside itself is written once. Nothing in a text becomes a mention, an emoji or a heading. */
export function toDiscord(nodes: readonly MarkdownNode[], open: ReadonlySet<string> = new Set()): string {
  return nodes.map((node) => nodeText(node, open)).join("");
}

function nodeText(node: MarkdownNode, open: ReadonlySet<string>): string {
  switch (node.type) {
    case "text":
      return escapeText(node.text);
    case "code":
      return codeText(node.text);
    case "pre":
      // A fence inside would end the block; a space without width keeps it apart and can be read over.
      return `\`\`\`${/^[A-Za-z0-9+#-]{1,30}$/.test(node.language ?? "") ? node.language : ""}\n${node.text.replaceAll("```", "`\u200b``")}\n\`\`\``;
    default: {
      const inner = toDiscord(node.children, new Set([...open, node.type]));
      if (open.has(node.type) || inner.trim() === "") return inner;
      if (node.type === "quote") return inner.replace(/^/gm, "> ");
      return node.type === "link" ? linkText(node.url, inner) : around(inner, MARKS[node.type]);
    }
  }
}

/** The angle brackets keep Discord from fetching the page for a preview. */
function linkText(url: string, inner: string): string {
  // Brackets and white space would end the target early.
  const target = url.replace(/[()<>\s]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
  if (!/^https?:\/\//i.test(target)) return inner;
  if (/^https?:\/\//i.test(inner)) return `<${target}>`;
  return `[${inner}](<${target}>)`;
}

/** A mark beside white space is none, so the space goes outside. */
function around(inner: string, mark: string): string {
  const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner) ?? [];
  return `${before}${mark}${words}${mark}${after}`;
}

function codeText(text: string): string {
  if (text === "") return "";
  if (!text.includes("`")) return `\`${text}\``;
  return text.includes("``") ? escapeText(text) : `\`\` ${text} \`\``;
}

const URLS = /(https?:\/\/[^\s<>]+)/i;

/**
 * Everything that Discord reads as markup, behind a backslash: marks anywhere, headings, quotes and lists at the start of a line, `<` of mentions, emojis and
 * timestamps. A bare URL stays as it is, between brackets, for a backslash would become part of it.
 */
export function escapeText(text: string): string {
  return text
    .split(URLS)
    .map((piece, index) => (index % 2 === 1 ? `<${piece}>` : escapePiece(piece)))
    .join("");
}

function escapePiece(text: string): string {
  return text
    .replace(/[\\*_~`|<[\]]/g, "\\$&")
    .replace(/^(\s*)(#{1,3}\s|-#\s|>)/gm, "$1\\$2")
    .replace(/@(?=everyone|here)/g, "@\u200b");
}

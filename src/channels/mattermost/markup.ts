import type { MarkdownNode } from "../../lib/markdown/index.ts";

const MARKS = { bold: "**", italic: "_", strike: "~~" } as const;

/** Formatted text in Mattermost's dialect of Markdown. A mark inside itself is written once; nothing in a text becomes a mention, a heading or a picture. */
export function toMattermost(nodes: readonly MarkdownNode[], open: ReadonlySet<string> = new Set()): string {
  return nodes.map((node) => nodeText(node, open)).join("");
}

function nodeText(node: MarkdownNode, open: ReadonlySet<string>): string {
  switch (node.type) {
    case "text":
      return escapeText(node.text);
    case "code":
      return codeText(node.text);
    case "pre": {
      // A fence longer than any inside holds whatever the code is (CommonMark section 4.5).
      const fence = "`".repeat(Math.max(3, ...(node.text.match(/`+/g) ?? []).map((run) => run.length + 1)));
      return `${fence}${node.language ?? ""}\n${node.text}\n${fence}`;
    }
    default: {
      const inner = toMattermost(node.children, new Set([...open, node.type]));
      if (open.has(node.type) || inner.trim() === "") return inner;
      if (node.type === "quote") return inner.replace(/^/gm, "> ");
      if (node.type === "link") return `[${inner}](<${node.url.replace(/[<>\s]/g, (character) => encodeURIComponent(character))}>)`;
      return around(inner, MARKS[node.type]);
    }
  }
}

/** A mark beside white space is none, so the space goes outside. */
function around(inner: string, mark: string): string {
  const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner) ?? [];
  return `${before}${mark}${words}${mark}${after}`;
}

function codeText(text: string): string {
  if (text === "") return "";
  const fence = "`".repeat(Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length)) + 1);
  const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return fence + space + text + space + fence;
}

const URLS = /(https?:\/\/[^\s<>]+)/i;

/**
 * What Mattermost reads as markup, behind a backslash. An `@` before a name calls somebody, escaped or not, so a space without width keeps it apart; a bare URL stays
 * as it is, for a backslash would become part of it.
 */
function escapeText(text: string): string {
  return text
    .split(URLS)
    .map((piece, index) => (index % 2 === 1 ? piece : escapePiece(piece)))
    .join("");
}

function escapePiece(text: string): string {
  return text
    .replace(/[\\*_~`|<>[\]$]/g, "\\$&")
    .replace(/^(\s*)(#{1,6}\s|[-+]\s|={2,}|-{2,})/gm, "$1\\$2")
    .replace(/^(\s*\d+)([.)]\s)/gm, "$1\\$2")
    .replace(/@(?=[A-Za-z0-9_])/g, "@\u200b")
    .replace(/(^|\s):(?=[A-Za-z0-9_+-]+:)/g, "$1\\:")
    .replace(/(^|[^&\w])#(?=\p{L})/gu, "$1\\#");
}

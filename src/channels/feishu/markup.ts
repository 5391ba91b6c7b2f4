import type { MarkdownNode } from "../../lib/markdown/index.ts";

const MARKS = { bold: "**", italic: "*", strike: "~~" } as const;

/**
 * Formatted text as the Markdown of cards (open.feishu.cn, card JSON 2.0, "Rich text"). A mark inside itself is written once; what a text holds of marks, tags and
 * mentions goes as character references, as that page asks for.
 */
export function toCardMarkdown(nodes: readonly MarkdownNode[], open: ReadonlySet<string> = new Set()): string {
  return joined(nodes)
    .map((node) => nodeText(node, open))
    .join("");
}

/** What is a mark at the beginning of a line shows only together with what follows it. */
function joined(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  const all: MarkdownNode[] = [];
  for (const node of nodes) {
    const last = all.at(-1);
    if (node.type === "text" && last?.type === "text") all[all.length - 1] = { type: "text", text: last.text + node.text };
    else all.push(node);
  }
  return all;
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
      return `${fence}${node.language ?? ""}\n${withoutTags(node.text)}\n${fence}`;
    }
    default: {
      const inner = toCardMarkdown(node.children, new Set([...open, node.type]));
      if (open.has(node.type) || inner.trim() === "") return inner;
      if (node.type === "quote") return inner.replace(/^/gm, "> ");
      if (node.type === "link")
        return `[${inner}](${node.url.replace(/[<>()\s]/g, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`)})`;
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
  return fence + space + withoutTags(text) + space + fence;
}

/** Nothing says that a mention in code calls nobody, so a space without width stands in it. */
function withoutTags(text: string): string {
  return text.replace(/<(?=at\b)/gi, "<\u200b");
}

const URLS = /(https?:\/\/[^\s<>]+)/i;

/** A bare URL stays as it is, for a reference would become part of it. */
function escapeText(text: string): string {
  return text
    .split(URLS)
    .map((piece, index) => (index % 2 === 1 ? piece.replace(/[*~]/g, reference) : escapePiece(piece)))
    .join("");
}

function reference(character: string): string {
  return `&#${character.charCodeAt(0)};`;
}

function escapePiece(text: string): string {
  return text
    .replace(/[&<>*_~`[\]\\$!|]/g, reference)
    .replace(/^(\s*)(#{1,6}(?=\s)|[-+](?=\s)|={2,}|-{2,})/gm, (_, space: string, marks: string) => space + marks.replace(/./g, reference))
    .replace(/^(\s*\d+)([.)])(?=\s)/gm, (_, number: string, mark: string) => number + reference(mark))
    .replace(/:(?=[A-Za-z0-9_]+:)/g, reference);
}

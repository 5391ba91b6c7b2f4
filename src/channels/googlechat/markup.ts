import type { MarkdownNode } from "../../lib/markdown/index.ts";

const MARKS = { bold: "*", italic: "_", strike: "~" } as const;
/** A space without width. */
const NOTHING = "\u200b";

/**
 * Formatted text in the markup of Google Chat (developers.google.com/workspace/chat/format-messages). It knows no escapes, so what would be read as a mark is kept
 * apart by a space without width: always where it could call somebody or become a link, else only where two marks would make a pair.
 */
export function toChat(nodes: readonly MarkdownNode[], open: ReadonlySet<string> = new Set()): string {
  return joined(nodes)
    .map((node) => nodeText(node, open))
    .join("");
}

/** Two marks of a pair may stand in neighbouring texts. */
function joined(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  const list: MarkdownNode[] = [];
  for (const node of nodes) {
    const last = list.at(-1);
    if (last?.type === "text" && node.type === "text") list[list.length - 1] = { type: "text", text: last.text + node.text };
    else list.push(node);
  }
  return list;
}

function nodeText(node: MarkdownNode, open: ReadonlySet<string>): string {
  switch (node.type) {
    case "text":
      return disarm(node.text);
    case "code":
      return node.text === "" || /[`\n]/.test(node.text) ? disarm(node.text) : `\`${noMention(node.text)}\``;
    case "pre":
      return `\`\`\`\n${noMention(node.text.replaceAll("```", `\`${NOTHING}\`${NOTHING}\``))}\n\`\`\``;
    default: {
      const inner = toChat(node.children, new Set([...open, node.type]));
      if (open.has(node.type) || inner.trim() === "") return inner;
      if (node.type === "quote") return inner.replace(/^/gm, "> ");
      if (node.type === "link") return link(node.url, inner);
      // A mark does not reach over a line's end.
      return inner
        .split("\n")
        .map((line) => around(line, MARKS[node.type as keyof typeof MARKS]))
        .join("\n");
    }
  }
}

function link(url: string, shown: string): string {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return shown;
  return `<${url.replace(/[<>|\s]/g, (character) => encodeURIComponent(character))}|${shown.replace(/[<>|\n]/g, " ")}>`;
}

/** A mark beside white space is none, so the space goes outside. */
function around(inner: string, mark: string): string {
  const [, before = "", words = "", after = ""] = /^(\s*)(.*?)(\s*)$/s.exec(inner) ?? [];
  return words === "" ? inner : `${before}${mark}${words}${mark}${after}`;
}

function noMention(text: string): string {
  return text.replace(/<(?=[a-z])/gi, `<${NOTHING}`);
}

function disarm(text: string): string {
  return noMention(text).replace(/[*_~`]/g, (mark, at: number, whole: string) => (isPaired(whole, mark, at) ? mark + NOTHING : mark));
}

/** Whether the same mark stands once more in the line, so that both could be taken for formatting. */
function isPaired(text: string, mark: string, at: number): boolean {
  const from = text.lastIndexOf("\n", at) + 1;
  const end = text.indexOf("\n", at);
  return text.slice(from, end < 0 ? text.length : end).split(mark).length > 2;
}

const TAGS = { bold: "b", italic: "i", strike: "s" } as const;

/** The same as the text of a card, which is HTML: there every character can be written. */
export function toCardText(nodes: readonly MarkdownNode[]): string {
  return nodes
    .map((node) => {
      if (node.type === "text" || node.type === "code" || node.type === "pre") return escapeHtml(node.text);
      const inner = toCardText(node.children);
      if (node.type === "quote") return inner;
      if (node.type === "link") return /^https?:\/\//i.test(node.url) ? `<a href="${escapeHtml(node.url)}">${inner}</a>` : inner;
      return `<${TAGS[node.type]}>${inner}</${TAGS[node.type]}>`;
    })
    .join("");
}

export function escapeHtml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;").replace(/\n/g, "<br>");
}

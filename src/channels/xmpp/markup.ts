/** Markdown as message styling (XEP-0393). Pure. The specification has no escapes, so what would be a mark by chance is kept apart by a space without width. */
import { withTargets } from "../../lib/link-target/index.ts";
import { type MarkdownNode, parseMarkdown } from "../../lib/markdown/index.ts";

const MARKS: Readonly<Record<string, string>> = { bold: "*", italic: "_", strike: "~" };
const APART = "\u200b";

/** The tree of a text in which a link shows its target in words: styling has no links. */
export function styledNodes(text: string): MarkdownNode[] {
  return withTargets(parseMarkdown(text), { keep: false });
}

/** @returns the text with marks, and whether it has any: one without is sent as unstyled, letter for letter. */
export function toStyled(nodes: readonly MarkdownNode[]): { readonly body: string; readonly styled: boolean } {
  const styled = nodes.some(isStyled);
  return { body: xmlText(styled ? write(nodes, new Set()) : nodes.map(textOf).join("")), styled };
}

function isStyled(node: MarkdownNode): boolean {
  return node.type !== "text" && (node.type !== "link" || node.children.some(isStyled));
}

function textOf(node: MarkdownNode): string {
  return "children" in node ? node.children.map(textOf).join("") : node.text;
}

function write(nodes: readonly MarkdownNode[], open: ReadonlySet<string>): string {
  let out = "";
  for (const node of joined(nodes)) out += nodeText(node, open, out === "" || out.endsWith("\n"));
  return out;
}

/** Texts side by side as one: whether something is a mark depends on what stands beside it. */
function joined(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  const out: MarkdownNode[] = [];
  for (const node of nodes) {
    const last = out.at(-1);
    if (node.type === "text" && last?.type === "text") out[out.length - 1] = { type: "text", text: last.text + node.text };
    else out.push(node);
  }
  return out;
}

function nodeText(node: MarkdownNode, open: ReadonlySet<string>, atLineStart: boolean): string {
  switch (node.type) {
    case "text":
      return apart(node.text);
    case "code":
      // A mark holds within one line and cannot hold itself (section 6.2).
      return /[`\n]/.test(node.text) || node.text.trim() === "" ? apart(node.text) : around(node.text, "`");
    case "pre":
      return `${atLineStart ? "" : "\n"}\`\`\`${node.language ?? ""}\n${node.text.replace(/^```/gm, `${APART}\`\`\``)}\n\`\`\`\n`;
    case "quote":
      return `${atLineStart ? "" : "\n"}${write(node.children, open).replace(/^/gm, "> ")}`;
    default: {
      const mark = MARKS[node.type];
      const inner = write(node.children, mark === undefined ? open : new Set([...open, mark]));
      if (mark === undefined || open.has(mark) || inner.trim() === "" || inner.includes("```")) return inner;
      return inner
        .split("\n")
        .map((line) => (line.trim() === "" || line.startsWith("> ") ? line : around(line, mark)))
        .join("\n");
    }
  }
}

/** A mark beside white space is none (section 6.2.1), so the space goes outside. */
function around(inner: string, mark: string): string {
  const [, before = "", words = "", after = ""] = /^(\s*)([\s\S]*?)(\s*)$/.exec(inner) ?? [];
  return `${before}${mark}${words}${mark}${after}`;
}

/** A mark opens at the beginning of a line or behind white space, a block at the beginning of a line. */
function apart(text: string): string {
  return text.replace(/(^|\s)([*_~`])(?=\S)/gm, `$1${APART}$2`).replace(/^>/gm, `${APART}>`);
}

/** What XML 1.0 can hold (section 2.2). */
function xmlText(text: string): string {
  return text.toWellFormed().replace(/[\ufffe\uffff]/g, "\ufffd");
}

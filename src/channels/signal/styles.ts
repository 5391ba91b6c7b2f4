/** Markdown as Signal shows it: plain text with ranges of style beside it (signal-cli send --text-style). Pure. */
import { withTargets } from "../../lib/link-target/index.ts";
import { type MarkdownNode, parseMarkdown } from "../../lib/markdown/index.ts";

const STYLES: Readonly<Record<string, string>> = { bold: "BOLD", italic: "ITALIC", strike: "STRIKETHROUGH", code: "MONOSPACE", pre: "MONOSPACE" };

/** The tree of a text in which links show their targets and quotes their marks: Signal has a form for neither. */
export function signalNodes(text: string): MarkdownNode[] {
  return markQuotes(withTargets(parseMarkdown(text), { keep: false }));
}

function markQuotes(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  return nodes.map((node): MarkdownNode => {
    if (!("children" in node)) return node;
    const children = markQuotes(node.children);
    return node.type === "quote" ? { ...node, children: [{ type: "text", text: "> " }, ...prefixed(children)] } : { ...node, children };
  });
}

function prefixed(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  return nodes.map((node) => ("children" in node ? { ...node, children: prefixed(node.children) } : { ...node, text: node.text.replaceAll("\n", "\n> ") }));
}

/** @returns `start:length:STYLE` in UTF-16 units of the nodes' plain text. */
export function stylesOf(nodes: readonly MarkdownNode[], from = 0): string[] {
  const styles: string[] = [];
  let at = from;
  for (const node of nodes) {
    const inner = "children" in node ? stylesOf(node.children, at) : [];
    const length = "children" in node ? lengthOf(node.children) : node.text.length;
    const style = STYLES[node.type];
    if (style !== undefined && length > 0) styles.push(`${at}:${length}:${style}`);
    styles.push(...inner);
    at += length;
  }
  return styles;
}

function lengthOf(nodes: readonly MarkdownNode[]): number {
  return nodes.reduce((sum, node) => sum + ("children" in node ? lengthOf(node.children) : node.text.length), 0);
}

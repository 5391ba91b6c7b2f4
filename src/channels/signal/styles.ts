/** Markdown as Signal shows it: plain text with ranges of style beside it (signal-cli send --text-style). Pure. */
import { withTargets } from "../../lib/link-target/index.ts";
import { type MarkdownNode, parseMarkdown } from "../../lib/markdown/index.ts";
import { withQuoteMarks } from "../../lib/quote-marks/index.ts";

const STYLES: Readonly<Record<string, string>> = { bold: "BOLD", italic: "ITALIC", strike: "STRIKETHROUGH", code: "MONOSPACE", pre: "MONOSPACE" };

/** The tree of a text in which links show their targets and quotes their marks: Signal has a form for neither. */
export function signalNodes(text: string): MarkdownNode[] {
  return withQuoteMarks(withTargets(parseMarkdown(text), { keep: false }));
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

/** Markdown as the formatting codes that IRC clients draw (modern.ircdocs.horse/formatting). Pure. */
import { withTargets } from "../../lib/link-target/index.ts";
import { cleanText, type MarkdownNode, parseMarkdown } from "../../lib/markdown/index.ts";

const BOLD = "\u0002";
const ITALIC = "\u001d";
const STRIKE = "\u001e";
const MONO = "\u0011";
const CODES: Readonly<Record<string, string>> = { bold: BOLD, italic: ITALIC, strike: STRIKE, code: MONO, pre: MONO };

/** The tree of a text in which a link shows its target in words: nothing on IRC can hide one. */
export function ircNodes(text: string): MarkdownNode[] {
  return withTargets(parseMarkdown(text), { keep: false });
}

/** One line: codes hold until the line's end, so what is open is closed by it. */
export function toIrcLine(nodes: readonly MarkdownNode[]): string {
  return nodes
    .map((node) => {
      const inner = "children" in node ? toIrcLine(node.children) : node.text.replaceAll("\n", " ").replaceAll("\t", "    ");
      const code = CODES[node.type];
      return code === undefined || inner.trim() === "" ? inner : code + inner + code;
    })
    .join("");
}

/** What somebody wrote without colours, codes and what no text may hold. */
export function withoutCodes(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the codes are control characters
  return cleanText(text.replace(/\u0003(\d{1,2}(,\d{1,2})?)?|\u0004([0-9A-Fa-f]{6}(,[0-9A-Fa-f]{6})?)?|[\u0002\u000f\u0011\u0016\u001d\u001e\u001f]/g, ""));
}

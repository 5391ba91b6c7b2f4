import type { MarkdownNode } from "../markdown/index.ts";

/** The tree of a text in which quotes bear `> ` before each line, for places that have no form for one. */
export function withQuoteMarks(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  return nodes.map((node): MarkdownNode => {
    if (!("children" in node)) return node;
    const children = withQuoteMarks(node.children);
    return node.type === "quote" ? { ...node, children: [{ type: "text", text: "> " }, ...prefixed(children)] } : { ...node, children };
  });
}

function prefixed(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  return nodes.map((node) => ("children" in node ? { ...node, children: prefixed(node.children) } : { ...node, text: node.text.replaceAll("\n", "\n> ") }));
}

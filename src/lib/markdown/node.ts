/** Formatted text as every messenger knows it: platform-neutral, with all line breaks, bullets and indentation already in the text. */
export type MarkdownNode =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "bold" | "italic" | "strike" | "quote"; readonly children: readonly MarkdownNode[] }
  | { readonly type: "link"; readonly url: string; readonly children: readonly MarkdownNode[] }
  | { readonly type: "code"; readonly text: string }
  | { readonly type: "pre"; readonly text: string; readonly language?: string };

/** What a person reads: the text of all nodes in order. Offsets of `sliceNodes` count in it. */
export function plainText(nodes: readonly MarkdownNode[]): string {
  return nodes.map((node) => ("children" in node ? plainText(node.children) : node.text)).join("");
}

/**
 * The part of the tree that holds the plain text from `from` to `to` (UTF-16 units, `to` exclusive). Marks that reach over a border are closed at it and
 * opened again in the next slice, so each slice stands alone; the plain texts of neighbouring slices join to the original.
 */
export function sliceNodes(nodes: readonly MarkdownNode[], from: number, to: number): MarkdownNode[] {
  const slice: MarkdownNode[] = [];
  let at = 0;
  for (const node of nodes) {
    const length = "children" in node ? plainText(node.children).length : node.text.length;
    const start = Math.max(0, from - at);
    const end = Math.min(length, to - at);
    if (start < end)
      slice.push("children" in node ? { ...node, children: sliceNodes(node.children, start, end) } : { ...node, text: node.text.slice(start, end) });
    at += length;
    if (at >= to) break;
  }
  return slice;
}

/** Where blocks of code lie in the plain text, for a chunker that would rather not cut them: `[from, to)` in UTF-16 units. */
export function codeBlocks(nodes: readonly MarkdownNode[], at = 0): (readonly [number, number])[] {
  const blocks: (readonly [number, number])[] = [];
  let from = at;
  for (const node of nodes) {
    if ("children" in node) blocks.push(...codeBlocks(node.children, from));
    const length = "children" in node ? plainText(node.children).length : node.text.length;
    if (node.type === "pre") blocks.push([from, from + length]);
    from += length;
  }
  return blocks;
}

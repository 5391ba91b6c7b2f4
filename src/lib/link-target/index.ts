import { type MarkdownNode, plainText } from "../markdown/index.ts";

/**
 * The tree of a text in which each link shows its target in words behind it, for places where a link cannot hide one or must not. What already shows its target, such as
 * a bare address, is not told twice.
 * @param keep keeps the link itself around its words.
 */
export function withTargets(nodes: readonly MarkdownNode[], { keep }: { readonly keep: boolean }): MarkdownNode[] {
  return nodes.flatMap((node): MarkdownNode[] => {
    if (!("children" in node)) return [node];
    const children = withTargets(node.children, { keep });
    if (node.type !== "link") return [{ ...node, children }];
    const shown = plainText(node.children);
    const told = [node.url, node.url.replace(/^(mailto:|tel:|https?:\/\/)/i, "")].includes(shown);
    return [...(keep ? [{ ...node, children }] : children), ...(told ? [] : [{ type: "text" as const, text: ` (${node.url})` }])];
  });
}

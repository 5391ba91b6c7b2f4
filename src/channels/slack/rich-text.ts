import { type MarkdownNode, parseMarkdown, plainText } from "../../lib/markdown/index.ts";

interface Style {
  readonly bold?: true;
  readonly italic?: true;
  readonly strike?: true;
  readonly code?: true;
}

type Inline =
  | { readonly type: "text"; readonly text: string; readonly style?: Style }
  | { readonly type: "link"; readonly url: string; readonly text?: string; readonly style?: Style };

/** What a rich_text block holds (Block Kit, "Rich text"). */
export interface RichText {
  readonly type: "rich_text_section" | "rich_text_quote" | "rich_text_preformatted";
  readonly elements: readonly Inline[];
}

/** Longest URL that Slack takes in a link; a longer one is shown as text. */
const MAX_URL = 2_000;
const MARKS = { bold: { bold: true }, italic: { italic: true }, strike: { strike: true } } as const;

/** The tree of a Markdown text as Slack can show it: a link that Slack would refuse stands as text. */
export function slackNodes(text: string): MarkdownNode[] {
  return parseMarkdown(text).flatMap(showable);
}

function showable(node: MarkdownNode): MarkdownNode[] {
  if (!("children" in node)) return [node];
  const children = node.children.flatMap(showable);
  if (node.type === "link" && !isLinkable(node.url)) return [...children, { type: "text", text: ` (${node.url})` }];
  return [{ ...node, children }];
}

function isLinkable(url: string): boolean {
  return url.length <= MAX_URL && /^(https?:\/\/[^\s/]|mailto:[^\s])/i.test(url) && URL.canParse(url);
}

/**
 * Formatted text as elements of a rich_text block. Unlike mrkdwn it needs no escaping and knows no mentions: a text element is shown letter by letter. Code and
 * quotes stand on lines of their own, so the line breaks around them go.
 */
export function toRichText(nodes: readonly MarkdownNode[]): RichText[] {
  const blocks: { type: RichText["type"]; elements: Inline[] }[] = [];
  const block = (type: RichText["type"], fresh: boolean) => {
    const last = blocks.at(-1);
    if (!fresh && last?.type === type) return last;
    const next = { type, elements: [] };
    blocks.push(next);
    return next;
  };
  const walk = (list: readonly MarkdownNode[], style: Style, type: RichText["type"]) => {
    for (const node of list) {
      if (node.type === "quote") {
        block("rich_text_quote", type !== "rich_text_quote");
        walk(node.children, style, "rich_text_quote");
      } else if (node.type === "pre") {
        if (node.text !== "") block("rich_text_preformatted", true).elements.push({ type: "text", text: node.text });
      } else if (node.type === "link") {
        const text = plainText(node.children);
        if (text !== "") block(type, false).elements.push({ type: "link", url: node.url, text, ...styled(styleOf(node.children, style)) });
      } else if ("children" in node) {
        walk(node.children, { ...style, ...MARKS[node.type] }, type);
      } else if (node.text !== "") {
        const own = node.type === "code" ? { ...style, code: true as const } : style;
        block(type, false).elements.push(...(node.type === "code" ? [textElement(node.text, own)] : withLinks(node.text, own)));
      }
    }
  };
  walk(nodes, {}, "rich_text_section");
  return blocks.map((one, index) => trimmed(one, blocks[index - 1], blocks[index + 1])).filter((one) => one.elements.length > 0);
}

/** A link's words have one style: that of the mark that holds all of them. */
function styleOf(children: readonly MarkdownNode[], style: Style): Style {
  const [only, ...rest] = children;
  if (only === undefined || rest.length > 0) return style;
  if (only.type === "code") return { ...style, code: true };
  return only.type === "bold" || only.type === "italic" || only.type === "strike" ? styleOf(only.children, { ...style, ...MARKS[only.type] }) : style;
}

/** An address that was written out can be pressed. */
function withLinks(text: string, style: Style): Inline[] {
  const elements: Inline[] = [];
  let at = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'`]+/g)) {
    const url = match[0].replace(/[.,;:!?)\]}*_~…]+$/, "");
    if (!isLinkable(url)) continue;
    if (match.index > at) elements.push(textElement(text.slice(at, match.index), style));
    elements.push({ type: "link", url, ...styled(style) });
    at = match.index + url.length;
  }
  if (at < text.length) elements.push(textElement(text.slice(at), style));
  return elements;
}

function textElement(text: string, style: Style): Inline {
  return { type: "text", text, ...styled(style) };
}

function styled(style: Style): { style?: Style } {
  return Object.keys(style).length === 0 ? {} : { style };
}

interface Block {
  readonly type: RichText["type"];
  readonly elements: readonly Inline[];
}

function trimmed(block: Block, before: Block | undefined, after: Block | undefined): RichText {
  if (block.type === "rich_text_preformatted") return block;
  let elements = [...block.elements];
  if (before !== undefined) elements = cut(elements, /^\n+/);
  if (after !== undefined) elements = cut(elements.toReversed(), /\n+$/).toReversed();
  return { type: block.type, elements };
}

/** Without the line breaks at the near end; elements that were nothing else go too. */
function cut(elements: readonly Inline[], breaks: RegExp): Inline[] {
  const [first, ...rest] = elements;
  if (first?.type !== "text") return [...elements];
  const text = first.text.replace(breaks, "");
  return text === "" ? cut(rest, breaks) : [{ ...first, text }, ...rest];
}

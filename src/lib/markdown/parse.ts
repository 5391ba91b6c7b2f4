import { type MarkedToken, type Token, type Tokens, lexer } from "marked";
import { cleanText } from "./clean.ts";
import { type MarkdownNode, plainText, sliceNodes } from "./node.ts";

/** marked's time for emphasis grows with the square of the marks; a text with more of them than this is no prose and is shown as it is. */
const MAX_MARKS = 8_000;
/** A padded row wider than this cannot be read on a phone anyway and is written without padding. */
const MAX_TABLE_WIDTH = 120;

/**
 * Markdown (CommonMark with GFM tables, tasks and strike-through) as a tree of marks over plain text. HTML is shown as text, an image becomes a link to it,
 * a link with any scheme but http, https, mailto, tel or tg is shown as text with its target. Never throws: text that marked cannot parse is shown as it is.
 */
export function parseMarkdown(source: string): MarkdownNode[] {
  const text = cleanText(source);
  let nodes: MarkdownNode[];
  try {
    nodes = tooManyMarks(text) ? [{ type: "text", text }] : blocks(lexer(text, { gfm: true }));
  } catch {
    // Deep nesting overflows marked's stack; the words still have to arrive.
    nodes = [{ type: "text", text }];
  }
  return sliceNodes(nodes, 0, plainText(nodes).trimEnd().length);
}

function tooManyMarks(text: string): boolean {
  let marks = 0;
  for (const character of text) if ("*_~[`".includes(character) && ++marks > MAX_MARKS) return true;
  return false;
}

function blocks(tokens: readonly Token[], separator = "\n\n"): MarkdownNode[] {
  const nodes: MarkdownNode[] = [];
  for (const token of tokens) {
    const block = blockNodes(token as MarkedToken);
    if (block.length === 0) continue;
    if (nodes.length > 0) nodes.push({ type: "text", text: separator });
    nodes.push(...block);
  }
  return nodes;
}

function blockNodes(token: MarkedToken): MarkdownNode[] {
  switch (token.type) {
    case "space":
    case "checkbox":
      return [];
    case "hr":
      return [{ type: "text", text: "———" }];
    case "code":
      return token.text === "" ? [] : [pre(token.text, token.lang)];
    case "heading":
      return [{ type: "bold", children: inline(token.tokens) }];
    case "blockquote":
      return [{ type: "quote", children: blocks(token.tokens) }];
    case "list":
      return listNodes(token);
    case "table":
      return [pre(tableText(token), undefined)];
    case "html":
    case "def":
      return token.raw.trim() === "" ? [] : [{ type: "text", text: token.raw.trimEnd() }];
    case "paragraph":
      return inline(token.tokens);
    case "text":
      return token.tokens === undefined ? inlineNode(token) : inline(token.tokens);
    default:
      return inlineNode(token);
  }
}

function pre(text: string, lang: string | undefined): MarkdownNode {
  const language = /^[A-Za-z0-9_+#.-]{1,32}/.exec(lang ?? "")?.[0];
  return language === undefined ? { type: "pre", text } : { type: "pre", text, language };
}

function listNodes(list: Tokens.List): MarkdownNode[] {
  const nodes: MarkdownNode[] = [];
  list.items.forEach((item, index) => {
    const bullet = list.ordered ? `${(list.start === "" ? 1 : list.start) + index}. ` : "• ";
    const box = item.task ? (item.checked === true ? "☑ " : "☐ ") : "";
    nodes.push({ type: "text", text: `${index === 0 ? "" : "\n"}${bullet}${box}` }, ...indent(blocks(item.tokens, "\n")));
  });
  return nodes;
}

/** Further lines of a list item stand below its text. Code keeps its own indentation, so that it can be copied. */
function indent(nodes: readonly MarkdownNode[]): MarkdownNode[] {
  return nodes.map((node) => {
    if (node.type === "text") return { ...node, text: node.text.replaceAll("\n", "\n  ") };
    return "children" in node ? { ...node, children: indent(node.children) } : node;
  });
}

function tableText(table: Tokens.Table): string {
  const rows = [table.header, ...table.rows].map((row) => row.map((cell) => plainText(inline(cell.tokens)).replaceAll("\n", " ")));
  const widths = table.header.map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))));
  const padded = widths.reduce((sum, cell) => sum + cell + 3, 0) <= MAX_TABLE_WIDTH;
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell + (padded ? " ".repeat(Math.max(0, widths[column]! - width(cell))) : ""))
      .join(" | ")
      .trimEnd();
  const rule = widths.map((cell) => "-".repeat(padded ? Math.max(1, cell) : 3)).join("-|-");
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

function width(text: string): number {
  return [...text].length;
}

function inline(tokens: readonly Token[]): MarkdownNode[] {
  return tokens.flatMap((token) => inlineNode(token as MarkedToken));
}

function inlineNode(token: MarkedToken): MarkdownNode[] {
  switch (token.type) {
    case "strong":
      return [{ type: "bold", children: inline(token.tokens) }];
    case "em":
      return [{ type: "italic", children: inline(token.tokens) }];
    case "del":
      return [{ type: "strike", children: inline(token.tokens) }];
    case "codespan":
      return [{ type: "code", text: token.text }];
    case "br":
      return [{ type: "text", text: "\n" }];
    case "link":
      return linkNodes(token.href, token.autolink === true ? [{ type: "text", text: token.text }] : inline(token.tokens));
    case "image":
      return linkNodes(token.href, [{ type: "text", text: token.text === "" ? token.href : token.text }]);
    case "html":
      return [{ type: "text", text: /^<br\s*\/?>$/i.test(token.raw) ? "\n" : token.raw }];
    case "text":
      return token.tokens === undefined ? [{ type: "text", text: decode(token.text) }] : inline(token.tokens);
    case "escape":
      return [{ type: "text", text: token.text }];
    case "checkbox":
      return [];
    default:
      return [{ type: "text", text: token.raw }];
  }
}

function linkNodes(href: string, children: MarkdownNode[]): MarkdownNode[] {
  const url = decode(href);
  const label = plainText(children);
  if (/^(https?:\/\/|mailto:|tel:|tg:)/i.test(url)) return label === url ? children : [{ type: "link", url, children }];
  return label === url || url === "" ? children : [...children, { type: "text", text: ` (${url})` }];
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** Character references that models really write (CommonMark 0.31 section 2.5); others stay as they stand. */
function decode(text: string): string {
  return text.replace(/&(?:(amp|lt|gt|quot|apos|nbsp)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));/g, (whole, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return NAMED[name]!;
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
    const printable = code >= 0x20 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) && !(code >= 0x7f && code <= 0x9f);
    return printable ? String.fromCodePoint(code) : whole;
  });
}

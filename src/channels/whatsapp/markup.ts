import type { MarkdownNode } from "../../lib/markdown/index.ts";

const MARKS = { bold: "*", italic: "_", strike: "~" } as const;
/** Drawn as nothing; keeps a mark from being one. WhatsApp knows no escape. */
const APART = "\u200b";

/** Formatted text in WhatsApp's marks (faq.whatsapp.com, "How to format your messages"): `*bold*`, `_italic_`, `~strike~`, code in backticks, `> ` quotes. */
export function toWhatsapp(nodes: readonly MarkdownNode[], open: ReadonlySet<string> = new Set()): string {
  return nodes.map((node) => nodeText(node, open)).join("");
}

function nodeText(node: MarkdownNode, open: ReadonlySet<string>): string {
  switch (node.type) {
    case "text":
      return escapeText(node.text);
    case "code":
      return codeText(node.text);
    case "pre":
      return `\`\`\`${withoutFence(node.text)}\`\`\``;
    case "link":
      // Its target stands in words behind it (lib/link-target): WhatsApp hides none.
      return toWhatsapp(node.children, open);
    default: {
      const inner = toWhatsapp(node.children, new Set([...open, node.type]));
      if (open.has(node.type) || inner.trim() === "") return inner;
      if (node.type === "quote") return inner.replace(/^/gm, "> ");
      return around(inner, MARKS[node.type]);
    }
  }
}

/** A mark holds within one line and not beside white space. */
function around(inner: string, mark: string): string {
  return inner
    .split("\n")
    .map((line) => {
      const [, before = "", words = "", after = ""] = /^(\s*)(.*?)(\s*)$/.exec(line) ?? [];
      return words === "" ? line : `${before}${mark}${words}${mark}${after}`;
    })
    .join("\n");
}

function codeText(text: string): string {
  if (text.trim() === "") return text;
  if (!text.includes("`") && !text.includes("\n")) return `\`${text}\``;
  return `\`\`\`${withoutFence(text)}\`\`\``;
}

function withoutFence(text: string): string {
  const kept = text.replace(/`{3,}/g, (run) => [...run].join(APART));
  return kept.endsWith("`") ? `${kept}${APART}` : kept;
}

const URLS = /(https?:\/\/[^\s<>]+)/i;

function escapeText(text: string): string {
  return text
    .split(URLS)
    .map((piece, index) => (index % 2 === 1 ? piece : escapePiece(piece)))
    .join("");
}

/** What would open a mark or a quote: a sign at the beginning of a word; what stands inside one, as in snake_case, opens none. */
function escapePiece(text: string): string {
  return text.replace(/(^|[^\p{L}\p{N}])([*_~`])(?=[^\s*_~`])/gmu, `$1$2${APART}`).replace(/^([ \t]*)>(?= )/gm, `$1${APART}>`);
}

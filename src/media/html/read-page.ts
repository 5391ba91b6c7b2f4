/** Parses what strangers wrote: loaded by the worker alone. */
import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import TurndownService from "turndown";

export interface PageText {
  readonly title: string;
  /** The readable part, or everything when there is no article in it. */
  readonly markdown: string;
}

/** Never shown to anybody who reads the page, or no text at all. */
const UNSEEN =
  "script, style, noscript, template, svg, canvas, iframe, object, embed, body head, dialog, [hidden], [aria-hidden='true'], input, select, textarea";
const HIDING = /(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*(?:;|$)|font-size\s*:\s*0)/i;
/** An article shorter than this share of the page's text is a guess gone wrong. */
const LEAST_SHARE = 0.2;
const LEAST_CHARACTERS = 200;

/** A web page as markdown. @param url where it came from: links are made whole by it. */
export function readPage(html: string, url: string): PageText {
  // The parser adds no html and body to a page that lacks them; inside one of ours a second pair does no harm.
  const { document } = parseHTML(`<!doctype html><html><head></head><body>${html}</body></html>`) as unknown as { document: Document };
  const title = oneLine(document.querySelector("title")?.textContent ?? document.querySelector("h1")?.textContent ?? "");
  for (const element of document.querySelectorAll(UNSEEN)) element.remove();
  for (const element of document.querySelectorAll("[style]")) if (HIDING.test(element.getAttribute("style") ?? "")) element.remove();
  const { body } = document;
  const all = (body.textContent ?? "").trim().length;
  const whole = body.cloneNode(true);
  const article = articleOf(document);
  const length = (article?.textContent ?? "").trim().length;
  const chosen = article !== undefined && length >= LEAST_CHARACTERS && length >= all * LEAST_SHARE ? article : whole;
  return { title, markdown: toMarkdown(chosen, url) };
}

function articleOf(document: Document): Node | undefined {
  const parsed = new Readability<Node>(document, { serializer: (node) => node, maxElemsToParse: 50_000 }).parse();
  return parsed?.content ?? undefined;
}

function toMarkdown(node: Node, url: string): string {
  const service = new TurndownService({ headingStyle: "atx", codeBlockStyle: "fenced", bulletListMarker: "-", emDelimiter: "*" });
  service.addRule("links", { filter: "a", replacement: (text, link) => linkText(text, link.getAttribute("href"), url) });
  // The picture is not fetched, and its address is of no use to a reader.
  service.addRule("images", {
    filter: "img",
    replacement: (_text, image) => {
      const alt = oneLine(image.getAttribute("alt") ?? "");
      return alt === "" ? "" : `[image: ${alt}]`;
    },
  });
  service.addRule("cells", { filter: ["td", "th"], replacement: (text) => `${oneLine(text).replaceAll("|", "\\|")} | ` });
  service.addRule("rows", { filter: "tr", replacement: (text) => `\n| ${text.trim()}` });
  service.addRule("tables", { filter: "table", replacement: (text) => `\n\n${text.replaceAll(/\n{2,}/g, "\n").trim()}\n\n` });
  return service
    .turndown(node)
    .replaceAll(/[^\S\n]+\n/g, "\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

function linkText(text: string, href: string | null, base: string): string {
  const shown = oneLine(text);
  const target = href === null || href.startsWith("#") ? null : URL.parse(href, base);
  if (target === null || !/^https?:$/.test(target.protocol) || shown === "") return shown;
  return `[${shown}](${target.href.replaceAll("(", "%28").replaceAll(")", "%29")})`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

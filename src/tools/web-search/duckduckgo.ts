import { ToolError } from "../../core/errors.ts";
import type { Http } from "../../core/http.ts";
import { requireOk } from "./read-results.ts";
import type { SearchProvider, SearchResult } from "./search-provider.ts";

const MAX_BYTES = 2_000_000;

/** DuckDuckGo's page for browsers without scripts: no key, no promise that it stays as it is. */
export function createDuckDuckGo(http: Http, baseUrl = "https://html.duckduckgo.com"): SearchProvider {
  return {
    async search(query, count, signal) {
      const body = new URLSearchParams({ q: query }).toString();
      const headers = { "content-type": "application/x-www-form-urlencoded", accept: "text/html" };
      const response = await http.request({ baseUrl }, { method: "POST", path: "/html/", headers, body, signal });
      // 202 is their way to ask whether a person is there.
      requireOk(response, { 202: "DuckDuckGo takes us for a robot: try later, or use another provider" });
      const html = await response.text(MAX_BYTES);
      const results = resultsOf(html);
      if (results.length === 0 && !html.includes("no-results")) throw new ToolError("search_failed", "DuckDuckGo did not answer with results");
      return results.slice(0, count);
    },
  };
}

/** Each result is a link of class `result__a` and, before the next one, a `result__snippet`. Split first, so that no expression runs over the whole page. */
function resultsOf(html: string): SearchResult[] {
  return html
    .split(/class="result__a"/)
    .slice(1)
    .flatMap((piece) => {
      const block = piece.slice(0, 20_000);
      const href = /^[^>]{0,2000}?href="([^"]{1,4000})"/.exec(block)?.[1];
      const url = href === undefined ? undefined : targetOf(decode(href));
      if (url === undefined) return [];
      const snippet = block.split(/class="result__snippet"/)[1] ?? "";
      return [{ url, title: insideOf(block), snippet: insideOf(snippet) }];
    });
}

/** Links lead over a counter (`//duckduckgo.com/l/?uddg=TARGET`); advertisements (`/y.js`) have no target. */
function targetOf(href: string): string | undefined {
  const url = URL.parse(href, "https://duckduckgo.com");
  if (url === null) return undefined;
  if (!/(^|\.)duckduckgo\.com$/.test(url.hostname)) return url.href;
  return URL.parse(url.searchParams.get("uddg") ?? "")?.href;
}

/** Text between the rest of the opening tag and the closing `</a>`. */
function insideOf(piece: string): string {
  const open = piece.indexOf(">");
  const close = piece.indexOf("</a>", open);
  if (open === -1 || close === -1) return "";
  return decode(piece.slice(open + 1, close).replaceAll(/<[^<>]*>/g, ""))
    .replaceAll(/\s+/g, " ")
    .trim();
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

function decode(text: string): string {
  return text.replaceAll(/&(?:([a-z]{2,4})|#(\d{1,7})|#x([0-9a-f]{1,6}));/gi, (whole, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
    return code >= 0x20 && code <= 0x10ffff ? String.fromCodePoint(code).toWellFormed() : " ";
  });
}

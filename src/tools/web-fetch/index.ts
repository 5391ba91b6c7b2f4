import { ToolError } from "../../core/errors.ts";
import { HttpFailure, type UntrustedHttp, type UntrustedResponse } from "../../core/http.ts";
import type { Label } from "../../core/label.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";
import { decodeBody, kindOf, typeOf } from "./page-content.ts";

export interface WebFetchOptions {
  readonly http: UntrustedHttp;
  /** HTML as markdown (media/html). @throws ToolError */
  readonly readHtml: (page: { html: string; url: string }, signal: AbortSignal) => Promise<{ title: string; markdown: string }>;
  readonly maxBytes: number;
  readonly ports: readonly number[];
}

interface WebFetchArgs {
  readonly url: string;
  readonly start?: number;
}

/** Whoever wrote the page, nobody in this house did. */
const OUTSIDE: Label = { integrity: "EXTERNAL", confidentiality: "PUBLIC" };
/** Characters of one answer; more with `start`. */
const WINDOW = 24_000;
const HTTP_MS = 30_000;

/** The tool `web_fetch`: a public web page as markdown, other text as it is. */
export function createWebFetchTool(options: WebFetchOptions): Tool {
  return defineTool<WebFetchArgs>({
    spec: {
      name: "web_fetch",
      description: "Reads a public web page (http or https) as markdown, or a text, JSON or XML file as it is. Answers 24,000 characters; go on with start.",
      parameters: {
        type: "object",
        properties: {
          url: { type: "string", minLength: 1, maxLength: 8_000, description: "Whole URL with https:// or http://" },
          start: { type: "integer", minimum: 0, description: "Character to begin at, default 0" },
        },
        required: ["url"],
        additionalProperties: false,
      },
    },
    effects: ["egress"],
    idempotent: true,
    parallel: true,
    timeoutMs: 60_000,
    run: (args, context) => fetchPage(args, options, context),
  });
}

/** @throws ToolError `url_refused`, `fetch_failed`, `not_text`, and what readHtml throws */
async function fetchPage({ url, start = 0 }: WebFetchArgs, options: WebFetchOptions, { signal }: ToolContext): Promise<ToolResult> {
  const response = await get(url, options, signal);
  const kind = kindOf(response);
  if (kind === "other") throw new ToolError("not_text", `this is ${plainType(response)}, not a text`, { hint: "only HTML, text, JSON and XML can be read" });
  const raw = decodeBody(response);
  const { title, markdown } = kind === "html" ? await options.readHtml({ html: raw, url: response.url }, signal) : { title: "", markdown: raw };
  const text = markdown.replaceAll("\0", "").toWellFormed();
  const failed = response.status >= 400;
  const head = [response.url, ...(failed ? [`HTTP status ${response.status}`] : []), ...(title === "" ? [] : [`Title: ${title.slice(0, 300)}`])];
  return { text: `${head.join("\n")}\n\n${cutWindow(text, start, response.cut)}`, error: failed, label: OUTSIDE };
}

async function get(url: string, { http, maxBytes, ports }: WebFetchOptions, signal: AbortSignal): Promise<UntrustedResponse> {
  const accept = "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.9, application/json;q=0.9, application/xml;q=0.8, */*;q=0.1";
  try {
    return await http.getUntrusted({ url, headers: { accept }, signal, maxBytes, ports, timeoutMs: HTTP_MS });
  } catch (thrown) {
    if (!(thrown instanceof HttpFailure)) throw thrown;
    if (thrown.kind === "refused")
      throw new ToolError("url_refused", thrown.message, { cause: thrown, hint: "only public http and https addresses can be read" });
    throw new ToolError("fetch_failed", thrown.message, { cause: thrown });
  }
}

function cutWindow(text: string, start: number, cut: boolean): string {
  if (text.trim() === "") return "(The page has no text.)";
  const from = Math.min(start, text.length);
  const part = text.slice(from, from + WINDOW);
  const end = from + part.length;
  const more = end < text.length ? `; go on with start=${end}` : cut ? "; the page is longer than what was read of it" : "";
  return from === 0 && more === "" ? part : `${part.toWellFormed()}\n\n(Characters ${from} to ${end} of ${text.length}${more}.)`;
}

/** A header of a stranger, in a message of ours. */
function plainType(response: UntrustedResponse): string {
  return /^[a-z0-9.+-]{1,40}\/[a-z0-9.+-]{1,80}$/.exec(typeOf(response))?.[0] ?? "of an unknown type";
}

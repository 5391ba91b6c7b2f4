import type { Config } from "../config/schema.ts";
import type { Clock } from "../core/clock.ts";
import type { Http, UntrustedHttp } from "../core/http.ts";
import type { Tool } from "../core/tool.ts";
import type { HtmlReader } from "../media/html/index.ts";
import { createWebFetchTool } from "../tools/web-fetch/index.ts";

export interface WebToolDeps {
  readonly config: Config;
  readonly http: Http & UntrustedHttp;
  readonly clock: Clock;
}

const NAMES: ReadonlySet<string> = new Set(["web_fetch", "web_search"]);

/** Puts the web tools of a changed config in the place of the present ones; a call that is under way ends as it began. @throws ConfigError; then nothing has changed */
export async function replaceWebTools(tools: Tool[], deps: WebToolDeps): Promise<void> {
  const next = await createWebTools(deps);
  tools.splice(0, tools.length, ...tools.filter(({ spec }) => !NAMES.has(spec.name)), ...next);
}

/** `web_fetch`, and `web_search` when the config names who searches. What takes pages apart is loaded with the first page. */
export async function createWebTools({ config, http, clock }: WebToolDeps): Promise<Tool[]> {
  const { web_fetch: webFetch, web_search: webSearch } = config.tools;
  let reader: Promise<HtmlReader> | undefined;
  const openReader = async () => (await import("../media/html/index.ts")).createHtmlReader({ clock });
  const tools = [
    createWebFetchTool({
      http,
      readHtml: async (page, signal) => (await (reader ??= openReader())).read(page, signal),
      maxBytes: webFetch.max_bytes,
      ports: webFetch.ports,
    }),
  ];
  if (webSearch !== undefined) tools.push((await import("../tools/web-search/index.ts")).createWebSearchTool(webSearch, http));
  return tools;
}

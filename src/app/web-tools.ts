import type { Tool } from "../core/tool.ts";
import { createWebFetchTool } from "../tools/web-fetch/index.ts";
import type { ToolDeps } from "./tools.ts";

/** `web_fetch`, and `web_search` when the config names who searches. What takes pages apart is loaded with the first page. */
export async function createWebTools({ config, http, clock }: Pick<ToolDeps, "config" | "http" | "clock">): Promise<Tool[]> {
  const { web_fetch: webFetch, web_search: webSearch } = config.tools;
  let reader: Promise<ReturnType<typeof import("../media/html/index.ts").createHtmlReader>> | undefined;
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

import { ConfigError, ToolError } from "../../core/errors.ts";
import { HttpFailure, type Http } from "../../core/http.ts";
import type { Label } from "../../core/label.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";
import { createBrave } from "./brave.ts";
import type { WebSearchConfig } from "./config.ts";
import { createDuckDuckGo } from "./duckduckgo.ts";
import { createSearxng } from "./searxng.ts";
import type { SearchProvider, SearchResult } from "./search-provider.ts";
import { createTavily } from "./tavily.ts";

interface WebSearchArgs {
  readonly query: string;
  readonly count?: number;
}

const OUTSIDE: Label = { integrity: "EXTERNAL", confidentiality: "PUBLIC" };
const DEFAULT_COUNT = 8;
const MAX_SNIPPET = 500;

/** The tool `web_search`: titles, addresses and snippets from the provider of the config. @throws ConfigError `config_invalid` */
export function createWebSearchTool(config: WebSearchConfig, http: Http): Tool {
  const provider = createProvider(config, http);
  return defineTool<WebSearchArgs>({
    spec: {
      name: "web_search",
      description: "Searches the web. Answers titles, addresses and snippets; read a page with web_fetch.",
      parameters: {
        type: "object",
        properties: {
          query: { type: "string", minLength: 1, maxLength: 1_000, pattern: "\\S" },
          count: { type: "integer", minimum: 1, maximum: 20, description: `Results wanted, default ${DEFAULT_COUNT}` },
        },
        required: ["query"],
        additionalProperties: false,
      },
    },
    effects: ["egress"],
    idempotent: true,
    parallel: true,
    timeoutMs: 45_000,
    run: (args, context) => search(args, provider, context),
  });
}

function createProvider({ provider, api_key: apiKey, base_url: baseUrl }: WebSearchConfig, http: Http): SearchProvider {
  const missing = (key: string) => new ConfigError("config_invalid", `tools.web_search.${key} is missing for ${provider}`);
  switch (provider) {
    case "searxng":
      if (baseUrl === undefined) throw missing("base_url");
      return createSearxng(http, baseUrl);
    case "brave":
      if (apiKey === undefined) throw missing("api_key");
      return createBrave(http, apiKey, baseUrl);
    case "tavily":
      if (apiKey === undefined) throw missing("api_key");
      return createTavily(http, apiKey, baseUrl);
    case "duckduckgo":
      return createDuckDuckGo(http, baseUrl);
  }
}

/** @throws ToolError `search_failed` */
async function search({ query, count = DEFAULT_COUNT }: WebSearchArgs, provider: SearchProvider, { signal }: ToolContext): Promise<ToolResult> {
  try {
    const results = (await provider.search(query.trim(), count, signal)).filter(({ url }) => /^https?:\/\//i.test(url)).slice(0, count);
    const text = results.length === 0 ? "Nothing was found." : results.map(resultText).join("\n\n");
    return { text, error: false, label: OUTSIDE };
  } catch (thrown) {
    if (!(thrown instanceof HttpFailure)) throw thrown;
    throw new ToolError("search_failed", `the search provider cannot be reached: ${thrown.message}`, { cause: thrown });
  }
}

function resultText({ title, url, snippet }: SearchResult, index: number): string {
  const line = (text: string, length: number) => text.replaceAll(/\s+/g, " ").trim().slice(0, length).toWellFormed();
  return [`${index + 1}. ${line(title, 300)}`, line(url, 1_000), line(snippet, MAX_SNIPPET)].filter((one) => one !== "").join("\n   ");
}

import type { Http } from "../../core/http.ts";
import type { Secret } from "../../core/secret.ts";
import { isFields, readResults, requireOk } from "./read-results.ts";
import type { SearchProvider } from "./search-provider.ts";

/** Brave Search API, web search (api-dashboard.search.brave.com). */
export function createBrave(http: Http, apiKey: Secret, baseUrl = "https://api.search.brave.com"): SearchProvider {
  const destination = { baseUrl, credential: { in: "header", name: "x-subscription-token", secret: apiKey } } as const;
  return {
    async search(query, count, signal) {
      // Their limits: 400 characters, 20 results.
      const path = `/res/v1/web/search?${new URLSearchParams({ q: query.slice(0, 400), count: String(count), text_decorations: "false" })}`;
      const response = await http.request(destination, { path, headers: { accept: "application/json" }, signal });
      requireOk(response);
      // An answer without `web` is one without results.
      return readResults(response, ({ web }) => (isFields(web) ? web["results"] : []), "description");
    },
  };
}

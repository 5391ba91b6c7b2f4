import type { Http } from "../../core/http.ts";
import type { Secret } from "../../core/secret.ts";
import { readResults, requireOk } from "./read-results.ts";
import type { SearchProvider } from "./search-provider.ts";

/** Tavily Search (docs.tavily.com, POST /search). */
export function createTavily(http: Http, apiKey: Secret, baseUrl = "https://api.tavily.com"): SearchProvider {
  const destination = { baseUrl, credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: apiKey } } as const;
  return {
    async search(query, count, signal) {
      const body = JSON.stringify({ query: query.slice(0, 400), max_results: count });
      const response = await http.request(destination, { method: "POST", path: "/search", headers: { "content-type": "application/json" }, body, signal });
      requireOk(response);
      return readResults(response, (answer) => answer["results"], "content");
    },
  };
}

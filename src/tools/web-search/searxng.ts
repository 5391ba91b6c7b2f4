import type { Http } from "../../core/http.ts";
import { readResults, requireOk } from "./read-results.ts";
import type { SearchProvider } from "./search-provider.ts";

/** The owner's own SearXNG (docs.searxng.org, "Search API"). */
export function createSearxng(http: Http, baseUrl: string): SearchProvider {
  return {
    async search(query, count, signal) {
      const path = `/search?${new URLSearchParams({ q: query, format: "json" })}`;
      const response = await http.request({ baseUrl }, { path, signal });
      requireOk(response, { 403: "add json to search.formats in the settings of SearXNG" });
      return (await readResults(response, (answer) => answer["results"], "content")).slice(0, count);
    },
  };
}

import { ToolError } from "../../core/errors.ts";
import type { HttpResponse } from "../../core/http.ts";
import type { SearchResult } from "./search-provider.ts";

const MAX_BYTES = 2_000_000;

/** @throws ToolError `search_failed` unless the status is 200. */
export function requireOk({ status }: HttpResponse, hints: Readonly<Record<number, string>> = {}): void {
  if (status === 200) return;
  const hint = hints[status] ?? (status === 401 || status === 403 ? "check tools.web_search.api_key" : status === 429 ? "try again later" : undefined);
  throw new ToolError("search_failed", `the search provider answered ${status}`, hint === undefined ? {} : { hint });
}

/** The list found by `pick` in a JSON answer, as results. @throws ToolError `search_failed` when the answer is no such thing. */
export async function readResults(response: HttpResponse, pick: (answer: Fields) => unknown, snippet: string): Promise<SearchResult[]> {
  const answer: unknown = await response.json(MAX_BYTES).catch((cause: unknown) => {
    if (cause instanceof SyntaxError) throw noResults();
    throw cause;
  });
  const list = isFields(answer) ? pick(answer) : undefined;
  if (!Array.isArray(list)) throw noResults();
  return list.flatMap((item: unknown) =>
    isFields(item) && typeof item["url"] === "string" ? [{ title: textOf(item["title"]), url: item["url"], snippet: textOf(item[snippet]) }] : [],
  );
}

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function noResults(): ToolError {
  return new ToolError("search_failed", "the search provider did not answer with results");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

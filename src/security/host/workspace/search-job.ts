import type { SearchQuery, SearchResult } from "../../../core/workspace.ts";

/** What the worker is asked; `parts` are checked names. */
export interface SearchJob extends SearchQuery {
  readonly root: string;
  readonly parts: readonly string[];
}

/** What the worker tells, as it finds it. */
export type SearchNews =
  | { readonly kind: "found"; readonly matches: SearchResult["matches"]; readonly files: number }
  | { readonly kind: "done"; readonly files: number; readonly cut?: "limit" }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

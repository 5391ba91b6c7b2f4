/** One page that was found. All of it is written by strangers. */
export interface SearchResult {
  readonly title: string;
  readonly url: string;
  /** A few words of the page. */
  readonly snippet: string;
}

/** Somebody who searches the web. */
export interface SearchProvider {
  /** @param count how many results are wanted, 1 to 20. @throws ToolError `search_failed`, HttpFailure */
  search(query: string, count: number, signal: AbortSignal): Promise<readonly SearchResult[]>;
}

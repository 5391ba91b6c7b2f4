/** The worker's file: beside this one when run unbuilt, beside the bundle when built. */
export function searchWorkerUrl(): URL {
  return import.meta.url.endsWith(".js") ? new URL("./file-search.js", import.meta.url) : new URL("./search-worker.ts", import.meta.url);
}

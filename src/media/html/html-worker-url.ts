/** The worker's file: beside this one when run unbuilt, beside the bundle when built. */
export function htmlWorkerUrl(): URL {
  return import.meta.url.endsWith(".js") ? new URL("./html-reader.js", import.meta.url) : new URL("./html-worker.ts", import.meta.url);
}

/** The writer's file: beside this one when run unbuilt, beside the bundle when built. */
export function writerWorkerUrl(): URL {
  return import.meta.url.endsWith(".js") ? new URL("./sqlite-writer.js", import.meta.url) : new URL("./writer-worker.ts", import.meta.url);
}

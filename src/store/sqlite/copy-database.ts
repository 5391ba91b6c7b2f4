import { Worker } from "node:worker_threads";
import type { StoreError } from "../../core/errors.ts";
import type { CopyReply, CopyRequest, DatabaseFacts } from "./copy-protocol.ts";
import { fromPlainError } from "./writer-protocol.ts";

/**
 * Copies a database that others may be writing, as it is at one moment and without its free pages, and checks the copy. On a thread of its own: a large one takes
 * seconds. `target` must not exist.
 * @throws StoreError `store_corrupt`, `store_failed`, `disk_full`
 */
export function copyDatabase(path: string, target: string): Promise<DatabaseFacts> {
  return onThread({ kind: "copy", path, target });
}

/** Reads every page of a database that nobody has open. @throws StoreError `store_corrupt`, `schema_newer` */
export function checkDatabase(path: string): Promise<DatabaseFacts> {
  return onThread({ kind: "check", path });
}

async function onThread(request: CopyRequest): Promise<DatabaseFacts> {
  const worker = new Worker(copyWorkerUrl(), { workerData: request });
  try {
    const reply = await new Promise<CopyReply>((resolve, reject: (error: unknown) => void) => {
      worker.once("message", resolve).once("error", reject);
      worker.once("exit", () => reject(new Error("the thread that copies the database has ended")));
    });
    if ("error" in reply) throw fromPlainError(reply.error) as StoreError;
    return reply.facts;
  } finally {
    await worker.terminate();
  }
}

function copyWorkerUrl(): URL {
  return import.meta.url.endsWith(".js") ? new URL("./sqlite-copy.js", import.meta.url) : new URL("./copy-worker.ts", import.meta.url);
}

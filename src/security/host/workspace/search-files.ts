import { Worker } from "node:worker_threads";
import { ToolError } from "../../../core/errors.ts";
import type { SearchResult } from "../../../core/workspace.ts";
import type { SearchJob, SearchNews } from "./search-job.ts";
import { searchWorkerUrl } from "./search-worker-url.ts";

const MEMORY_MB = 192;

/**
 * Searches in a thread of its own: a regular expression can only be stopped together with its thread (sec-120).
 * @throws ToolError `bad_pattern`, `aborted`, as the workspace
 */
export function searchFiles(job: SearchJob, signal: AbortSignal | undefined): Promise<SearchResult> {
  if (signal?.aborted) return Promise.reject(new ToolError("aborted", "the call was aborted"));
  return new Promise((resolve, reject) => {
    const found: SearchResult["matches"][number][] = [];
    let files = 0;
    const worker = new Worker(searchWorkerUrl(), { workerData: job, resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB }, stdin: false });
    let settled = false;
    const settle = (how: () => void) => {
      // Ending the thread is news from the thread, too.
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      void worker.terminate().then(how, how);
    };
    const onAbort = () => settle(() => reject(new ToolError("aborted", "the call was aborted")));
    const timer = setTimeout(() => settle(() => resolve({ matches: found, files, cut: "time" })), job.timeMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    worker.on("message", (news: SearchNews) => {
      if (news.kind === "failed") return settle(() => reject(new ToolError(news.code, news.message)));
      files = news.files;
      if (news.kind === "found") found.push(...news.matches);
      else settle(() => resolve({ matches: found, files, ...(news.cut !== undefined && { cut: news.cut }) }));
    });
    worker.once("error", (cause: Error) => settle(() => reject(new ToolError("search_failed", `the search broke off: ${cause.message}`, { cause }))));
    worker.once("exit", (code) => settle(() => reject(new ToolError("search_failed", `the search ended with ${code}`))));
  });
}

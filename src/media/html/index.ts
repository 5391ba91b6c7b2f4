/** Web pages as markdown. A page is hostile input: each one is read in a thread of its own with bounded memory and time, which ends with it. */
import { Worker } from "node:worker_threads";
import type { Clock } from "../../core/clock.ts";
import { ToolError } from "../../core/errors.ts";
import { htmlWorkerUrl } from "./html-worker-url.ts";
import type { PageText } from "./read-page.ts";

export type { PageText } from "./read-page.ts";

export interface HtmlReader {
  /** @param url where it came from. @throws ToolError `page_unreadable`, `aborted` */
  read(page: { readonly html: string; readonly url: string }, signal: AbortSignal): Promise<PageText>;
}

/** Pages read at once; more wait. */
const MAX_WORKERS = 2;
const TIME_MS = 15_000;
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };

/** @param timeMs after which one page is given up, milliseconds. */
export function createHtmlReader({ clock, timeMs = TIME_MS }: { readonly clock: Clock; readonly timeMs?: number }): HtmlReader {
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async () => {
    if (running >= MAX_WORKERS) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
  };
  /** The place goes to the next in line, else it is free. */
  const leave = () => {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  };
  return {
    async read(page, signal) {
      await enter();
      try {
        return await readInThread(page, signal, { clock, timeMs });
      } finally {
        leave();
      }
    },
  };
}

async function readInThread(page: { html: string; url: string }, signal: AbortSignal, limit: { clock: Clock; timeMs: number }): Promise<PageText> {
  if (signal.aborted) throw aborted();
  const worker = new Worker(htmlWorkerUrl(), { workerData: page, resourceLimits: LIMITS, stdin: false, stdout: true, stderr: true, env: {} });
  const { promise, resolve, reject } = Promise.withResolvers<PageText>();
  const onAbort = () => reject(aborted());
  signal.addEventListener("abort", onAbort, { once: true });
  const cancel = limit.clock.timer(limit.timeMs, () => reject(unreadable(`it took more than ${limit.timeMs / 1_000} s`)));
  worker.once("message", resolve);
  worker.once("error", (cause) => reject(unreadable("its HTML cannot be taken apart", cause)));
  worker.once("exit", () => reject(unreadable("reading it ended early")));
  try {
    return await promise;
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

function unreadable(why: string, cause?: unknown): ToolError {
  return new ToolError("page_unreadable", `the page cannot be read: ${why}`, { cause });
}

function aborted(): ToolError {
  return new ToolError("aborted", "the call was aborted");
}

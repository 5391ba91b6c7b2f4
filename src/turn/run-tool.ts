/** Hall, beside step 3: runs one tool call that was let through. What must stay true: it ends within the tool's time, and whatever the tool throws is a result. */
import type { Clock } from "../core/clock.ts";
import { toClankerError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Tool, ToolContext, ToolResult } from "../core/tool.ts";

export interface RunToolDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** @param context without its signal: the tool gets one of its own, which aborts with `signal` and when its time is over. Never rejects. */
export async function runWithin(
  { tool, args, context }: { tool: Tool; args: unknown; context: Omit<ToolContext, "signal"> },
  { clock, log, metrics }: RunToolDeps,
  signal: AbortSignal,
): Promise<ToolResult> {
  const begun = clock.monotonic();
  const controller = new AbortController();
  let cancelTimer = () => {};
  let onAbort = () => {};
  try {
    const ended = new Promise<ToolResult>((resolve) => {
      const end = (text: string) => {
        controller.abort();
        resolve({ text, error: true });
      };
      onAbort = () => end("Cancelled.");
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      cancelTimer = clock.timer(tool.timeoutMs, () => end(`The tool did not finish within ${tool.timeoutMs / 1000} s and was stopped.`));
    });
    return await Promise.race([runSafely(tool, args, { ...context, signal: controller.signal }, log), ended]);
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", onAbort);
    metrics.observe("tool_seconds", (clock.monotonic() - begun) / 1000, { tool: tool.spec.name });
  }
}

async function runSafely(tool: Tool, args: unknown, context: ToolContext, log: Log): Promise<ToolResult> {
  try {
    return await tool.run(args, context);
  } catch (thrown) {
    const error = toClankerError(thrown);
    log.info("tool failed", { tool: tool.spec.name, code: error.code, error: error.message });
    return { text: error.hint === undefined ? error.message : `${error.message} (${error.hint})`, error: true };
  }
}

/**
 * Hall, step 3, tools. The only place that runs a tool: gate, then ledger, then tool, then ledger.
 * What must stay true: no effect without a durable `started` line before it (P4), one result for every call, every call ends within its time.
 */
import { toClankerError } from "../core/errors.ts";
import type { EntryContent, ToolCallPart } from "../core/entry.ts";
import type { Hub } from "../core/event.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Store, StartedTurn } from "../core/store.ts";
import type { Gate, Tool, ToolResult } from "../core/tool.ts";
import { joinLabels } from "../core/label.ts";
import type { Random } from "../core/random.ts";
import { wrapExternal } from "../security/wrap-external.ts";
import { estimateEntry } from "../agent/tokens.ts";

export type ToolEntry = Extract<EntryContent, { role: "tool" }>;

export interface CallToolDeps {
  readonly store: Store;
  readonly gate: Gate;
  readonly tools: readonly Tool[];
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly timeZone: string;
  /** Takes values of our own secrets out of a text: no tool may hand one to a model (sec-100). */
  readonly hideSecrets?: (text: string) => string;
}

/** Longest result text that reaches a model, UTF-16 units. */
const MAX_RESULT = 32_000;

/**
 * Answers one planned call of a started turn.
 * @throws StoreError `lease_lost`, nothing else.
 */
export async function callTool(call: ToolCallPart, started: StartedTurn, deps: CallToolDeps, signal: AbortSignal): Promise<ToolEntry> {
  const { turn, session } = started;
  const tool = deps.tools.find((one) => one.spec.name === call.name);
  const publish = (state: "started" | "finished" | "denied", error?: boolean) =>
    deps.hub.publish({
      event: "turn.tool",
      session: session.key,
      payload: { turn_id: turn.id, call_id: call.id, name: call.name, state, ...(error !== undefined && { error }) },
    });
  const refusal = refuse(call, tool, started, deps);
  publish(refusal === undefined ? "started" : "denied");
  const result = refusal ?? (await runTool(call, tool!, started, deps, signal));
  const entry = await finishCall(call, result, "finished", started, deps);
  publish("finished", result.error);
  deps.metrics.count("tool_calls", { tool: tool ? tool.spec.name : "unknown", outcome: refusal ? "refused" : result.error ? "error" : "ok" });
  return entry;
}

/** The result that stands for a call whose effect nobody knows after a crash. */
export function interruptCall(call: ToolCallPart, started: StartedTurn, deps: CallToolDeps): Promise<ToolEntry> {
  const text = "Interrupted by a restart, outcome unknown: it may or may not have happened. Do not repeat it without checking.";
  return finishCall(call, { text, error: true }, "interrupted", started, deps);
}

function refuse(call: ToolCallPart, tool: Tool | undefined, { turn }: StartedTurn, deps: CallToolDeps): ToolResult | undefined {
  if (call.invalid !== undefined) return { text: `The call was not run: ${call.invalid}`, error: true };
  if (tool === undefined) return { text: `There is no tool named ${call.name}.`, error: true };
  const decision = deps.gate.decide(turn.principal, turn.label, tool, call.args);
  return decision.kind === "allow" ? undefined : { text: `Not permitted: ${decision.reason}`, error: true };
}

async function runTool(call: ToolCallPart, tool: Tool, started: StartedTurn, deps: CallToolDeps, signal: AbortSignal): Promise<ToolResult> {
  const { turn, session, fence } = started;
  if (!tool.idempotent) await deps.store.startCall({ fence, callId: call.id, now: deps.clock.now() });
  const begun = deps.clock.monotonic();
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
      cancelTimer = deps.clock.timer(tool.timeoutMs, () => end(`The tool did not finish within ${tool.timeoutMs / 1000} s and was stopped.`));
    });
    const context = {
      principal: turn.principal,
      label: turn.label,
      agent: turn.agent,
      sessionId: session.id,
      turnId: turn.id,
      clock: deps.clock,
      timeZone: deps.timeZone,
      signal: controller.signal,
    };
    return await Promise.race([runSafely(tool, call, context, deps.log), ended]);
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", onAbort);
    deps.metrics.observe("tool_seconds", (deps.clock.monotonic() - begun) / 1000, { tool: tool.spec.name });
  }
}

async function runSafely(tool: Tool, call: ToolCallPart, context: Parameters<Tool["run"]>[1], log: Log): Promise<ToolResult> {
  try {
    return await tool.run(call.args, context);
  } catch (thrown) {
    const error = toClankerError(thrown);
    log.info("tool failed", { tool: tool.spec.name, code: error.code, error: error.message });
    return { text: error.hint === undefined ? error.message : `${error.message} (${error.hint})`, error: true };
  }
}

async function finishCall(
  call: ToolCallPart,
  result: ToolResult,
  status: "finished" | "interrupted",
  started: StartedTurn,
  deps: CallToolDeps,
): Promise<ToolEntry> {
  const { turn, fence } = started;
  const text = resultText(call.name, result, deps);
  const content: ToolEntry = { role: "tool", callId: call.id, name: call.name, text, error: result.error };
  const label = result.label ? joinLabels(turn.label, result.label) : turn.label;
  const now = deps.clock.now();
  const entry = { content, principal: turn.principal, label, tokens: estimateEntry(content), turnId: turn.id, at: now };
  await deps.store.finishCall({ fence, callId: call.id, status, entry, now });
  return content;
}

/** What the model reads: bounded, without our secrets, and between marks when strangers wrote it (sec-41). */
function resultText(tool: string, { text: raw, label }: ToolResult, { hideSecrets = (text) => text, random }: CallToolDeps): string {
  const clean = hideSecrets(raw);
  const text = clean.length > MAX_RESULT ? `${clean.slice(0, MAX_RESULT)}\n[cut: ${clean.length - MAX_RESULT} more characters]` : clean;
  return label?.integrity === "EXTERNAL" ? wrapExternal(text, { source: tool, label }, random) : text;
}

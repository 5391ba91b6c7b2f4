/**
 * Hall, step 3, tools. The only place that runs a tool: gate, then (if it asks) the owner, then ledger, then tool, then ledger.
 * What must stay true: no effect without a durable `started` line and its audit before it (P4, sec-114), one result for every call that is not waiting, every call ends
 * within its time, and what a result brings in lowers the turn's label before anything else is decided.
 */
import { toClankerError } from "../core/errors.ts";
import type { EntryContent, ToolCallPart } from "../core/entry.ts";
import type { Hub } from "../core/event.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { AuditEvent } from "../core/records.ts";
import type { Store, StartedTurn } from "../core/store.ts";
import { mayRepeat, type Decision, type Gate, type PlanFacts, type Tool, type ToolContext, type ToolResult } from "../core/tool.ts";
import { joinLabels } from "../core/label.ts";
import { canonicalJson } from "../lib/canonical-json/index.ts";
import { sha256Hex } from "../lib/digest/index.ts";
import type { Random } from "../core/random.ts";
import { wrapExternal } from "../security/wrap-external.ts";
import { estimateEntry } from "../agent/tokens.ts";
import type { Approvals, Asked } from "./approvals.ts";
import { runWithin } from "./run-tool.ts";
import type { SubAgents } from "./sub-agents.ts";
import type { TurnLabel } from "./turn-label.ts";

export type ToolEntry = Extract<EntryContent, { role: "tool" }>;

export interface CallToolDeps {
  readonly store: Store;
  readonly gate: Gate;
  /** Those that were advertised. */
  readonly tools: readonly Tool[];
  readonly approvals: Approvals;
  readonly subAgents: Pick<SubAgents, "handOver">;
  /** Label of the running turn. */
  readonly label: TurnLabel;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly timeZone: string;
  /** What was approved for the call that runs. */
  readonly facts?: PlanFacts;
  /** Told of each answer "no" of the owner's. */
  readonly onDenied?: () => void;
  /** Takes values of our own secrets out of a text: no tool may hand one to a model (sec-100). */
  readonly hideSecrets?: (text: string) => string;
}

/** Longest result text that reaches a model, UTF-16 units. */
const MAX_RESULT = 32_000;

type Verdict = Asked | { readonly kind: "forbidden"; readonly text: string; readonly rule?: string };

/**
 * Answers one planned call of a started turn; `waiting` when the owner has been asked and has not answered, or a sub-agent is at work.
 * @throws StoreError `lease_lost`, nothing else.
 */
export async function callTool(call: ToolCallPart, started: StartedTurn, deps: CallToolDeps, signal: AbortSignal): Promise<ToolEntry | "waiting"> {
  const { turn, session } = started;
  const tool = deps.tools.find((one) => one.spec.name === call.name);
  const publish = (state: "started" | "finished" | "denied", error?: boolean) =>
    deps.hub.publish({
      event: "turn.tool",
      session: session.key,
      payload: { turn_id: turn.id, call_id: call.id, name: call.name, state, ...(error !== undefined && { error }) },
    });
  const verdict = await judge(call, tool, started, deps, signal);
  if (verdict.kind === "wait") return "waiting";
  publish(verdict.kind === "run" ? "started" : "denied");
  const result = verdict.kind === "run" ? await runAllowed(call, tool!, verdict, started, deps, signal) : { text: verdict.text, error: true };
  if (result === "waiting") return "waiting";
  const event = verdict.kind === "run" ? finishedEvent(call, tool!, result, started) : deniedEvent(call, verdict, started);
  const entry = await finishCall({ call, result, status: "finished", event }, started, deps);
  publish("finished", result.error);
  const outcome = verdict.kind === "run" ? (result.error ? "error" : "ok") : "refused";
  deps.metrics.count("tool_calls", { tool: tool ? tool.spec.name : "unknown", outcome });
  return entry;
}

/** The result that stands for a call whose effect nobody knows after a crash. */
export function interruptCall(call: ToolCallPart, started: StartedTurn, deps: CallToolDeps): Promise<ToolEntry> {
  const text = "Interrupted by a restart, outcome unknown: it may or may not have happened. Do not repeat it without checking.";
  const event = eventOf("tool.interrupted", call, started, {});
  return finishCall({ call, result: { text, error: true }, status: "interrupted", event }, started, deps);
}

async function judge(call: ToolCallPart, tool: Tool | undefined, started: StartedTurn, deps: CallToolDeps, signal: AbortSignal): Promise<Verdict> {
  if (call.invalid !== undefined) return { kind: "forbidden", text: `The call was not run: ${call.invalid}` };
  if (tool === undefined) return { kind: "forbidden", text: `There is no tool named ${call.name}.`, rule: "not offered" };
  const { principal, agent } = started.turn;
  const decision: Decision = deps.gate.decide({ principal, agent, label: deps.label.current(), trustedLinks: deps.label.trustedLinks() }, tool, call.args);
  if (decision.kind === "allow") return { kind: "run" };
  if (decision.kind === "deny") return { kind: "forbidden", text: `Not permitted: ${decision.reason}`, rule: decision.reason };
  try {
    const asked = await deps.approvals.ask(call, tool, decision, contextOf(started, deps, signal), started);
    if (asked.kind === "refused" && asked.denied) deps.onDenied?.();
    return asked;
  } catch (thrown) {
    const error = toClankerError(thrown);
    if (error.name === "StoreError") throw thrown;
    return { kind: "forbidden", text: `It could not be prepared: ${error.message}` };
  }
}

async function runAllowed(...given: Parameters<typeof runAudited>): Promise<ToolResult | "waiting"> {
  const [call, tool, go, started, deps] = given;
  if (tool.delegate === undefined) return await runAudited(...given);
  if (go.approval) await startCall(call, tool, go, started, deps);
  return await deps.subAgents.handOver(call, tool.delegate(call.args), started, deps);
}

/** The intent stands in the ledger and in the audit before anything happens. */
async function runAudited(
  call: ToolCallPart,
  tool: Tool,
  go: Extract<Asked, { kind: "run" }>,
  started: StartedTurn,
  deps: CallToolDeps,
  signal: AbortSignal,
): Promise<ToolResult> {
  if (!mayRepeat(tool, call.args) || tool.effects.length > 0 || go.approval) await startCall(call, tool, go, started, deps);
  return await runTool(call, tool, started, go.facts ? { ...deps, facts: go.facts } : deps, signal);
}

export async function startCall(
  call: ToolCallPart,
  tool: Tool,
  { approval, grant }: Extract<Asked, { kind: "run" }>,
  started: StartedTurn,
  deps: CallToolDeps,
): Promise<void> {
  const why = { ...(approval && { approval: approval.id }), ...(grant !== undefined && { grant }) };
  const audit = tool.effects.length > 0 ? eventOf("tool.started", call, started, { effects: tool.effects, ...why }) : undefined;
  await deps.store.startCall({ fence: started.fence, callId: call.id, now: deps.clock.now(), ...(approval && { approval }), ...(audit && { audit }) });
}

export function runTool(call: ToolCallPart, tool: Tool, started: StartedTurn, deps: CallToolDeps, signal: AbortSignal): Promise<ToolResult> {
  const { signal: _, ...context } = contextOf(started, deps, signal);
  return runWithin({ tool, args: call.args, context }, deps, signal);
}

function contextOf({ turn, session }: StartedTurn, deps: CallToolDeps, signal: AbortSignal): ToolContext {
  return {
    principal: turn.principal,
    label: deps.label.current(),
    trustedLinks: deps.label.trustedLinks(),
    agent: turn.agent,
    sessionId: session.id,
    turnId: turn.id,
    clock: deps.clock,
    timeZone: deps.timeZone,
    signal,
    ...(deps.facts && { facts: deps.facts }),
  };
}

interface Finished {
  readonly call: ToolCallPart;
  readonly result: ToolResult;
  readonly status: "finished" | "interrupted";
  readonly event?: AuditEvent | undefined;
}

async function finishCall({ call, result, status, event }: Finished, started: StartedTurn, deps: CallToolDeps): Promise<ToolEntry> {
  const { turn, fence } = started;
  const content: ToolEntry = { role: "tool", callId: call.id, name: call.name, text: resultText(call.name, result, deps), error: result.error };
  const label = result.label ? joinLabels(deps.label.current(), result.label) : deps.label.current();
  deps.label.add(label);
  const now = deps.clock.now();
  const entry = { content, principal: turn.principal, label, tokens: estimateEntry(content), turnId: turn.id, at: now };
  await deps.store.finishCall({ fence, callId: call.id, status, entry, now, ...(event && { audit: event }) });
  return content;
}

/** Tools without effects leave no line: nothing happened. */
export function finishedEvent(call: ToolCallPart, tool: Tool, result: ToolResult, started: StartedTurn): AuditEvent | undefined {
  if (tool.effects.length === 0) return undefined;
  return eventOf("tool.finished", call, started, { error: result.error, result: sha256Hex(result.text) });
}

function deniedEvent(call: ToolCallPart, verdict: Exclude<Verdict, { kind: "run" | "wait" }>, started: StartedTurn): AuditEvent | undefined {
  if (verdict.kind === "refused") return eventOf("tool.denied", call, started, { rule: verdict.denied ? "denied by the owner" : "not approved" });
  return verdict.rule === undefined ? undefined : eventOf("tool.denied", call, started, { rule: verdict.rule });
}

function eventOf(kind: string, call: ToolCallPart, { turn, session }: StartedTurn, data: Record<string, unknown>): AuditEvent {
  // The name is the model's word: an unknown one may hold anything.
  const tool = call.name.slice(0, 64);
  return {
    kind,
    actor: turn.principal.person,
    session: session.id,
    turn: turn.id,
    data: { call: call.id, tool, args: sha256Hex(canonicalJson(call.args)), ...data },
  };
}

/** What the model reads: bounded, without our secrets, and between marks when strangers wrote it (sec-41). */
export function resultText(tool: string, { text: raw, label }: ToolResult, { hideSecrets, random }: Pick<CallToolDeps, "hideSecrets" | "random">): string {
  const text = clipResult(raw, hideSecrets);
  return label?.integrity === "EXTERNAL" ? wrapExternal(text, { source: tool, label }, random) : text;
}

/** A result's text within its bound, without our secrets. */
export function clipResult(raw: string, hideSecrets: (text: string) => string = (text) => text): string {
  const clean = hideSecrets(raw);
  return clean.length > MAX_RESULT ? `${clean.slice(0, MAX_RESULT)}\n[cut: ${clean.length - MAX_RESULT} more characters]` : clean;
}

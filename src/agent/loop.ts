/**
 * Step 3 of the hall's way, the thinking part: asks the model, has its calls run, and repeats until there is an answer. Pure but for the functions it is handed; it
 * runs no tool and writes nothing itself.
 * What must stay true: every call of a committed step gets exactly one result before the next model call; a failure is a value, not an exception (but lease_lost).
 */
import type { AssistantPart, StopReason, ToolCallPart } from "../core/entry.ts";
import { ClankerError, ModelError, StoreError, toClankerError } from "../core/errors.ts";
import { noUsage, type ModelEntry, type ModelRequest, type ToolSpec, type Usage } from "../core/model.ts";
import type { ChainEvent } from "./model-chain.ts";
import { countCalls, planCalls, recheck, type CallCount, type Plan } from "./plan-calls.ts";
import { Aborted, race } from "./race.ts";
import { runCalls } from "./run-calls.ts";
import type { AgentDeps, AgentRequest, AgentResult } from "./run-contract.ts";
import { breakerError, spentTokens, stepLimit, timeoutError, tokenLimit } from "./run-limits.ts";
import { findTurnStart, shrinkEntries } from "./shrink.ts";
import { estimateEntry, estimateTokens, estimateTools } from "./tokens.ts";

/** How often a prompt that is too long is made shorter in one run (fault-39). */
const MAX_RECOVERIES = 3;

/** What a run knows while it goes. */
interface Run {
  readonly request: AgentRequest;
  readonly deps: AgentDeps;
  /** Aborts with the caller's signal and at the end of the running time. */
  readonly signal: AbortSignal;
  readonly specs: readonly ToolSpec[];
  /** Estimated tokens of system prompt and tools. */
  readonly fixedTokens: number;
  readonly callerTools: ReadonlySet<string>;
  readonly count: CallCount;
  entries: ModelEntry[];
  /** Index of the running turn's first entry. */
  turnStart: number;
  steps: number;
  /** Tokens that the turn has spent. */
  spent: number;
  recoveries: number;
  /** What the running step has written so far, and by which model. */
  text: string;
  model: string | undefined;
}

interface Step {
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason;
  readonly usage: Usage;
  readonly model: string;
  readonly estimate: number;
}

/**
 * Runs a turn to its answer, its failure or its cancellation. Ends within a second after `signal` aborts, whatever models and tools do.
 * @throws StoreError from `deps`, nothing else.
 */
export async function runAgent(request: AgentRequest, deps: AgentDeps, signal: AbortSignal): Promise<AgentResult> {
  const controller = new AbortController();
  let timedOut = false;
  const cancelTimer = deps.clock.timer(request.timeoutMs, () => {
    timedOut = true;
    controller.abort();
  });
  const follow = () => controller.abort();
  signal.addEventListener("abort", follow, { once: true });
  if (signal.aborted) follow();
  const run = createRun(request, deps, controller.signal);
  try {
    return await go(run);
  } catch (thrown) {
    // The store is the caller's: what is not on record must not be ended as if it were.
    if (thrown instanceof StoreError) throw thrown;
    if (controller.signal.aborted) return timedOut && !signal.aborted ? failed(run, timeoutError(request.timeoutMs)) : cancelled(run);
    if (thrown instanceof ModelError && thrown.failure === "away") return { kind: "away", error: thrown, text: run.text };
    return failed(run, toClankerError(thrown));
  } finally {
    cancelTimer();
    signal.removeEventListener("abort", follow);
  }
}

function createRun(request: AgentRequest, deps: AgentDeps, signal: AbortSignal): Run {
  // A resumed step's open calls run now: a result that the context made up for them has to go.
  const open = new Set(request.pendingCalls.map((call) => call.id));
  const entries = request.entries.filter(({ content }) => content.role !== "tool" || !open.has(content.callId));
  const specs = [...request.tools.map((tool) => tool.spec), ...(request.extraTools ?? [])];
  return {
    request,
    deps,
    signal,
    specs,
    fixedTokens: request.fixedTokens ?? estimateTokens(request.system) + estimateTools(specs),
    callerTools: new Set(request.extraTools?.map((tool) => tool.name)),
    count: countCalls(entries, request.stepsDone),
    entries,
    turnStart: findTurnStart(entries, request.stepsDone),
    steps: request.stepsDone,
    spent: spentTokens(request.usageDone),
    recoveries: 0,
    text: "",
    model: undefined,
  };
}

async function go(run: Run): Promise<AgentResult> {
  const { request, deps } = run;
  if (request.pendingCalls.length > 0) {
    const halt = await answerCalls(
      run,
      request.pendingCalls.map((call) => recheck(call, request.tools)),
    );
    if (halt !== undefined) return halt;
    run.entries.push(...(await deps.takeSteering()));
  }
  for (;;) {
    if (run.signal.aborted) throw new Aborted();
    if (run.steps >= request.maxSteps) return failed(run, stepLimit(request.maxSteps));
    if (request.maxTurnTokens > 0 && run.spent >= request.maxTurnTokens) return failed(run, tokenLimit(request.maxTurnTokens));
    const refusal = await deps.refusal?.();
    if (refusal !== undefined) return failed(run, refusal);
    const step = await askModel(run);
    run.spent += spentTokens(step.usage);
    const result = await handleStep(run, step);
    if (result !== undefined) return result;
  }
}

/** One model call. @throws ModelError, Aborted */
async function askModel(run: Run): Promise<Step> {
  run.steps += 1;
  keepWithin(run);
  run.deps.emit({ type: "step", step: run.steps });
  for (;;) {
    try {
      return await streamStep(run);
    } catch (thrown) {
      if (!(thrown instanceof ModelError) || thrown.failure !== "too_long" || run.signal.aborted) throw thrown;
      recover(run, thrown);
    }
  }
}

/** A turn that has read much may have outgrown the model meanwhile. Estimates may be wrong: what cannot be made shorter is sent all the same. */
function keepWithin(run: Run): void {
  const { maxPromptTokens = Infinity } = run.request;
  while (promptTokens(run) > maxPromptTokens) {
    const before = promptTokens(run);
    const smaller = shrinkEntries(run.entries, run.turnStart);
    if (smaller === undefined) return;
    run.entries = smaller.entries;
    run.turnStart = smaller.turnStart;
    if (promptTokens(run) >= before) return;
  }
}

function promptTokens(run: Run): number {
  return run.entries.reduce((sum, entry) => sum + (entry.tokens ?? estimateEntry(entry.content)), run.fixedTokens);
}

/** Makes the prompt shorter. @throws ClankerError `prompt_too_long` when that is not possible or was done often enough. */
function recover(run: Run, error: ModelError): void {
  const smaller = run.recoveries < MAX_RECOVERIES ? shrinkEntries(run.entries, run.turnStart) : undefined;
  if (smaller === undefined) {
    throw new ClankerError("prompt_too_long", `the prompt does not fit the model: ${error.message}`, {
      cause: error,
      hint: "send a shorter message or start anew with /new",
    });
  }
  run.recoveries += 1;
  run.entries = smaller.entries;
  run.turnStart = smaller.turnStart;
}

async function streamStep(run: Run): Promise<Step> {
  const { request, deps } = run;
  run.text = "";
  run.model = undefined;
  const { maxTokens, thinking, cacheKey, system, toolChoice, temperature, stop } = request;
  const options = { ...(toolChoice !== undefined && { toolChoice }), ...(temperature !== undefined && { temperature }), ...(stop !== undefined && { stop }) };
  const modelRequest: ModelRequest = { system, entries: [...run.entries], tools: run.specs, maxTokens, thinking, cacheKey, ...options };
  const estimate = promptTokens(run);
  const events = deps.chain.stream(modelRequest, run.signal)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await race(events.next(), run.signal);
      if (next.done === true) throw new ModelError("model_stream_cut", "the stream ended before the answer was complete", "away");
      const event = next.value;
      if (event.type === "end") return { ...event, estimate };
      run.model = event.model;
      show(run, event);
    }
  } finally {
    // Not awaited: a stream that hangs must not hold the turn.
    void events.return?.(undefined).catch(() => undefined);
  }
}

function show(run: Run, event: Exclude<ChainEvent, { type: "end" }>): void {
  if (event.type === "text") run.text += event.text;
  if (event.type === "restart") {
    run.text = "";
    run.deps.emit({ type: "restart", model: event.model });
  } else if (event.type !== "call-delta") run.deps.emit({ type: event.type, text: event.text });
}

/** @returns the result when the run is over. */
async function handleStep(run: Run, step: Step): Promise<AgentResult | undefined> {
  const { request, deps } = run;
  // A refusal is final: what it still wanted to call is not run.
  const parts = step.stop === "refusal" ? step.parts.filter((part) => part.type !== "call") : step.parts;
  if (!parts.some((part) => part.type === "call")) {
    // Messages that came in meanwhile become a turn of their own at its commit: looking for them here would cost every turn a commit.
    return { kind: "answer", parts, stop: step.stop === "calls" ? "end" : step.stop, usage: step.usage, model: step.model, estimate: step.estimate };
  }
  const plan = planCalls({
    parts,
    stop: step.stop,
    tools: request.tools,
    callerTools: run.callerTools,
    count: run.count,
    clock: deps.clock,
    random: deps.random,
  });
  const { usage, model } = step;
  if (plan.own.length === 0) return { kind: "calls", parts: plan.parts, calls: plan.callers, usage, model };
  await commitOwn(run, step, plan);
  const halt = await answerCalls(run, plan.own);
  if (halt !== undefined) return halt;
  if (plan.breaker !== undefined) return failed(run, breakerError(plan.breaker));
  if (plan.callers.length > 0) return { kind: "calls", parts: plan.callers, calls: plan.callers, usage: noUsage, model };
  run.entries.push(...(await deps.takeSteering()));
  return undefined;
}

async function commitOwn(run: Run, step: Step, plan: Plan): Promise<void> {
  const callers = new Set<AssistantPart>(plan.callers);
  const parts = plan.parts.filter((part) => !callers.has(part));
  await run.deps.commitStep({ parts, stop: "calls", usage: step.usage, model: step.model, calls: plan.own, estimate: step.estimate });
  const content = { role: "assistant" as const, parts, model: step.model, stop: "calls" as const };
  run.entries.push({ content, tokens: estimateEntry(content) });
  // The text is on record now: what comes after is no part of it.
  run.text = "";
}

/** @returns why the run ends here, if it does. */
async function answerCalls(run: Run, calls: readonly ToolCallPart[]): Promise<AgentResult | undefined> {
  const { request, deps } = run;
  const parallel = calls.every((call) => call.invalid !== undefined || request.tools.find((tool) => tool.spec.name === call.name)?.parallel === true);
  const results = await runCalls({
    calls,
    parallel,
    clock: deps.clock,
    signal: run.signal,
    callTool: (call, signal) => deps.callTool(call, signal),
    onStart: (call) => deps.emit({ type: "call", call }),
    onResult: (result) => deps.emit({ type: "result", callId: result.callId, error: result.error }),
  });
  if (results === undefined) return { kind: "waiting" };
  run.entries.push(...results.map((content) => ({ content, tokens: estimateEntry(content) })));
  const reason = run.deps.stopReason?.();
  return reason && failed(run, reason);
}

function cancelled(run: Run): AgentResult {
  return { kind: "cancelled", text: run.text, usage: noUsage, ...(run.model !== undefined && { model: run.model }) };
}

function failed(run: Run, error: ClankerError): AgentResult {
  return { kind: "failed", error, text: run.text, usage: noUsage };
}

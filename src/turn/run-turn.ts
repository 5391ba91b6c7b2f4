/**
 * Hall, step 3: run-turn. Takes a turn whose lane is held from its first (or next) step to its last commit.
 * What must stay true: what is committed is never done again, what is not committed is never shown as done; every way out either commits the turn, postpones it, or leaves it to
 * the next holder of the lease; nothing is thrown out of here.
 */
import { renderEntry } from "../agent/context.ts";
import { runAgent } from "../agent/loop.ts";
import { createModelChain } from "../agent/model-chain.ts";
import { COMPACT_ABOVE } from "../agent/plan-compaction.ts";
import { systemPrompt } from "../agent/prompts.ts";
import { createTimeText } from "../agent/user-text.ts";
import type { Address } from "../core/address.ts";
import type { ToolCallPart } from "../core/entry.ts";
import { ClankerError, StoreError, toClankerError } from "../core/errors.ts";
import type { Turn } from "../core/records.ts";
import type { StartedTurn } from "../core/store.ts";
import { mayRepeat, toolsAt, type Tool } from "../core/tool.ts";
import { namedTools, type AgentSettings } from "./agent-settings.ts";
import { callTool, type CallToolDeps } from "./call-tool.ts";
import { endTurn, type EndDeps } from "./end-turn.ts";
import type { RunningTurn } from "./lanes.ts";
import { LiveAnswer } from "./live-answer.ts";
import { reviveTurn } from "./revive-turn.ts";
import type { RunTurnDeps } from "./run-turn-deps.ts";
import { toolsOf } from "./sub-agents.ts";
import { tellSubAgents } from "./tell-sub-agents.ts";
import { tellApprovals } from "./tell-approvals.ts";
import { loadContext, namesMessages } from "./turn-context.ts";
import { createTurnLabel, type TurnLabel } from "./turn-label.ts";

/** First try and three retries (P6). */
const MAX_ATTEMPTS = 4;
const MAX_DENIALS = 3;

type OwnDeps = RunTurnDeps & { readonly label: TurnLabel };

/** Runs a turn to its end. @returns the lane's next turn, already started, if the last commit claimed one. Never rejects. */
export async function runTurn(running: RunningTurn, deps: RunTurnDeps): Promise<StartedTurn | undefined> {
  const log = deps.log.child({ turn: running.turn.id, session: running.session.key });
  const begun = deps.clock.monotonic();
  deps.hub.publish({ event: "turn.started", session: running.session.key, payload: { turn_id: running.turn.id } });
  const label = createTurnLabel(running.turn.label);
  const live = new LiveAnswer(running, { ...deps, label });
  const own = { ...deps, log, label };
  try {
    return await attempt(running, live, own);
  } catch (thrown) {
    if (isLeaseLost(thrown)) {
      log.warn("the lane moved to another owner; this run ends without a trace");
      return undefined;
    }
    return await endAfterError(running, live, thrown, own);
  } finally {
    live.close();
    deps.metrics.observe("turn_seconds", (deps.clock.monotonic() - begun) / 1000);
  }
}

async function attempt(running: RunningTurn, live: LiveAnswer, deps: OwnDeps): Promise<StartedTurn | undefined> {
  const { turn } = running;
  const { label } = deps;
  if (turn.attempts > MAX_ATTEMPTS) {
    const error = {
      code: "turn_poisoned",
      message: `it was tried ${turn.attempts - 1} times and never finished`,
      hint: "Say it differently, or /new for a new conversation.",
    };
    return await endTurn({ kind: "dead", error }, running, live, deps);
  }
  const agent = deps.agent(turn.agent);
  const known = toolsOf(turn, namedTools(toolsAt(deps.tools, originOf(turn)), agent), deps.subAgents);
  const before: CallToolDeps = { ...deps, tools: known, label };
  const pendingCalls = running.resumed ? await reviveTurn(running, live, before) : [];
  const denials = await countDenials(running, pendingCalls, deps);
  if (running.resumed) {
    await tellApprovals(running, before, running.stop);
    await tellSubAgents(running, before);
  }
  const models = modelIds(running, agent).map((id) => deps.model(id));
  const place = deps.places(turn.address.channel, turn.address.account);
  const prompt = (names: readonly Tool[]) =>
    systemPrompt({
      agentName: agent.name,
      own: agent.systemPrompt,
      toolNames: names.map((tool) => tool.spec.name),
      ...(place?.systemPrompt !== undefined && { channelPrompt: place.systemPrompt }),
      ...(turn.options.system !== undefined && { callerSystem: turn.options.system }),
    });
  const context = await loadContext(running, { agent, model: models[0]!, system: prompt(known), tools: known }, deps);
  const tools = deps.gate.advertised({ principal: turn.principal, agent: turn.agent, label: label.current() }, known);
  const ledger: CallToolDeps = { ...before, tools, onDenied: denials.add };
  live.begin();
  const time = createTimeText(deps.timeZone);
  const result = await runAgent(
    {
      system: prompt(tools),
      entries: context.entries,
      pendingCalls,
      tools,
      maxTokens: agent.maxTokens,
      maxSteps: Math.min(agent.maxSteps, turn.options.task?.maxSteps ?? agent.maxSteps),
      stepsDone: turn.steps,
      maxTurnTokens: lesserLimit(agent.maxTurnTokens, turn.options.maxTurnTokens ?? 0),
      fixedTokens: context.fixedTokens,
      maxPromptTokens: context.promptTokens,
      usageDone: turn.usage,
      timeoutMs: agent.timeoutMs,
      thinking: turn.options.thinking ?? running.session.settings.thinking ?? agent.thinking,
      cacheKey: running.session.id,
    },
    {
      clock: deps.clock,
      random: deps.random,
      chain: createModelChain(models, { clock: deps.clock, random: deps.random, cooldowns: deps.cooldowns }),
      callTool: (call, signal) => callTool(call, running, ledger, signal),
      stopReason: denials.reason,
      refusal: () => deps.spending.refusal(turn.options.task?.root ?? running.session.id),
      commitStep: (step) => commitStep(step, running, live, { ...deps, label }),
      // Only `immediate` lets messages join a running turn; in the other modes a look would be a commit for nothing.
      takeSteering: async () => {
        if (place?.queueMode !== "immediate") return [];
        const entries = await deps.store.takeSteering({ fence: running.fence, turnId: turn.id, now: deps.clock.now() });
        for (const entry of entries) label.read(entry);
        return entries.map((entry) => renderEntry(entry, time, namesMessages(known)));
      },
      emit: (event) => live.on(event),
    },
    running.stop,
  );
  if (result.kind === "answer") deps.counts.learn(result.model, result.estimate, result.usage);
  const next = await endTurn({ kind: "result", result, contextStart: context.start, outageMs: agent.outageMs }, running, live, deps);
  if (context.used > context.room * COMPACT_ABOVE) deps.compaction.begin(running.session.id, { room: context.room });
  return next;
}

/** Where a person has begun it; nobody has where a job or another turn did. */
function originOf({ options, principal }: Turn): Address | undefined {
  return options.task === undefined && options.job === undefined ? principal.where : undefined;
}

/** 0 = no limit. */
function lesserLimit(a: number, b: number): number {
  return a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b);
}

/** The models of this turn in order; one that was asked for by name has no fallback but the agent's. */
function modelIds({ turn, session }: StartedTurn, agent: AgentSettings): string[] {
  const chosen = turn.options.model ?? session.settings.model;
  return [...new Set(chosen === undefined ? agent.models : [chosen, ...agent.models])];
}

/** The owner's third "no" in a turn ends it (sec-59). Those that the pending calls will hear of are counted then. */
async function countDenials({ turn, resumed }: StartedTurn, pending: readonly ToolCallPart[], { store }: RunTurnDeps) {
  const denied = resumed ? await store.listApprovals({ turnId: turn.id, statuses: ["denied"], limit: 250 }) : [];
  let count = denied.filter(({ callId }) => !pending.some((call) => call.id === callId)).length;
  return {
    add: () => void (count += 1),
    reason: () =>
      count >= MAX_DENIALS ? new ClankerError("denied_often", `the owner said no ${count} times`, { hint: "Ask for something else." }) : undefined,
  };
}

type Step = Parameters<Parameters<typeof runAgent>[1]["commitStep"]>[0];

async function commitStep(step: Step, running: StartedTurn, live: LiveAnswer, deps: RunTurnDeps & { label: TurnLabel }): Promise<void> {
  const { turn, session, fence } = running;
  const now = deps.clock.now();
  const calls = step.calls.map((call) => {
    const tool = deps.tools.find(({ spec }) => spec.name === call.name);
    return { ...call, idempotent: tool === undefined || mayRepeat(tool, call.args) };
  });
  const content = { role: "assistant" as const, parts: deps.label.said(step.parts), model: step.model, stop: step.stop };
  const entry = { content, principal: turn.principal, label: deps.label.current(), tokens: live.tokens(content), turnId: turn.id, at: now };
  const committed = await deps.store.commitStep({ fence, turnId: turn.id, entry, calls, usage: step.usage, model: step.model, estimate: step.estimate, now });
  deps.counts.learn(step.model, step.estimate, step.usage);
  live.stepDone(step.usage);
  deps.hub.publish({ event: "turn.step", session: session.key, payload: { turn_id: turn.id, step: committed.step, entry: committed.number } });
}

/** An error of our own handling: try again later, a few times (P6); then it is a dead letter with a notice. */
async function endAfterError(running: RunningTurn, live: LiveAnswer, thrown: unknown, deps: OwnDeps & EndDeps): Promise<StartedTurn | undefined> {
  const error = toClankerError(thrown);
  deps.log.error("turn failed in our own handling", { code: error.code, error: error.message, stack: error.stack, attempt: running.turn.attempts });
  try {
    if (running.stop.aborted) return await endTurn({ kind: "stopped" }, running, live, deps);
    return await endTurn({ kind: "error", error }, running, live, deps);
  } catch (again) {
    // The store itself refuses: the lease runs out and the sweep finds the turn.
    deps.log.error("the failed turn could not be recorded", { error: String(again) });
    return undefined;
  }
}

function isLeaseLost(thrown: unknown): boolean {
  return thrown instanceof StoreError && thrown.code === "lease_lost";
}

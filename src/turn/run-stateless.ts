/**
 * A turn without a session: the request's messages are the whole context, nothing is stored, closing the connection cancels it (contract.md, The OpenAI-compatible door).
 * What must stay true: tools pass the same gate as in the hall; an ask is a denial with its reason, because nobody can answer it later.
 */
import { runAgent } from "../agent/loop.ts";
import type { AgentResult } from "../agent/run-contract.ts";
import { createModelChain, type Cooldowns } from "../agent/model-chain.ts";
import { systemPrompt } from "../agent/prompts.ts";
import type { AssistantPart, StopReason, ToolCallPart } from "../core/entry.ts";
import { ClankerError, RequestError, toClankerError } from "../core/errors.ts";
import { addUsage, noUsage, type Model, type ModelEntry, type ModelRequest, type ToolSpec, type Usage } from "../core/model.ts";
import { labelOf, type Principal } from "../core/principal.ts";
import { newId, type Random } from "../core/random.ts";
import type { Store } from "../core/store.ts";
import type { Gate, Tool } from "../core/tool.ts";
import type { Thinking } from "../core/update.ts";
import { runAudited } from "./call-outside.ts";
import { resultText, type ToolEntry } from "./call-tool.ts";
import { outsideTools, type AgentSettings } from "./agent-settings.ts";
import type { Spending } from "./spending.ts";
import { createLiveText } from "./live-text.ts";
import type { RunToolDeps } from "./run-tool.ts";
import { createTurnLabel, type TurnLabel } from "./turn-label.ts";

export interface StatelessRequest {
  readonly agent: string;
  /** `provider:model`; default: the agent's own. */
  readonly model?: string;
  /** Below the agent's own system prompt. */
  readonly system?: string;
  readonly entries: readonly ModelEntry[];
  readonly tools?: readonly ToolSpec[];
  readonly toolChoice?: ModelRequest["toolChoice"];
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly stop?: readonly string[];
  readonly thinking?: Thinking;
}

export interface StatelessAnswer {
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason;
  readonly usage: Usage;
  readonly model: string;
}

export interface StatelessDeps extends RunToolDeps {
  /** Nothing of the request is kept but what its tools did. */
  readonly store: Pick<Store, "appendAudit" | "spend">;
  readonly hideSecrets?: (text: string) => string;
  readonly random: Random;
  readonly gate: Gate;
  readonly tools: readonly Tool[];
  readonly cooldowns: Cooldowns;
  readonly agent: (name: string) => AgentSettings;
  readonly model: (id: string) => Model;
  readonly timeZone: string;
  readonly spending: Pick<Spending, "refusal">;
}

/** @throws ClankerError; RequestError `tool_name_clash` when a tool of the caller is named like one of the agent's. */
export async function runStateless(
  request: StatelessRequest,
  deps: StatelessDeps,
  watch: { onEvent: (event: { type: "text" | "thinking"; text: string }) => void; signal: AbortSignal },
): Promise<StatelessAnswer> {
  const agent = deps.agent(request.agent);
  const principal: Principal = { person: "owner", class: "owner", where: { channel: "web", account: "api", conversation: "stateless" }, direct: true };
  const label = createTurnLabel(labelOf(principal));
  for (const { content } of request.entries) label.read({ content, label: label.current() });
  const live = createLiveText(label);
  const show = (text: string) => {
    if (text !== "") watch.onEvent({ type: "text", text });
  };
  const off = request.toolChoice === "none";
  const tools = off ? [] : deps.gate.advertised({ principal, label: label.current(), agent: agent.name }, outsideTools(deps.tools, agent));
  refuseClash(request.tools ?? [], tools);
  const models = (request.model === undefined ? agent.models : [request.model]).map((id) => deps.model(id));
  const id = newId(deps.clock, deps.random);
  const said: AssistantPart[] = [];
  let usage = noUsage;
  // Nothing is kept of the request, but what it has cost counts like everything else.
  const spend = (step: { model: string; usage: Usage; estimate?: number }) =>
    deps.store.spend({ turnId: id, model: step.model, usage: step.usage, estimate: step.estimate ?? 0, now: deps.clock.now() });
  const result = await runAgent(
    {
      system: systemPrompt({ agentName: agent.name, own: agent.systemPrompt, toolNames: tools.map((tool) => tool.spec.name), callerSystem: request.system }),
      entries: request.entries,
      pendingCalls: [],
      tools,
      maxTokens: Math.min(request.maxTokens ?? agent.maxTokens, agent.maxTokens),
      maxSteps: agent.maxSteps,
      stepsDone: 0,
      maxTurnTokens: agent.maxTurnTokens,
      usageDone: noUsage,
      timeoutMs: agent.timeoutMs,
      thinking: request.thinking ?? agent.thinking,
      cacheKey: id,
      toolChoice: request.toolChoice,
      extraTools: off ? [] : request.tools,
      temperature: request.temperature,
      stop: request.stop,
    },
    {
      clock: deps.clock,
      random: deps.random,
      chain: createModelChain(models, { clock: deps.clock, random: deps.random, cooldowns: deps.cooldowns }),
      callTool: (call, signal) => answerCall(call, tools, { principal, label, agent: agent.name, id, signal }, deps),
      commitStep: async (step) => {
        show(live.end());
        said.push(...label.said(step.parts).filter((part) => part.type === "text" || part.type === "thinking"));
        usage = addUsage(usage, step.usage);
        await spend(step);
      },
      refusal: () => deps.spending.refusal(id),
      takeSteering: async () => [],
      emit: (event) => {
        if (event.type === "text") show(live.add(event.text));
        else if (event.type === "restart") live.restart();
        else if (event.type === "thinking") watch.onEvent(event);
      },
    },
    watch.signal,
  );
  show(live.end());
  if (result.kind === "answer" || result.kind === "calls") await spend(result);
  return finish(result, { said, usage, label });
}

function finish(result: AgentResult, { said, usage, label }: { said: readonly AssistantPart[]; usage: Usage; label: TurnLabel }): StatelessAnswer {
  if (result.kind === "answer")
    return { parts: [...said, ...label.said(result.parts)], stop: result.stop, usage: addUsage(usage, result.usage), model: result.model };
  if (result.kind === "calls") {
    const parts = [...said, ...label.said(result.parts).filter((part) => part.type !== "call"), ...result.calls];
    return { parts, stop: "calls", usage: addUsage(usage, result.usage), model: result.model };
  }
  if (result.kind === "waiting") throw toClankerError(new Error("a request without a session waits for nobody"));
  if (result.kind === "cancelled") throw new ClankerError("cancelled", "the request was cancelled");
  throw result.error;
}

async function answerCall(
  call: ToolCallPart,
  tools: readonly Tool[],
  context: { principal: Principal; label: TurnLabel; agent: string; id: string; signal: AbortSignal },
  deps: StatelessDeps,
): Promise<ToolEntry> {
  const { principal, label, agent, id, signal } = context;
  const entry = (text: string, error: boolean): ToolEntry => ({ role: "tool", callId: call.id, name: call.name, text, error });
  const tool = tools.find((one) => one.spec.name === call.name);
  if (call.invalid !== undefined) return entry(call.invalid, true);
  if (!tool) return entry(`There is no tool named ${call.name}.`, true);
  const known = { label: label.current(), trustedLinks: label.trustedLinks() };
  const decision = deps.gate.decide({ principal, agent, ...known }, tool, call.args);
  if (decision.kind !== "allow") return entry(`Not permitted: ${decision.reason}`, true);
  try {
    const result = await runAudited(tool, call.args, { agent, principal, ...known, sessionId: id, turnId: id, signal }, deps);
    if (result.label) label.add(result.label);
    return entry(resultText(call.name, result, deps), result.error);
  } catch (thrown) {
    return entry(toClankerError(thrown).message, true);
  }
}

function refuseClash(theirs: readonly ToolSpec[], ours: readonly Tool[]): void {
  const clash = theirs.find((spec) => ours.some((tool) => tool.spec.name === spec.name));
  if (!clash) return;
  throw new RequestError("tool_name_clash", `tools: the assistant has a tool named ${clash.name} of its own`, {
    hint: `rename your tool, or deny ours with agents.tools.deny = ["${clash.name}"]`,
  });
}

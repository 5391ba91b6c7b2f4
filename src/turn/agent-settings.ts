import { toolsAt, type Tool } from "../core/tool.ts";
import type { Thinking } from "../core/update.ts";

/** An agent as the owner set it up. */
export interface AgentSettings {
  readonly name: string;
  /** `provider:model`, the first one and its fallbacks. */
  readonly models: readonly string[];
  /** `provider:model` that writes summaries; default: the agent's own. */
  readonly summaryModel?: string;
  readonly systemPrompt: string;
  readonly maxTokens: number;
  readonly maxSteps: number;
  /** Of one turn; 0 = no limit. */
  readonly maxTurnTokens: number;
  readonly timeoutMs: number;
  /** How long a turn waits for models that are away. */
  readonly outageMs: number;
  readonly thinking: Thinking;
  /** 0 = what the model has. */
  readonly maxContextTokens: number;
  /** How long a question to the owner waits for its answer. */
  readonly approvalMs: number;
  readonly tools: { readonly allow: readonly string[]; readonly deny: readonly string[]; readonly ask: readonly string[] };
}

/** The tools that the owner's config names for this agent. */
export function namedTools(tools: readonly Tool[], { tools: { allow, deny } }: AgentSettings): Tool[] {
  const named = (list: readonly string[], name: string) => list.includes("*") || list.includes(name);
  return tools.filter(({ spec }) => named(allow, spec.name) && !named(deny, spec.name));
}

/** Without those that hand a task to another turn or belong to a place of a channel: they work in turns alone. */
export function outsideTools(tools: readonly Tool[], agent: AgentSettings): Tool[] {
  return namedTools(toolsAt(tools, undefined), agent).filter((tool) => tool.delegate === undefined);
}

import type { Address } from "./address.ts";
import type { Clock } from "./clock.ts";
import type { Confidentiality, Integrity, Label } from "./label.ts";
import type { ToolSpec } from "./model.ts";
import type { Principal } from "./principal.ts";

/**
 * What a tool can do beyond its own arguments. `read`: reads what belongs to the house or its people (files, memory, transcripts); `write`, `memory`, `schedule`,
 * `config`: changes it; `exec`: runs a program; `egress`: what it is given leaves over the network, and what comes back is external; `message`: speaks to somebody
 * else than the place of origin.
 */
export type Effect = "read" | "write" | "exec" | "egress" | "message" | "schedule" | "memory" | "config";

/** What a tool says about one call, from its arguments and who asks for it. */
export interface ToolReview {
  /** Why a person has to be asked, whatever the rules allow. */
  readonly ask?: string;
  /** Why it may never be run. */
  readonly deny?: string;
  /** May be allowed for a session or for always; false for whatever runs code that the plan does not hold (`sh -c`, `python -c`). Default true. */
  readonly rememberable?: boolean;
  /** What it says goes to the owner, or to where the turn came from and everybody there may see it: then it speaks to nobody else, and its effect `message` is none. */
  readonly home?: boolean;
}

/** What an approval is bound to beside the arguments: digests, real paths, the sandbox profile. Plain JSON. */
export type PlanFacts = Readonly<Record<string, unknown>>;

/** What a tool needs of the world arrives here; tools import no power. */
export interface ToolContext {
  readonly principal: Principal;
  readonly label: Label;
  readonly agent: string;
  readonly sessionId: string;
  readonly turnId: string;
  readonly clock: Clock;
  /** IANA time zone of the owner. */
  readonly timeZone: string;
  readonly signal: AbortSignal;
  /** Links that stood word for word in trusted input of this context (sec-88); absent: none. */
  readonly trustedLinks?: ReadonlySet<string>;
  /** The facts that were approved (`Tool.facts`): what runs now has to be held against them once more, where that can be done without a gap. */
  readonly facts?: PlanFacts;
}

export interface ToolResult {
  readonly text: string;
  readonly error: boolean;
  /** Label of what came back, joined to the context; default: the context's own. */
  readonly label?: Label;
}

/** A task for a turn of its own. */
export interface Delegation {
  readonly task: string;
  /** Names of the tools it may use; default: all that whoever asks may use. */
  readonly tools?: readonly string[];
  readonly maxSteps?: number;
  readonly maxTokens?: number;
}

export interface Tool {
  readonly spec: ToolSpec;
  readonly effects: readonly Effect[];
  /** Running it again after a crash does no harm; a function where it depends on the arguments. Pure; must not throw. */
  readonly idempotent: boolean | ((args: unknown) => boolean);
  /** May run beside other calls of the same step. */
  readonly parallel: boolean;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** The least trusted context it accepts without asking; default EXTERNAL. */
  readonly leastIntegrity?: Integrity;
  /** The most confidential context it may let out (effects egress and message) without asking; default PRIVATE. */
  readonly highestConfidentiality?: Confidentiality;
  /** Looks at one call before the gate decides. Pure; must not throw. */
  review?(args: unknown, context: GateContext): ToolReview;
  /**
   * What the tool is in a turn that a person has begun at this place; undefined: there is none. Jobs, sub-agents and calls from outside have no such place. The same place gives
   * the same object as long as nothing has changed there. Default: the tool itself, everywhere. Pure; must not throw.
   */
  at?(origin: Address | undefined): Tool | undefined;
  /**
   * What the call would use, looked up when it is asked for and again right before it runs: another answer means "plan changed" (sec-51, sec-52).
   * @throws ToolError when it could not run at all.
   */
  facts?(args: unknown, context: ToolContext): Promise<PlanFacts>;
  /**
   * A tool that has this hands its task to another turn: the hall makes it and waits for its result without holding a lane, and `run` is never called. It is offered in
   * turns alone. Pure; must not throw.
   */
  delegate?(args: unknown): Delegation;
  /** @throws ToolError; anything else becomes `tool_failed`. `args` are validated against `spec.parameters` before. */
  run(args: unknown, context: ToolContext): Promise<ToolResult>;
}

/** What the gate says about one call. `rememberable`: the answer to an ask may hold for more than this once. */
export type Decision =
  | { readonly kind: "allow" }
  | { readonly kind: "ask"; readonly reason: string; readonly rememberable: boolean }
  | { readonly kind: "deny"; readonly reason: string };

/** Who asks for what, and what is in the context that asks. */
export interface GateContext {
  readonly principal: Principal;
  readonly label: Label;
  /** Name of the agent. */
  readonly agent: string;
  /** Links that stood word for word in trusted input of this context. */
  readonly trustedLinks?: ReadonlySet<string>;
}

/** The one place that answers for a tool call (security/gate). */
export interface Gate {
  decide(context: GateContext, tool: Tool, args: unknown): Decision;
  /** Tools to advertise in this context: those that a call could be allowed or asked for. */
  advertised(context: GateContext, tools: readonly Tool[]): Tool[];
}

/** Whether this call may be run once more after a crash. A tool that is not there any more is not known to be harmless. */
export function mayRepeat(tool: Pick<Tool, "idempotent"> | undefined, args: unknown): boolean {
  if (tool === undefined) return false;
  return typeof tool.idempotent === "function" ? tool.idempotent(args) : tool.idempotent;
}

/** The tools as they are in a turn begun at `origin`; undefined: nowhere that a channel reaches. */
export function toolsAt(tools: readonly Tool[], origin: Address | undefined): Tool[] {
  return tools.flatMap((tool) => (tool.at === undefined ? [tool] : (tool.at(origin) ?? [])));
}

import type { Clock } from "./clock.ts";
import type { Label } from "./label.ts";
import type { ToolSpec } from "./model.ts";
import type { Principal } from "./principal.ts";

export type Effect = "read" | "write" | "exec" | "egress" | "message" | "schedule" | "memory" | "config";

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
}

export interface ToolResult {
  readonly text: string;
  readonly error: boolean;
  /** Label of what came back, joined to the context; default: the context's own. */
  readonly label?: Label;
}

export interface Tool {
  readonly spec: ToolSpec;
  readonly effects: readonly Effect[];
  /** Running it again after a crash does no harm. */
  readonly idempotent: boolean;
  /** May run beside other calls of the same step. */
  readonly parallel: boolean;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** @throws ToolError; anything else becomes `tool_failed`. `args` are validated against `spec.parameters` before. */
  run(args: unknown, context: ToolContext): Promise<ToolResult>;
}

/** What the gate says about one call. */
export type Decision = { readonly kind: "allow" } | { readonly kind: "ask"; readonly reason: string } | { readonly kind: "deny"; readonly reason: string };

/** The one place that answers for a tool call (security/gate). */
export interface Gate {
  decide(principal: Principal, label: Label, tool: Tool, args: unknown): Decision;
  /** Tools to advertise to this principal in this context. */
  advertised(principal: Principal, label: Label, tools: readonly Tool[]): Tool[];
}

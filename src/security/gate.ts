import type { Gate, Tool } from "../core/tool.ts";
import type { Principal } from "../core/principal.ts";
import type { Decision } from "../core/tool.ts";

/**
 * The one place that answers for a tool call. Today it lets through only what reaches nothing outside its own arguments (no effects at all), so that principal and
 * label cannot matter; everything else is denied, and what is denied is not advertised either (sec-40).
 */
export function createGate(): Gate {
  return {
    decide: (principal, _label, tool) => decide(principal, tool),
    advertised: (principal, _label, tools) => tools.filter((tool) => decide(principal, tool).kind === "allow"),
  };
}

function decide(principal: Principal, tool: Tool): Decision {
  if (principal.class === "system") return { kind: "deny", reason: "the gateway itself calls no tools" };
  if (tool.effects.length === 0) return { kind: "allow" };
  return { kind: "deny", reason: `${tool.spec.name} has effects (${tool.effects.join(", ")}) that no rule permits` };
}

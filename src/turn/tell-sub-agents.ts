/**
 * Hall, step 3, late results: a message that came first has closed the call of a sub-agent with "still at work"; its result then arrives as a note of the house. What must
 * stay true: each result is told once, with the label of what the child has seen.
 */
import { estimateEntry } from "../agent/tokens.ts";
import type { StartedTurn } from "../core/store.ts";
import { resultText, type CallToolDeps } from "./call-tool.ts";
import { resultOf } from "./sub-agents.ts";

export async function tellSubAgents(started: StartedTurn, deps: CallToolDeps): Promise<void> {
  const { turn, fence } = started;
  for (const subAgent of await deps.store.listSubAgents({ turnId: turn.id, limit: 250 })) {
    const result = resultOf(subAgent);
    if (!subAgent.detached || subAgent.toldAt !== undefined || result === "waiting") continue;
    deps.label.add(subAgent.label);
    // Quoted, so that no word of a result can pass for the house's own.
    const quoted = resultText("sub-agent", result, deps).replace(/^/gm, "> ");
    const content = { role: "system" as const, text: `The task that you handed over is ${subAgent.status}. Result:\n${quoted}` };
    const now = deps.clock.now();
    const entry = { content, principal: turn.principal, label: deps.label.current(), tokens: estimateEntry(content), turnId: turn.id, at: now };
    await deps.store.tellSubAgent({ fence, id: subAgent.id, entry, now });
  }
}

/**
 * Hall, step 3, late answers: a message that came first has closed the waiting call with "still waiting"; the owner's answer then arrives as a note of the house, and what
 * was approved is done now. What must stay true: each answer is told once; what was started before a crash and has no note is never done again.
 */
import { estimateEntry } from "../agent/tokens.ts";
import type { ToolCallPart } from "../core/entry.ts";
import { joinLabels, type Label } from "../core/label.ts";
import type { Approval } from "../core/records.ts";
import type { StartedTurn } from "../core/store.ts";
import { planDigest, type Plan } from "../security/plan.ts";
import { finishedEvent, resultText, runTool, startCall, type CallToolDeps } from "./call-tool.ts";

export async function tellApprovals(started: StartedTurn, deps: CallToolDeps, signal: AbortSignal): Promise<void> {
  const approvals = await deps.store.listApprovals({ turnId: started.turn.id, limit: 250 });
  for (const approval of approvals.toReversed()) {
    if (!approval.detached || approval.toldAt !== undefined || approval.status === "pending") continue;
    if (signal.aborted) return;
    const { text, label, audit } = await settle(approval, started, deps, signal);
    const content = { role: "system" as const, text: `About ${approval.code} (${approval.tool}): ${text}` };
    if (label) deps.label.add(label);
    const { principal, id: turnId } = started.turn;
    const now = deps.clock.now();
    const entry = { content, principal, label: deps.label.current(), tokens: estimateEntry(content), turnId, at: now };
    await deps.store.tellApproval({ fence: started.fence, id: approval.id, entry, now, ...(audit && { audit }) });
  }
}

interface Told {
  readonly text: string;
  readonly label?: Label;
  readonly audit?: ReturnType<typeof finishedEvent>;
}

async function settle(approval: Approval, started: StartedTurn, deps: CallToolDeps, signal: AbortSignal): Promise<Told> {
  if (approval.status === "denied") return { text: "the owner denied it. Do not try it again." };
  if (approval.status === "expired") return { text: "the owner did not answer in time. Nothing was done." };
  if (approval.status === "cancelled") return { text: "it was stopped. Nothing was done." };
  if (approval.status === "used") return { text: "approved and started, then interrupted by a restart: outcome unknown." };
  return await runApproved(approval, started, deps, signal);
}

async function runApproved(approval: Approval, started: StartedTurn, deps: CallToolDeps, signal: AbortSignal): Promise<Told> {
  const plan = JSON.parse(approval.plan) as Plan;
  const call: ToolCallPart = { type: "call", id: approval.callId, name: approval.tool, args: plan.args };
  const tool = deps.tools.find((one) => one.spec.name === approval.tool);
  if (!tool) return { text: "the owner approved it, but the tool is not there any more. Nothing was done." };
  if (approval.expiresAt <= deps.clock.now()) return { text: "the approval came too late. Nothing was done." };
  const { principal, agent } = started.turn;
  const decision = deps.gate.decide({ principal, agent, label: joinLabels(deps.label.current(), plan.label) }, tool, plan.args);
  if (decision.kind === "deny") return { text: `the owner approved it, but it is not permitted any more: ${decision.reason}. Nothing was done.` };
  const context = {
    principal,
    agent,
    label: plan.label,
    sessionId: started.session.id,
    turnId: started.turn.id,
    clock: deps.clock,
    timeZone: deps.timeZone,
    signal,
  };
  const facts = (await tool.facts?.(plan.args, context)) ?? {};
  if (planDigest({ ...plan, facts, principal }) !== approval.digest)
    return { text: "plan changed: what was approved is not what would run now. Nothing was done." };
  await startCall(call, tool, { kind: "run", approval: { id: approval.id, digest: approval.digest } }, started, deps);
  const result = await runTool(call, tool, started, { ...deps, facts }, signal);
  const audit = finishedEvent(call, tool, result, started);
  // Quoted, so that no word of a result can pass for the house's own.
  const quoted = resultText(tool.spec.name, result, deps).replace(/^/gm, "> ");
  return { text: `the owner approved it. Result:\n${quoted}`, ...(result.label && { label: result.label }), ...(audit && { audit }) };
}

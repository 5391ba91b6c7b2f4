/**
 * Hall, beside step 3: asks the owner about a planned call, takes the answer and lets the turn go on. An ask never holds a lane: the turn waits in the store.
 * What must stay true: only the owner answers, in the place where it was shown or with a credential that may; an approval lets exactly one plan through, once; the answer
 * continues the turn with the asker's principal, never with the approver's.
 */
import { formatAddress, type Address } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import type { ToolCallPart } from "../core/entry.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import type { Principal } from "../core/principal.ts";
import { newId, type Random } from "../core/random.ts";
import type { Approval, ApprovalScope } from "../core/records.ts";
import type { NewDelivery, StartedTurn, Store } from "../core/store.ts";
import type { Decision, PlanFacts, Tool, ToolContext } from "../core/tool.ts";
import { canonicalJson } from "../lib/canonical-json/index.ts";
import { newCode, normalCode } from "../security/code.ts";
import { planDigest, planKey, renderPlan, type Plan } from "../security/plan.ts";
import type { AgentSettings } from "./agent-settings.ts";
import type { Channels } from "./channels.ts";
import { askMessage, describeAsk, askDeliveryId } from "./show-approval.ts";

/** What becomes of a call that has to be asked for. */
export type Asked =
  /** It may run; with `approval` it uses that one up. */
  | { readonly kind: "run"; readonly approval?: { readonly id: string; readonly digest: string }; readonly grant?: string; readonly facts?: PlanFacts }
  /** It may not; `text` tells the model. `denied`: the owner said no. */
  | { readonly kind: "refused"; readonly text: string; readonly denied: boolean }
  | { readonly kind: "wait" };

export interface ApprovalAnswer {
  /** Code or id as the answer named it. */
  readonly code: string;
  readonly decision: ApprovalScope | "deny";
  readonly principal: Principal;
  /** Where the answer was given; for a button it has to be where the ask was shown. */
  readonly at: Address;
  readonly via: "button" | "chat" | "client";
}

export interface Approvals {
  /** @throws StoreError */
  ask(call: ToolCallPart, tool: Tool, decision: Extract<Decision, { kind: "ask" }>, context: ToolContext, started: StartedTurn): Promise<Asked>;
  /** The messages that show what a turn now waits for. */
  deliveries(started: StartedTurn): Promise<NewDelivery[]>;
  /** @returns what the approver is told. Repeating it does no harm. */
  answer(answer: ApprovalAnswer): Promise<string>;
  /** Ends what nobody has answered in time (P5). */
  sweep(): Promise<void>;
}

export interface ApprovalsDeps {
  readonly store: Store;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly channels: Channels;
  /** Where asks go that did not come from the owner's own chat. */
  readonly recipients: () => Promise<Address[]>;
  /** The session has a turn that may go on. */
  readonly wake: (sessionId: string) => void;
  readonly agent: (name: string) => AgentSettings;
  readonly deliveryTtlMs: number;
}

const CODE_LENGTH = 6;

export function createApprovals(deps: ApprovalsDeps): Approvals {
  return {
    ask: (call, tool, decision, context, started) => ask({ call, tool, decision, context, started }, deps),
    async deliveries(started) {
      const pending = await deps.store.listApprovals({ turnId: started.turn.id, statuses: ["pending"], limit: 10 });
      const deliveries = pending.toReversed().flatMap((approval) => approval.shownAt.map((address) => askDelivery(approval, address, deps)));
      const outside = pending.length > 0 && !isOwnersChat(started.turn.principal) && deps.channels.delivers(started.turn.address);
      return outside ? [noteDelivery("Waiting for the owner.", started, deps), ...deliveries] : deliveries;
    },
    answer: (given) => answer(given, deps),
    async sweep() {
      const now = deps.clock.now();
      const { approval: expiry } = await deps.store.nextExpiry({});
      if (expiry === undefined || expiry > now) return;
      for (const approval of await deps.store.expireApprovals({ now })) {
        resolved(approval, deps);
        deps.wake(approval.sessionId);
      }
    },
  };
}

interface Question {
  readonly call: ToolCallPart;
  readonly tool: Tool;
  readonly decision: Extract<Decision, { kind: "ask" }>;
  readonly context: ToolContext;
  readonly started: StartedTurn;
}

async function ask(question: Question, deps: ApprovalsDeps): Promise<Asked> {
  const { call, started } = question;
  const [known] = (await deps.store.listApprovals({ turnId: started.turn.id, limit: 250 })).filter((one) => one.callId === call.id);
  if (known !== undefined) return await goOn(known, question, deps);
  const plan = await planOf(question, { nonce: newId(deps.clock, deps.random), expiresAt: deps.clock.now() + deps.agent(started.turn.agent).approvalMs });
  const opened = await open(plan, question, deps);
  switch (opened.kind) {
    case "asked":
      published(opened.approval, deps);
      return { kind: "wait" };
    case "known":
      return await goOn(opened.approval, question, deps);
    case "granted":
      return { kind: "run", grant: opened.grantId, facts: plan.facts };
    case "denied":
      return { kind: "refused", text: "The owner has denied exactly this just now. Do not try it again.", denied: true };
    case "full":
      return {
        kind: "refused",
        text: "The owner has three open questions of this conversation already. Do something else, or wait for the answers.",
        denied: false,
      };
  }
}

/** @throws ToolError of the tool's own facts. */
async function planOf({ call, tool, context, started }: Question, fresh: Pick<Plan, "nonce" | "expiresAt">): Promise<Plan> {
  const { principal } = started.turn;
  const facts = (await tool.facts?.(call.args, context)) ?? {};
  const { session, turn } = started;
  return { version: 1, tool: tool.spec.name, args: call.args, facts, agent: turn.agent, session: session.id, principal, label: context.label, ...fresh };
}

async function open(plan: Plan, { call, decision, started }: Question, deps: ApprovalsDeps) {
  const { turn, session, fence } = started;
  // A sub-agent has no place of its own: it asks where its maker was asked.
  const here = turn.options.task === undefined ? turn.address : turn.principal.where;
  const shownAt = isOwnersChat(turn.principal) ? [here] : await deps.recipients();
  const now = deps.clock.now();
  const approval = {
    id: newId(deps.clock, deps.random),
    code: newCode(deps.random, CODE_LENGTH),
    sessionId: session.id,
    turnId: turn.id,
    callId: call.id,
    tool: plan.tool,
    principal: turn.principal,
    label: plan.label,
    plan: canonicalJson(plan),
    digest: planDigest(plan),
    planKey: planKey(plan),
    reason: decision.reason,
    text: renderPlan(plan, decision.reason),
    rememberable: decision.rememberable,
    shownAt: shownAt.filter((address) => deps.channels.delivers(address)),
    askedAt: now,
    expiresAt: plan.expiresAt,
  };
  const data = { approval: approval.id, code: approval.code, tool: plan.tool, digest: approval.digest, reason: decision.reason };
  return await deps.store.openApproval({
    fence,
    approval,
    audit: { kind: "approval.asked", actor: turn.principal.person, session: session.id, turn: turn.id, data },
    now,
  });
}

/** The call has asked before: what was answered, and is it still the same plan? */
async function goOn(approval: Approval, question: Question, deps: ApprovalsDeps): Promise<Asked> {
  switch (approval.status) {
    case "pending":
      return { kind: "wait" };
    case "approved": {
      if (approval.expiresAt <= deps.clock.now())
        return { kind: "refused", text: "The approval came too late and holds no more. Ask again if it is still needed.", denied: false };
      const { nonce, expiresAt, label } = JSON.parse(approval.plan) as Plan;
      const now = await planOf({ ...question, context: { ...question.context, label } }, { nonce, expiresAt });
      if (planDigest(now) !== approval.digest)
        return { kind: "refused", text: "Plan changed: what the owner approved is not what would run now. Nothing was done.", denied: false };
      return { kind: "run", approval: { id: approval.id, digest: approval.digest }, facts: now.facts };
    }
    case "used":
      // Only a call that may be repeated comes here again after a crash.
      return { kind: "run" };
    case "denied":
      return { kind: "refused", text: "The owner denied this. Do not try it again.", denied: true };
    case "expired":
      return { kind: "refused", text: "The owner did not answer in time. Nothing was done.", denied: false };
    case "cancelled":
      return { kind: "refused", text: "It was stopped before the owner answered. Nothing was done.", denied: false };
  }
}

async function answer({ code, decision, principal, at, via }: ApprovalAnswer, deps: ApprovalsDeps): Promise<string> {
  const named = code.includes("-") ? { id: code } : { code: normalCode(code) };
  const known = await deps.store.getApproval(named);
  if (principal.class !== "owner" || !principal.direct || (via === "button" && !known?.shownAt.some((address) => samePlace(address, at)))) {
    await ignored(known, { principal, via }, deps);
    return principal.class === "owner" ? "Answer this in the chat where I asked, or with /approve CODE in our direct chat." : "Only the owner can answer that.";
  }
  const now = deps.clock.now();
  const settled = await deps.store.answerApproval({
    ...(known ? { id: known.id } : named),
    decision,
    by: principal.person,
    via: via === "client" ? `client:${at.account}` : via,
    now,
  });
  if (settled.kind === "unknown") return "I have no open question with that code.";
  const { approval } = settled;
  if (settled.kind === "settled") {
    const late = approval.status === "pending" || approval.status === "expired";
    return late
      ? `${approval.code}: too late, the question has expired.`
      : `${approval.code} was answered before: ${approval.status === "used" ? "approved" : approval.status}.`;
  }
  resolved(approval, deps);
  deps.wake(approval.sessionId);
  if (approval.status === "denied") return `Denied: ${approval.tool} (${approval.code}).`;
  return `Approved ${SCOPE_TEXT[approval.scope ?? "once"]}: ${approval.tool} (${approval.code}).`;
}

const SCOPE_TEXT: Record<ApprovalScope, string> = { once: "this once", session: "for this conversation", always: "for always" };

/** Somebody else tried: that is worth a line (sec-58). */
async function ignored(approval: Approval | undefined, { principal, via }: Pick<ApprovalAnswer, "principal" | "via">, deps: ApprovalsDeps): Promise<void> {
  const data = { via, class: principal.class, channel: principal.where.channel, ...(approval && { approval: approval.id, code: approval.code }) };
  await deps.store.appendAudit({ event: { kind: "approval.ignored", actor: principal.person, data }, now: deps.clock.now() });
}

function samePlace(a: Address, b: Address): boolean {
  return formatAddress({ ...a, thread: undefined } as Address) === formatAddress({ ...b, thread: undefined } as Address);
}

/** The owner's own direct chat: there the plan itself is shown. */
export function isOwnersChat(principal: Principal): boolean {
  return principal.class === "owner" && principal.direct;
}

function askDelivery(approval: Approval, address: Address, deps: ApprovalsDeps): NewDelivery {
  const parts = deps.channels.render(address, askMessage(approval));
  return { id: askDeliveryId(newId(deps.clock, deps.random)), address, parts, expiresAt: Math.min(approval.expiresAt, deps.clock.now() + deps.deliveryTtlMs) };
}

function noteDelivery(text: string, { turn }: StartedTurn, deps: ApprovalsDeps): NewDelivery {
  const parts = deps.channels.render(turn.address, { parts: [{ type: "notice", text }] });
  const replyTo = turn.replyTo === undefined ? {} : { replyTo: turn.replyTo };
  return { id: newId(deps.clock, deps.random), address: turn.address, parts, expiresAt: deps.clock.now() + deps.deliveryTtlMs, ...replyTo };
}

function published(approval: Approval, deps: ApprovalsDeps): void {
  deps.hub.publish({ event: "approval.asked", session: approval.sessionKey, payload: describeAsk(approval) });
}

function resolved({ id, code, turnId, sessionKey, status, scope }: Approval, deps: ApprovalsDeps): void {
  if (status === "pending" || status === "used") return;
  deps.hub.publish({
    event: "approval.resolved",
    session: sessionKey,
    payload: { approval_id: id, code, turn_id: turnId, status, ...(scope !== undefined && { scope }) },
  });
}

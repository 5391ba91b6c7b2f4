import type { Approval } from "../../core/records.ts";
import { newId } from "../../core/random.ts";
import type { Update } from "../../core/update.ts";
import { v } from "../../lib/schema/index.ts";
import { describeAsk } from "../../turn/show-approval.ts";
import { defineMethod } from "../method.ts";
import { limit, notFound } from "./schemas.ts";

const status = v.picklist(["pending", "approved", "denied", "expired", "cancelled", "used"]);
const choice = v.picklist(["once", "session", "always", "deny"]);
const code = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

export const approvalInfo = v.object({
  approval_id: v.string(),
  code: v.string(),
  status,
  session: v.string(),
  turn_id: v.string(),
  call_id: v.string(),
  tool: v.string(),
  text: v.string(),
  reason: v.string(),
  /** Canonical JSON of the whole plan, and its SHA-256. */
  plan: v.string(),
  digest: v.string(),
  choices: v.array(choice),
  scope: v.optional(v.string()),
  asked_at: v.number(),
  expires_at: v.number(),
  answered_at: v.optional(v.number()),
});

function describe(approval: Approval): v.InferInput<typeof approvalInfo> {
  const { status: state, sessionKey, plan, digest, scope, answeredAt } = approval;
  return {
    ...describeAsk(approval),
    status: state,
    session: sessionKey,
    plan,
    digest,
    ...(scope === undefined ? {} : { scope }),
    ...(answeredAt === undefined ? {} : { answered_at: answeredAt }),
  };
}

export const approvalMethods = [
  defineMethod({
    name: "approvals.list",
    summary: "Questions to the owner about tool calls, newest first; without `all` those that are open.",
    params: v.strictObject({ all: v.optional(v.boolean(), false), limit: v.optional(limit(500), 50) }),
    result: v.object({ approvals: v.array(approvalInfo) }),
    scope: "read",
    handler: async ({ all, limit }, { deps }) => {
      const approvals = await deps.store.listApprovals({ limit, ...(all ? {} : { statuses: ["pending"] as const }) });
      return { approvals: approvals.filter((one) => all || one.expiresAt > deps.clock.now()).map(describe) };
    },
  }),
  defineMethod({
    name: "approvals.resolve",
    summary: "The owner's answer to a question: this once, for the session, always for exactly this plan, or no. The first answer counts.",
    params: v.strictObject({ approval: code, decision: choice }),
    result: v.object({ approval: approvalInfo, reply: v.string() }),
    scope: "approvals",
    mutating: true,
    handler: async ({ approval: named, decision }, { deps, credential }) => {
      const known = await deps.store.getApproval(named.includes("-") ? { id: named } : { code: named.toUpperCase() });
      if (known === undefined) throw notFound("approval", named);
      const id = newId(deps.clock, deps.random);
      const update: Update = {
        type: "press",
        key: `press:${id}`,
        address: { channel: "web", account: credential.id, conversation: known.sessionKey === "" ? "approvals" : known.sessionKey },
        sender: { id: credential.id },
        direct: true,
        at: deps.clock.now(),
        authenticated: { person: "owner", class: "owner", approves: true },
        messageId: id,
        data: `ask:${known.code}:${decision}`,
      };
      const [outcome] = await deps.intake.receive([update]);
      const after = await deps.store.getApproval({ id: known.id });
      return { approval: describe(after ?? known), reply: outcome?.kind === "command" ? outcome.reply : "" };
    },
  }),
];

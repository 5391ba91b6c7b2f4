import { RequestError } from "../../../core/errors.ts";
import { v } from "../../../lib/schema/index.ts";
import type { approvalInfo } from "../../methods/approvals.ts";
import { defineRow, type RowCall } from "../row.ts";

type ApprovalInfo = v.InferOutput<typeof approvalInfo>;

const id = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

/** Their decisions in our words; `session` has no name there. */
const DECISIONS: Readonly<Record<string, string>> = { "allow-once": "once", "allow-always": "always", deny: "deny" };
const THEIRS: Readonly<Record<string, string>> = { once: "allow-once", always: "allow-always", deny: "deny" };

export function decisionsOf(choices: readonly string[]): string[] {
  return choices.flatMap((choice) => THEIRS[choice] ?? []);
}

interface Asked {
  readonly approval_id: string;
  readonly tool: string;
  readonly text: string;
  readonly reason: string;
  readonly choices: readonly string[];
  readonly asked_at: number;
  readonly expires_at: number;
}

/** A question to the owner as their clients show one: the plan is the command. */
export function approvalRequest(session: string | undefined, asked: Asked): Record<string, unknown> {
  return {
    id: asked.approval_id,
    request: {
      command: asked.text,
      commandPreview: asked.text,
      ask: asked.reason,
      host: "gateway",
      toolName: asked.tool,
      allowedDecisions: decisionsOf(asked.choices),
      ...(session === undefined ? {} : { sessionKey: session, agentId: session.split(":")[1] }),
    },
    createdAtMs: asked.asked_at,
    expiresAtMs: asked.expires_at,
  };
}

async function pending(call: RowCall): Promise<ApprovalInfo[]> {
  return (await call.call<{ approvals: ApprovalInfo[] }>("approvals.list", { limit: 500 })).approvals;
}

export const approvalRows = [
  defineRow({
    method: "exec.approval.list",
    scope: "approvals",
    calls: ["approvals.list"],
    params: v.looseObject({}),
    run: async (_, call) => (await pending(call)).map((one) => approvalRequest(one.session, one)),
  }),
  defineRow({
    method: "exec.approval.get",
    scope: "approvals",
    calls: ["approvals.list"],
    params: v.looseObject({ id }),
    run: async (given, call) => {
      const found = (await pending(call)).find((one) => one.approval_id === given.id);
      if (found === undefined) throw new RequestError("approval_not_found", "no such approval is open");
      return {
        id: found.approval_id,
        commandText: found.text,
        commandPreview: found.text,
        allowedDecisions: decisionsOf(found.choices),
        host: "gateway",
        nodeId: null,
        agentId: found.session.split(":")[1] ?? null,
        expiresAtMs: found.expires_at,
      };
    },
  }),
  defineRow({
    method: "exec.approval.resolve",
    scope: "approvals",
    calls: ["approvals.resolve"],
    params: v.looseObject({ id, decision: v.pipe(v.string(), v.maxLength(64)) }),
    run: async (given, call) => {
      const decision = DECISIONS[given.decision];
      if (decision === undefined) throw new RequestError("bad_params", `decision is one of ${Object.keys(DECISIONS).join(", ")}`);
      const { approval } = await call.call<{ approval: ApprovalInfo }>("approvals.resolve", { approval: given.id, decision });
      // Somebody may have been faster: what counts is how it stands.
      const wanted = decision === "deny" ? ["denied"] : ["approved", "used"];
      if (!wanted.includes(approval.status)) throw new RequestError("approval_closed", `the approval is ${approval.status}`);
      return { ok: true };
    },
  }),
];

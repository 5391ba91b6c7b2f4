import type { Address } from "../../../core/address.ts";
import type { Approval } from "../../../core/records.ts";
import { present } from "./column.ts";

export interface ApprovalRow {
  id: string;
  code: string;
  status: Approval["status"];
  session_id: string;
  session_key: string | null;
  turn_id: string;
  call_id: string;
  tool: string;
  principal: string;
  label: string;
  plan: string;
  digest: string;
  plan_key: string;
  reason: string;
  text: string;
  rememberable: number;
  shown_at: string;
  scope: Approval["scope"] | null;
  answered_by: string | null;
  asked_at: number;
  expires_at: number;
  answered_at: number | null;
  detached: number;
  told_at: number | null;
}

export function toApproval(row: ApprovalRow): Approval {
  return present({
    id: row.id,
    code: row.code,
    status: row.status,
    sessionId: row.session_id,
    sessionKey: row.session_key ?? "",
    turnId: row.turn_id,
    callId: row.call_id,
    tool: row.tool,
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    plan: row.plan,
    digest: row.digest,
    planKey: row.plan_key,
    reason: row.reason,
    text: row.text,
    rememberable: row.rememberable === 1,
    shownAt: JSON.parse(row.shown_at) as Address[],
    scope: row.scope ?? undefined,
    answeredBy: row.answered_by ?? undefined,
    askedAt: row.asked_at,
    expiresAt: row.expires_at,
    answeredAt: row.answered_at ?? undefined,
    detached: row.detached === 1,
    toldAt: row.told_at ?? undefined,
  });
}

import type { SubAgent } from "../../../core/records.ts";
import { present } from "./column.ts";

export interface SubAgentRow {
  id: string;
  session_id: string;
  turn_id: string;
  call_id: string;
  root_id: string;
  depth: number;
  child_session: string;
  child_turn: string;
  status: SubAgent["status"];
  working: number;
  result: string | null;
  label: string;
  begun_at: number;
  expires_at: number;
  ended_at: number | null;
  detached: number;
  told_at: number | null;
}

export function toSubAgent(row: SubAgentRow): SubAgent {
  return present({
    id: row.id,
    sessionId: row.session_id,
    turnId: row.turn_id,
    callId: row.call_id,
    rootId: row.root_id,
    depth: row.depth,
    childSession: row.child_session,
    childTurn: row.child_turn,
    status: row.status,
    working: row.working === 1,
    result: row.result ?? undefined,
    label: JSON.parse(row.label),
    begunAt: row.begun_at,
    expiresAt: row.expires_at,
    endedAt: row.ended_at ?? undefined,
    detached: row.detached === 1,
    toldAt: row.told_at ?? undefined,
  });
}

import type { Turn } from "../../../core/records.ts";
import { parseOptional, present } from "./column.ts";
import { toUsage, type UsageColumns } from "./usage.ts";

export interface TurnRow extends UsageColumns {
  id: string;
  session_id: string;
  position: number;
  status: Turn["status"];
  principal: string;
  label: string;
  address: string;
  reply_to: string | null;
  options: string;
  attempts: number;
  steps: number;
  not_before: number;
  outage_since: number | null;
  outage_told: number;
  draft_id: string | null;
  error: string | null;
  answer_entry: number | null;
  superseded_by: string | null;
  said_entry: number | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

export type TurnWithSession = TurnRow & { session_key: string; agent: string };

export function toTurn(row: TurnRow, session: { key: string; agent: string }): Turn {
  return present({
    id: row.id,
    sessionId: row.session_id,
    sessionKey: session.key,
    agent: session.agent,
    status: row.status,
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    address: JSON.parse(row.address),
    replyTo: row.reply_to ?? undefined,
    options: JSON.parse(row.options),
    attempts: row.attempts,
    steps: row.steps,
    notBefore: row.not_before,
    outageSince: row.outage_since ?? undefined,
    outageTold: row.outage_told === 1,
    draftId: row.draft_id ?? undefined,
    error: parseOptional<Turn["error"] & {}>(row.error),
    usage: toUsage(row),
    answerEntry: row.answer_entry ?? undefined,
    supersededBy: row.superseded_by ?? undefined,
    saidEntry: row.said_entry ?? undefined,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
  });
}

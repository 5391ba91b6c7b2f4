import type { ToolCallRecord } from "../../../core/records.ts";
import { present } from "./column.ts";

export interface CallRow {
  id: string;
  turn_id: string;
  session_id: string;
  step: number;
  name: string;
  args: string;
  status: ToolCallRecord["status"];
  started_at: number | null;
  finished_at: number | null;
}

export function toCall(row: CallRow): ToolCallRecord {
  return present({
    id: row.id,
    turnId: row.turn_id,
    sessionId: row.session_id,
    step: row.step,
    name: row.name,
    args: JSON.parse(row.args),
    status: row.status,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  });
}

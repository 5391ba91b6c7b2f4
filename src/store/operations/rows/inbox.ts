import type { InboxItem } from "../../../core/records.ts";
import { present } from "./column.ts";

export interface InboxRow {
  seq: number;
  id: string;
  session_id: string;
  turn_id: string | null;
  body: string;
  principal: string;
  label: string;
  received_at: number;
}

export function toInboxItem(row: InboxRow): InboxItem {
  return present({
    id: row.id,
    sessionId: row.session_id,
    turnId: row.turn_id ?? undefined,
    update: JSON.parse(row.body),
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    receivedAt: row.received_at,
  });
}

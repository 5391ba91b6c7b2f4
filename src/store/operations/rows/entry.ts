import type { Entry, NewEntry } from "../../../core/entry.ts";
import { present } from "./column.ts";

export interface EntryRow {
  session_id: string;
  number: number;
  content: string;
  principal: string;
  label: string;
  tokens: number;
  turn_id: string | null;
  message_id: string | null;
  at: number;
}

export function toEntry(row: EntryRow): Entry {
  return present({
    sessionId: row.session_id,
    number: row.number,
    content: JSON.parse(row.content) as NewEntry["content"],
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    tokens: row.tokens,
    turnId: row.turn_id ?? undefined,
    messageId: row.message_id ?? undefined,
    at: row.at,
  });
}

import type { Address } from "../../../core/address.ts";
import type { Session } from "../../../core/records.ts";
import { parseOptional, present } from "./column.ts";

export interface SessionRow {
  id: string;
  key: string;
  agent: string;
  settings: string;
  address: string | null;
  last_entry: number;
  context_start: number;
  trimmed_to: number;
  created_at: number;
  updated_at: number;
  ended_at: number | null;
  archived_at: number | null;
  /** When somebody last said something in it; NULL: not since it was begun, or not since this was counted. */
  said_at: number | null;
}

export function toSession(row: SessionRow): Session {
  return present({
    id: row.id,
    key: row.key,
    agent: row.agent,
    settings: JSON.parse(row.settings),
    address: parseOptional<Address>(row.address),
    lastEntry: row.last_entry,
    contextStart: row.context_start,
    trimmedTo: row.trimmed_to,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    endedAt: row.ended_at ?? undefined,
    archivedAt: row.archived_at ?? undefined,
  });
}

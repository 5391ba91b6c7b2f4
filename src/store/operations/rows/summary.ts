import type { Summary } from "../../../core/records.ts";

export interface SummaryRow {
  session_id: string;
  from_entry: number;
  to_entry: number;
  text: string;
  rules: string;
  label: string;
  tokens: number;
  model: string;
  at: number;
}

export function toSummary(row: SummaryRow): Summary {
  return {
    sessionId: row.session_id,
    fromEntry: row.from_entry,
    toEntry: row.to_entry,
    text: row.text,
    rules: JSON.parse(row.rules) as string[],
    label: JSON.parse(row.label),
    tokens: row.tokens,
    model: row.model,
    at: row.at,
  };
}

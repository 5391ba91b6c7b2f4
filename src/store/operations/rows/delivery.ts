import type { Delivery, DeliveryPart } from "../../../core/records.ts";
import { parseOptional, present } from "./column.ts";

export interface DeliveryRow {
  seq: number;
  id: string;
  session_id: string | null;
  turn_id: string | null;
  channel: string;
  account: string;
  conversation: string;
  thread: string | null;
  reply_to: string | null;
  status: Delivery["status"];
  created_at: number;
  expires_at: number;
}

export interface PartRow {
  number: number;
  /** As JSON: the characters that a database cannot hold in a text survive. */
  text: string;
  payload: string;
  status: DeliveryPart["status"];
  receipt: string | null;
  attempts: number;
  not_before: number;
  error: string | null;
}

function toPart(row: PartRow): DeliveryPart {
  return present({
    number: row.number,
    rendered: { text: JSON.parse(row.text) as string, payload: JSON.parse(row.payload) },
    status: row.status,
    receipt: parseOptional<{ messageId: string }>(row.receipt),
    attempts: row.attempts,
    notBefore: row.not_before,
    error: row.error ?? undefined,
  });
}

export function toDelivery(row: DeliveryRow, parts: readonly PartRow[]): Delivery {
  return present({
    id: row.id,
    sessionId: row.session_id ?? undefined,
    turnId: row.turn_id ?? undefined,
    address: present({ channel: row.channel, account: row.account, conversation: row.conversation, thread: row.thread ?? undefined }),
    replyTo: row.reply_to ?? undefined,
    status: row.status,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    parts: parts.map(toPart),
  });
}

import type { Address } from "../../../core/address.ts";
import type { Pairing } from "../../../core/records.ts";
import { present } from "./column.ts";

export interface PairingRow {
  id: string;
  channel: string;
  account: string;
  sender_id: string;
  name: string | null;
  address: string;
  status: Pairing["status"];
  created_at: number;
  expires_at: number;
  answered_at: number | null;
}

export function toPairing(row: PairingRow): Pairing {
  return present({
    id: row.id,
    channel: row.channel,
    account: row.account,
    senderId: row.sender_id,
    name: row.name ?? undefined,
    address: JSON.parse(row.address) as Address,
    status: row.status,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    answeredAt: row.answered_at ?? undefined,
  });
}

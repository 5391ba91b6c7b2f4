/** Strangers who ask to be let in: codes are kept as digests, hold once, on one account, for a short time (sec-37). */
import type { Pairing } from "../../core/records.ts";
import type { AcceptItem, Operations } from "../../core/store.ts";
import { audit } from "./audit.ts";
import { toPairing, type PairingRow } from "./rows/pairing.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

const MAX_PENDING_CODES = 3;
const MAX_CODES_A_DAY = 3;
const MAX_WRONG_CODES = 5;
const HOUR_MS = 3600_000;
/** Pairings that came to nothing are forgotten after this: longer than any rule looks back. */
const KEEP_MS = 48 * HOUR_MS;

/** @returns whether the sender may be told the code: else nothing was kept. */
export function* openPairing(item: AcceptItem & { kind: "refused" }, now: number): Steps<boolean> {
  const { channel, account, senderId, pairing } = item;
  if (pairing === undefined) return false;
  yield* run("DELETE FROM pairings WHERE status IN ('pending', 'denied') AND created_at <= ?", now - KEEP_MS);
  const own = yield* all<Pick<PairingRow, "status" | "expires_at">>(
    "SELECT status, expires_at FROM pairings WHERE channel = ? AND account = ? AND sender_id = ? AND status IN ('pending', 'denied') AND created_at > ?",
    channel,
    account,
    senderId,
    now - 24 * HOUR_MS,
  );
  const open = own.some((row) => row.status === "denied" || row.expires_at > now);
  if (open || own.length >= MAX_CODES_A_DAY) return false;
  const pending = yield* one<{ count: number }>(
    "SELECT COUNT(*) AS count FROM pairings WHERE channel = ? AND account = ? AND status = 'pending' AND expires_at > ?",
    channel,
    account,
    now,
  );
  if (pending!.count >= MAX_PENDING_CODES) return false;
  yield* run(
    `INSERT INTO pairings (id, code_hash, channel, account, sender_id, name, address, status, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)`,
    pairing.id,
    pairing.codeHash,
    channel,
    account,
    senderId,
    pairing.name ?? null,
    JSON.stringify(pairing.address),
    now,
    pairing.expiresAt,
  );
  yield* audit({ kind: "pairing.asked", actor: "system", data: { pairing: pairing.id, channel, account } }, now);
  return true;
}

export function* isPaired({ channel, account, senderId }: Input<"isPaired">): Steps<boolean> {
  const row = yield* one(
    "SELECT id FROM pairings WHERE channel = ? AND account = ? AND sender_id = ? AND status = 'approved' LIMIT 1",
    channel,
    account,
    senderId,
  );
  return row !== undefined;
}

export function* listPairings({ statuses, now, limit }: Input<"listPairings">): Steps<Pairing[]> {
  const where = new Where().whenIn("status", statuses);
  const rows = yield* all<PairingRow>(`SELECT * FROM pairings ${where.sql} ORDER BY seq DESC LIMIT ?`, ...where.params, limit);
  return rows.filter((row) => row.status !== "pending" || row.expires_at > now).map(toPairing);
}

export function* answerPairing(input: Input<"answerPairing">): Steps<Operations["answerPairing"]["output"]> {
  const { codeHash, id, decision, by, now } = input;
  yield* run("DELETE FROM wrong_codes WHERE at <= ?", now - HOUR_MS);
  if (id !== undefined) return yield* revokePairing(id, by, now);
  const wrong = yield* one<{ count: number; first: number | null }>("SELECT COUNT(*) AS count, MIN(at) AS first FROM wrong_codes");
  if (wrong!.count >= MAX_WRONG_CODES) return { kind: "locked", until: (wrong!.first ?? now) + HOUR_MS };
  const row = yield* one<PairingRow>("SELECT * FROM pairings WHERE code_hash = ? AND status = 'pending' AND expires_at > ? LIMIT 1", codeHash ?? "", now);
  const status = decision === "approve" ? "approved" : "denied";
  const known =
    row ?? (yield* one<PairingRow>("SELECT * FROM pairings WHERE code_hash = ? AND status = ? AND expires_at > ? LIMIT 1", codeHash ?? "", status, now));
  if (known !== undefined && row === undefined && isOf(known, input)) return { kind: "known", pairing: toPairing(known) };
  const here = row !== undefined && isOf(row, input);
  if (row === undefined || !here) {
    yield* run("INSERT INTO wrong_codes (at) VALUES (?)", now);
    yield* audit({ kind: "pairing.wrong_code", actor: by, data: {} }, now);
    return { kind: "unknown" };
  }
  yield* run("UPDATE pairings SET status = ?, answered_at = ? WHERE id = ? AND status = 'pending'", status, now, row.id);
  // Whoever was told "I do not know you" may be told anew after a later removal.
  yield* run("DELETE FROM refused_senders WHERE channel = ? AND account = ? AND sender_id = ?", row.channel, row.account, row.sender_id);
  yield* audit({ kind: `pairing.${status}`, actor: by, data: { pairing: row.id, channel: row.channel, account: row.account } }, now);
  return { kind: "answered", pairing: toPairing({ ...row, status, answered_at: now }) };
}

/** Whether it belongs to the account that was named, if one was. */
function isOf(row: PairingRow, { channel, account }: Input<"answerPairing">): boolean {
  return (channel ?? row.channel) === row.channel && (account ?? row.account) === row.account;
}

function* revokePairing(id: string, by: string, now: number): Steps<Operations["answerPairing"]["output"]> {
  const row = yield* one<PairingRow>("SELECT * FROM pairings WHERE id = ? AND status IN ('approved', 'pending')", id);
  if (row === undefined) return { kind: "unknown" };
  yield* run("UPDATE pairings SET status = 'denied', answered_at = ? WHERE id = ?", now, id);
  yield* audit({ kind: "pairing.denied", actor: by, data: { pairing: id, channel: row.channel, account: row.account, was: row.status } }, now);
  return { kind: "answered", pairing: toPairing({ ...row, status: "denied", answered_at: now }) };
}

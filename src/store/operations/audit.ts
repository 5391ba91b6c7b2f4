import type { AuditCheckpoint, AuditEvent, AuditRecord } from "../../core/records.ts";
import type { Operations } from "../../core/store.ts";
import { CHAIN_START, chainHash } from "../../lib/audit-chain/index.ts";
import { present } from "./rows/column.ts";
import { all, one, run, type Steps } from "./statement.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];

interface AuditRow {
  seq: number;
  at: number;
  kind: string;
  actor: string;
  session_id: string | null;
  turn_id: string | null;
  data: string;
  hash: string;
}

/**
 * Chains one more record to the audit. Called by the operation that makes the change, so that both are there or neither; two at once are told apart by the primary key
 * (the later transaction is run again).
 */
export function* audit(event: AuditEvent, now: number): Steps<{ seq: number }> {
  const head = yield* auditHead();
  const seq = (head?.seq ?? 0) + 1;
  const record = present({ ...event, seq, at: now });
  yield* run(
    "INSERT INTO audit (seq, at, kind, actor, session_id, turn_id, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    seq,
    now,
    event.kind,
    event.actor,
    event.session ?? null,
    event.turn ?? null,
    JSON.stringify(event.data),
    chainHash(head?.hash ?? CHAIN_START, record),
  );
  return { seq };
}

export function* auditIf(event: AuditEvent | undefined, now: number): Steps<void> {
  if (event !== undefined) yield* audit(event, now);
}

export function* appendAudit({ event, now }: Input<"appendAudit">): Steps<{ seq: number }> {
  return yield* audit(event, now);
}

export function* auditHead(): Steps<{ seq: number; hash: string } | undefined> {
  const row = yield* one<{ seq: number; hash: string }>("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
  return row && { seq: row.seq, hash: row.hash };
}

export function* readAudit({ after, before, limit }: Input<"readAudit">): Steps<AuditRecord[]> {
  if (before !== undefined) {
    const rows = yield* all<AuditRow>("SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?", before, limit);
    return rows.toReversed().map(toRecord);
  }
  return (yield* all<AuditRow>("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", after ?? 0, limit)).map(toRecord);
}

function toRecord(row: AuditRow): AuditRecord {
  return present({
    seq: row.seq,
    at: row.at,
    kind: row.kind,
    actor: row.actor,
    session: row.session_id ?? undefined,
    turn: row.turn_id ?? undefined,
    data: JSON.parse(row.data) as AuditRecord["data"],
    hash: row.hash,
  });
}

export function* addCheckpoint({ checkpoint }: Input<"addCheckpoint">): Steps<void> {
  const { seq, hash, at, signature } = checkpoint;
  yield* run(
    "INSERT INTO audit_checkpoints (seq, hash, at, signature) VALUES (?, ?, ?, ?) ON CONFLICT (seq) DO UPDATE SET at = excluded.at, signature = excluded.signature",
    seq,
    hash,
    at,
    signature,
  );
}

export function* listCheckpoints(): Steps<AuditCheckpoint[]> {
  const rows = yield* all<AuditCheckpoint>("SELECT seq, hash, at, signature FROM audit_checkpoints ORDER BY seq");
  return rows.map(({ seq, hash, at, signature }) => ({ seq, hash, at, signature }));
}

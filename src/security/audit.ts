/** Checks the audit: what was changed, taken out, put in between or cut off is found (sec-113). */
import { canonicalJson } from "../lib/canonical-json/index.ts";
import { CHAIN_START, chainHash } from "../lib/audit-chain/index.ts";
import type { AuditCheckpoint } from "../core/records.ts";
import type { Store } from "../core/store.ts";

export interface AuditKey {
  sign(text: string): string;
  /** Must not throw. */
  verify(text: string, signature: string): boolean;
}

export interface AuditVerdict {
  readonly ok: boolean;
  /** How many records were read. */
  readonly records: number;
  readonly checkpoints: number;
  /** The first record that is not what it was. */
  readonly firstBad?: number;
  readonly problem?: string;
}

const PAGE = 1_000;

/** What a checkpoint's signature is about. */
export function checkpointText({ seq, hash, at }: Omit<AuditCheckpoint, "signature">): string {
  return canonicalJson({ seq, hash, at, what: "open-clanker audit" });
}

/** A signed note of where the chain ends now; undefined when nothing came since `last`. */
export async function makeCheckpoint(store: Store, key: AuditKey, now: number, last?: number): Promise<AuditCheckpoint | undefined> {
  const head = await store.auditHead({});
  if (head === undefined || head.seq === last) return undefined;
  const unsigned = { seq: head.seq, hash: head.hash, at: now };
  const checkpoint = { ...unsigned, signature: key.sign(checkpointText(unsigned)) };
  await store.addCheckpoint({ checkpoint });
  return checkpoint;
}

/** @param outside the newest checkpoint as it was kept beside the database: whoever cuts the tail there cannot cut it here. */
export async function verifyAudit(store: Store, key: AuditKey, outside?: AuditCheckpoint): Promise<AuditVerdict> {
  const checkpoints = [...(await store.listCheckpoints({})), ...(outside ? [outside] : [])];
  const marks = new Map<number, string>();
  const counted = { checkpoints: checkpoints.length };
  for (const checkpoint of checkpoints) {
    if (!key.verify(checkpointText(checkpoint), checkpoint.signature))
      return { ok: false, records: 0, ...counted, firstBad: checkpoint.seq, problem: `the signature of checkpoint ${checkpoint.seq} is wrong` };
    const other = marks.get(checkpoint.seq);
    if (other !== undefined && other !== checkpoint.hash)
      return { ok: false, records: 0, ...counted, firstBad: checkpoint.seq, problem: `two checkpoints disagree about record ${checkpoint.seq}` };
    marks.set(checkpoint.seq, checkpoint.hash);
  }
  const chain = await verifyChain(store, marks);
  const last = Math.max(0, ...marks.keys());
  if (chain.problem === undefined && chain.records < last)
    return { ok: false, records: chain.records, ...counted, firstBad: chain.records + 1, problem: `the end is cut off: ${last} records were signed` };
  return { ok: chain.problem === undefined, ...counted, ...chain };
}

async function verifyChain(store: Store, marks: ReadonlyMap<number, string>): Promise<Pick<AuditVerdict, "records" | "firstBad" | "problem">> {
  let previous = CHAIN_START;
  let seq = 0;
  for (;;) {
    const page = await store.readAudit({ after: seq, limit: PAGE });
    for (const { hash, ...record } of page) {
      const expected = seq + 1;
      if (record.seq !== expected) return { records: seq, firstBad: expected, problem: `record ${expected} is missing` };
      if (hash !== chainHash(previous, record)) return { records: seq, firstBad: expected, problem: `record ${expected} is not what was written` };
      if ((marks.get(expected) ?? hash) !== hash) return { records: seq, firstBad: expected, problem: `record ${expected} is not the one that was signed` };
      previous = hash;
      seq = expected;
    }
    if (page.length < PAGE) return { records: seq };
  }
}

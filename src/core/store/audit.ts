import type { AuditCheckpoint, AuditEvent, AuditRecord } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** The chain of what was done. */
export interface AuditOperations {
  /** For changes that are not the store's own; everything else is appended by the operation that makes the change. full. */
  appendAudit: Operation<{ event: AuditEvent; now: number }, { seq: number }>;
  /** Ascending. read. */
  readAudit: Operation<{ after?: number; before?: number; limit: number }, AuditRecord[]>;
  /** The newest record's number and hash; undefined while there is none. read. */
  auditHead: Operation<Record<string, never>, { seq: number; hash: string } | undefined>;
  /** full. */
  addCheckpoint: Operation<{ checkpoint: AuditCheckpoint }, void>;
  /** Ascending by seq. read. */
  listCheckpoints: Operation<Record<string, never>, AuditCheckpoint[]>;
}

export const AUDIT_DURABILITY: Durabilities<AuditOperations> = {
  appendAudit: "full",
  readAudit: "read",
  auditHead: "read",
  addCheckpoint: "full",
  listCheckpoints: "read",
};

import type { NewEntry } from "../entry.ts";
import type { Approval, ApprovalScope, ApprovalStatus, AuditEvent, Fence } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

export type NewApproval = Omit<Approval, "status" | "sessionKey" | "scope" | "answeredBy" | "answeredAt" | "detached" | "toldAt">;

/** Questions to the owner. */
export interface ApprovalsOperations {
  /**
   * Asks the owner about a planned call. `known`: this call has asked before. `granted`, `denied`: an earlier answer holds for the same plan (a grant for the session or
   * for always; a denial in this turn). `full`: three of the session are pending. Nothing is stored but what was `asked`. full.
   */
  openApproval: Operation<
    { fence: Fence; approval: NewApproval; audit: AuditEvent; now: number },
    { kind: "asked"; approval: Approval } | { kind: "known"; approval: Approval } | { kind: "granted"; grantId: string } | { kind: "denied" } | { kind: "full" }
  >;
  /**
   * The owner's answer (compare and swap: pending, not expired). `session` and `always` are remembered as grants; an ask that is not rememberable is answered once.
   * The turn is queued when it was its last pending one. The change and its audit are one commit. full.
   */
  answerApproval: Operation<
    { code?: string; id?: string; decision: ApprovalScope | "deny"; by: string; via: string; now: number },
    { kind: "answered"; approval: Approval } | { kind: "settled"; approval: Approval } | { kind: "unknown" }
  >;
  /** Pending ones past their time become expired, their turns are queued. full. */
  expireApprovals: Operation<{ now: number }, Approval[]>;
  getApproval: Operation<{ id?: string; code?: string }, Approval | undefined>;
  /** Newest first. read. */
  listApprovals: Operation<{ sessionId?: string; turnId?: string; statuses?: readonly ApprovalStatus[]; limit: number }, Approval[]>;
  /** The note about a detached approval becomes an entry, once. full. @returns false when it stood there before. */
  tellApproval: Operation<{ fence: Fence; id: string; entry: NewEntry; audit?: AuditEvent; now: number }, boolean>;
}

export const APPROVALS_DURABILITY: Durabilities<ApprovalsOperations> = {
  openApproval: "full",
  answerApproval: "full",
  expireApprovals: "full",
  getApproval: "read",
  listApprovals: "read",
  tellApproval: "full",
};

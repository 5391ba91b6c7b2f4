import type { NewEntry } from "../entry.ts";
import type { AuditEvent, Fence, ToolCallRecord } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** The ledger of tool calls. */
export interface CallsOperations {
  /**
   * planned -> started, before a call that is not idempotent or has effects runs; with the intent in the audit. `approval`: is used up by it (compare and swap: approved,
   * not expired, this call, this digest; else StoreError `approval_spent` and nothing is changed). A call that was closed while it waited is started by its approval
   * alone. full.
   */
  startCall: Operation<{ fence: Fence; callId: string; approval?: { id: string; digest: string }; audit?: AuditEvent; now: number }, void>;
  /**
   * planned or started -> finished (or interrupted), with its result as an entry. The turn's label is joined with the entry's. full.
   */
  finishCall: Operation<
    { fence: Fence; callId: string; status: "finished" | "interrupted"; entry: NewEntry; audit?: AuditEvent; now: number },
    { number: number }
  >;
  listCalls: Operation<{ turnId: string }, ToolCallRecord[]>;
}

export const CALLS_DURABILITY: Durabilities<CallsOperations> = {
  startCall: "full",
  finishCall: "full",
  listCalls: "read",
};

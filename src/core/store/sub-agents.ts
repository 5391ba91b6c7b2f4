import type { NewEntry } from "../entry.ts";
import type { AuditEvent, Fence, SubAgent } from "../records.ts";
import type { AcceptItem } from "./inbox.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** Turns that work for other turns. */
export interface SubAgentsOperations {
  /**
   * Puts the child's session, its turn and its message in place of a planned call, in one commit. `known`: this call has one already. `full`: `most` of the root session
   * are at work. The call stays open; the turn waits for it as for an approval. full.
   */
  openSubAgent: Operation<
    {
      fence: Fence;
      subAgent: Pick<SubAgent, "id" | "turnId" | "callId" | "rootId" | "depth" | "childTurn" | "label" | "expiresAt">;
      item: Exclude<AcceptItem, { kind: "refused" }>;
      most: number;
      audit: AuditEvent;
      now: number;
    },
    { kind: "opened" | "known"; subAgent: SubAgent } | { kind: "full" }
  >;
  /** Oldest first. `working`: those whose own turn has not ended. read. */
  listSubAgents: Operation<{ sessionId?: string; turnId?: string; working?: boolean; limit: number }, SubAgent[]>;
  /**
   * Looks at those that are at work: one whose turn has ended or is gone is settled, one whose maker has ended is cancelled, one past its time has expired. Turns that
   * have nothing to wait for any more are queued. `stop`: sessions of children that nobody waits for and that still work. full.
   */
  settleSubAgents: Operation<{ now: number }, { settled: SubAgent[]; stop: string[] }>;
  /** The note about a detached one becomes an entry, once. full. @returns false when it stood there before. */
  tellSubAgent: Operation<{ fence: Fence; id: string; entry: NewEntry; now: number }, boolean>;
}

export const SUB_AGENTS_DURABILITY: Durabilities<SubAgentsOperations> = {
  openSubAgent: "full",
  listSubAgents: "read",
  settleSubAgents: "full",
  tellSubAgent: "full",
};

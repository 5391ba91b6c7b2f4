import type { Usage } from "../model.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** Tokens spent. */
export interface UsageOperations {
  /** Tokens that were spent beside the steps of a turn (a summary). full. */
  spend: Operation<{ turnId: string; model: string; usage: Usage; estimate: number; now: number }, void>;
  /**
   * Sums by model within wall times, `from` included, `to` not; of a session with its sub-agents. `by`: and by the quarter of an hour (`key`: its beginning, wall
   * milliseconds), by session (its key) or by turn (its id), the newest first. read.
   */
  sumUsage: Operation<
    { from?: number; to?: number; sessionId?: string; turnId?: string; by?: "slot" | "session" | "turn"; limit: number },
    { key: string; model: string; turns: number; usage: Usage }[]
  >;
  /** What estimates have come to, against what the provider has counted, in the newest rows of a model that have an estimate. read. */
  usageEstimates: Operation<{ model: string; limit: number }, { estimated: number; counted: number }>;
  /** Sums by model since a wall time. read. */
  usageByModel: Operation<{ since: number; sessionId?: string }, { model: string; turns: number; usage: Usage }[]>;
}

export const USAGE_DURABILITY: Durabilities<UsageOperations> = {
  spend: "full",
  sumUsage: "read",
  usageEstimates: "read",
  usageByModel: "read",
};

import type { AcceptOutput, StartedTurn } from "../../src/core/store.ts";
import type { OperationName } from "../../src/store/operations/operations.ts";

/** Turns that this operation has started. */
export function startedBy(name: OperationName, output: unknown): StartedTurn[] {
  if (name === "startTurn") return output === undefined ? [] : [output as StartedTurn];
  if (name === "commitTurn" || name === "suspendTurn") return (output as { next?: StartedTurn }).next ? [(output as { next: StartedTurn }).next] : [];
  if (name !== "acceptUpdates") return [];
  return (output as AcceptOutput[]).flatMap((one) => (one.kind === "accepted" && one.started ? [one.started] : []));
}

/**
 * Hall, across the steps: stops turns, running and waiting, here and in every other process of this house. What must stay true: a running turn is told before anything is
 * awaited (sec-63); what waits in a queue is kept.
 */
import type { Bus } from "../core/bus.ts";
import type { Clock } from "../core/clock.ts";
import type { Hub } from "../core/event.ts";
import type { Store } from "../core/store.ts";
import type { Lanes } from "./lanes.ts";

export interface StopTurns {
  /** @returns how many were stopped here. */
  (which: { sessionId?: string }): Promise<number>;
  /** @returns their ids. */
  ids(which: { sessionId?: string; turnId?: string }): Promise<string[]>;
}

const CANCELLED = "Stopped before the owner answered. Nothing was done.";

export function createStop(deps: { store: Store; bus: Bus; hub: Hub; clock: Clock; lanes: Lanes; settleSubAgents: () => Promise<void> }): StopTurns {
  const ids = async (which: { sessionId?: string; turnId?: string }): Promise<string[]> => {
    const running = deps.lanes.stop(which, { kind: "user" });
    deps.bus.publish("abort", JSON.stringify(which));
    const audit = { kind: "turn.stopped", actor: "system", data: which };
    const { turnIds } = await deps.store.cancelWaiting({ ...which, text: CANCELLED, audit, now: deps.clock.now() });
    for (const turnId of turnIds) await publishStopped(turnId, deps);
    // Whoever worked for them has nobody to work for any more.
    await deps.settleSubAgents();
    return [...running, ...turnIds];
  };
  return Object.assign(async (which: { sessionId?: string }) => (await ids(which)).length, { ids });
}

/** Who watches a waiting turn is told that it has ended, and with it its questions. */
async function publishStopped(turnId: string, { store, hub }: { store: Store; hub: Hub }): Promise<void> {
  const turn = await store.getTurn({ id: turnId });
  if (!turn) return;
  for (const { id, code } of await store.listApprovals({ turnId, statuses: ["cancelled"], limit: 250 }))
    hub.publish({ event: "approval.resolved", session: turn.sessionKey, payload: { approval_id: id, code, turn_id: turnId, status: "cancelled" } });
  hub.publish({ event: "turn.ended", session: turn.sessionKey, payload: { turn_id: turnId, outcome: "cancelled", text: "", usage: turn.usage } });
}

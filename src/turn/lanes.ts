/**
 * Hall, step 2: lanes. Each session has one turn at a time, in order, under one lease (P3). A lane is taken from the accepting commit (`take`), by a wake-up, or by the
 * sweep that makes a lost wake-up cost at most 5 s; the same sweep finds turns that a dead process left (recovery).
 * What must stay true: a turn runs in at most one place; every running turn can be stopped within a second; nothing here is the truth but the store.
 */
import type { Bus } from "../core/bus.ts";
import { sleep, type Clock } from "../core/clock.ts";
import { StoreError, toClankerError } from "../core/errors.ts";
import type { Hub } from "../core/event.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Fence } from "../core/records.ts";
import type { StartedTurn, Store } from "../core/store.ts";

/** Why a running turn is to stop. */
export type StopCause =
  | { readonly kind: "user" }
  | { readonly kind: "interrupt"; readonly by: string }
  /** Graceful stop of the process: the turn goes on elsewhere or after the restart. */
  | { readonly kind: "shutdown" }
  /** The lease has moved: write nothing more. */
  | { readonly kind: "lost" };

export interface RunningTurn extends StartedTurn {
  readonly stop: AbortSignal;
  /** Set before `stop` aborts. */
  cause(): StopCause | undefined;
}

export interface LanesDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly owner: string;
  readonly leaseMs: number;
  /** Turns that may run at once; more wait in the store. */
  readonly maxRunning: number;
  /** Runs one turn to its commit; answers the next one of the lane when the commit has claimed it. Never rejects. */
  readonly run: (turn: RunningTurn) => Promise<StartedTurn | undefined>;
  /** What else has to be looked at every 5 s: asks that nobody has answered in time. */
  readonly sweep?: () => Promise<void>;
}

export interface Lanes {
  hasRoom(): boolean;
  /** Runs a turn whose lane this process has just claimed. */
  take(started: StartedTurn): void;
  /** The session may have a turn to run. */
  wake(sessionId: string): void;
  /** @returns ids of the running turns that were told to stop. */
  stop(which: { sessionId?: string; turnId?: string }, cause: StopCause): string[];
  /** Sweeps and renews until `signal` aborts. */
  start(signal: AbortSignal): Promise<void>;
  /** Waits until no turn runs; turns that are still running after `graceMs` are handed over. */
  drain(graceMs: number): Promise<void>;
  running(): number;
}

interface Lane {
  turnId: string;
  fence: Fence;
  cause?: StopCause;
  /** Something was accepted for the session that its last commit may not have seen. */
  wanted: boolean;
  controller: AbortController;
  done: Promise<void>;
}

const SWEEP_MS = 5_000;
/** A turn that was running at so many deaths of a process may be their cause. */
const SUSPECT_STARTS = 2;

export function createLanes(deps: LanesDeps): Lanes {
  const lanes = new Map<string, Lane>();
  const waking = new Set<string>();
  /** Fences of lanes that have ended since the last renewal; one that is still renewed then was left without a commit. */
  const left = new Map<string, Fence>();
  /** Sessions that may have brought the process down before. One at a time is tried, so that the innocent ones are finished before it happens again (fault-11). */
  const suspects = new Set<string>();
  let onTrial: string | undefined;
  let draining = false;
  let cancelTimer: (() => void) | undefined;

  const stopLane = (lane: Lane, cause: StopCause) => {
    if (lane.controller.signal.aborted) return;
    lane.cause = cause;
    lane.controller.abort();
  };

  const take = (started: StartedTurn) => {
    const sessionId = started.session.id;
    const lane: Lane = { turnId: started.turn.id, fence: started.fence, wanted: false, controller: new AbortController(), done: Promise.resolve() };
    lanes.set(sessionId, lane);
    if (draining) stopLane(lane, { kind: "shutdown" });
    lane.done = runLane(started, lane).finally(() => {
      // Its last commit gave the lane free: the next turn may have been claimed and taken before this one got here.
      if (lanes.get(sessionId) === lane) lanes.delete(sessionId);
      left.set(lane.fence.lease, lane.fence);
      if (draining) return;
      // The last commit has looked for a next turn; only what came behind it needs another look, and what waits for its time a timer.
      if (lane.wanted) wake(sessionId);
      else schedule();
    });
  };

  const runLane = async (started: StartedTurn, lane: Lane) => {
    let current: StartedTurn | undefined = started;
    while (current !== undefined) {
      lane.turnId = current.turn.id;
      lane.fence = current.fence;
      deps.metrics.gauge("turns_running", lanes.size);
      const next: StartedTurn | undefined = await deps.run({ ...current, stop: lane.controller.signal, cause: () => lane.cause });
      // The suspect itself has ended well: what was said after it in its session must not keep the others waiting.
      if (onTrial === started.session.id) {
        onTrial = undefined;
        if (!draining) void sweep();
      }
      if (next !== undefined) {
        lane.controller = new AbortController();
        delete lane.cause;
        if (draining) stopLane(lane, { kind: "shutdown" });
      }
      current = next;
    }
  };

  const wake = (sessionId: string) => {
    const lane = lanes.get(sessionId);
    if (lane !== undefined) lane.wanted = true;
    if (draining || lane !== undefined || waking.has(sessionId) || suspects.has(sessionId) || lanes.size + waking.size >= deps.maxRunning) return;
    waking.add(sessionId);
    deps.store
      .startTurn({ sessionId, owner: deps.owner, now: deps.clock.now(), leaseMs: deps.leaseMs })
      .then((started) => {
        waking.delete(sessionId);
        if (started) take(started);
        else schedule();
      })
      .catch((thrown: unknown) => {
        waking.delete(sessionId);
        deps.log.warn("could not start a turn; the sweep tries again", { sessionId, code: toClankerError(thrown).code, error: String(thrown) });
      });
  };

  /** Wakes at the next notBefore of a queued turn, if it is before the next sweep. */
  const schedule = () => {
    deps.store
      .nextDue({ now: deps.clock.now() })
      .then((due) => {
        if (due === undefined || draining) return;
        cancelTimer?.();
        cancelTimer = deps.clock.timer(Math.min(Math.max(1, due - deps.clock.now()), SWEEP_MS), () => void sweep());
      })
      .catch(() => {});
  };

  /** Holds back those that are under suspicion. @returns the one that may run now; whoever has been there least often comes first. */
  const suspect = (due: Awaited<ReturnType<Store["dueLanes"]>>): string | undefined => {
    suspects.clear();
    const held = due.filter(({ abandoned }) => abandoned >= SUSPECT_STARTS).toSorted((a, b) => a.abandoned - b.abandoned);
    for (const { sessionId } of held) suspects.add(sessionId);
    if (onTrial !== undefined && (lanes.has(onTrial) || waking.has(onTrial))) return undefined;
    onTrial = held[0]?.sessionId;
    if (onTrial !== undefined) suspects.delete(onTrial);
    return onTrial;
  };

  const sweep = async () => {
    try {
      await deps.sweep?.();
      const due = await deps.store.dueLanes({ now: deps.clock.now(), limit: deps.maxRunning });
      const next = suspect(due);
      for (const { sessionId } of due) wake(sessionId);
      if (next !== undefined) wake(next);
      schedule();
    } catch (thrown) {
      deps.log.warn("sweep of the lanes failed", { error: String(thrown) });
    }
  };

  /** The last commit of a turn was refused: renewing its lease for ever would keep the session from being taken up again. */
  const release = async (fence: Fence) => {
    try {
      await deps.store.releaseLease({ fence });
      deps.log.warn("a lane without a run was given back", { lease: fence.lease });
    } catch (thrown) {
      // Claimed anew meanwhile: all is well.
      if (isLeaseLost(thrown)) return;
      left.set(fence.lease, fence);
      throw thrown;
    }
  };

  const renew = async () => {
    try {
      // Only those that were running before are told: a lane that is claimed meanwhile may not be in the answer.
      const before = [...lanes.values()].map((lane) => ({ lane, fence: lane.fence }));
      const held = new Set(await deps.store.renewLeases({ owner: deps.owner, now: deps.clock.now(), leaseMs: deps.leaseMs }));
      for (const { lane, fence } of before) if (lane.fence === fence && !held.has(fence.lease)) stopLane(lane, { kind: "lost" });
      for (const fence of left.values()) {
        left.delete(fence.lease);
        if (held.has(fence.lease)) await release(fence);
      }
    } catch (thrown) {
      deps.log.warn("leases could not be renewed", { error: String(thrown) });
    }
  };

  const stop: Lanes["stop"] = ({ sessionId, turnId }, cause) => {
    const stopped: string[] = [];
    for (const [id, lane] of lanes) {
      if ((sessionId !== undefined && id !== sessionId) || (turnId !== undefined && lane.turnId !== turnId)) continue;
      stopLane(lane, cause);
      stopped.push(lane.turnId);
    }
    return stopped;
  };

  return {
    hasRoom: () => !draining && lanes.size < deps.maxRunning,
    take,
    wake,
    stop,
    async start(signal) {
      const unsubscribe = deps.bus.subscribe("abort", (payload) => void stop(JSON.parse(payload) as Parameters<Lanes["stop"]>[0], { kind: "user" }));
      signal.addEventListener("abort", unsubscribe, { once: true });
      await sweep();
      const sweeping = every(deps.clock, SWEEP_MS, signal, sweep);
      await every(deps.clock, deps.leaseMs / 3, signal, renew);
      await sweeping;
      cancelTimer?.();
    },
    async drain(graceMs) {
      draining = true;
      cancelTimer?.();
      const all = Promise.all([...lanes.values()].map((lane) => lane.done));
      const grace = new AbortController();
      await Promise.race([all, sleep(deps.clock, graceMs, grace.signal)]);
      grace.abort();
      for (const lane of lanes.values()) stopLane(lane, { kind: "shutdown" });
      const end = new AbortController();
      await Promise.race([Promise.all([...lanes.values()].map((lane) => lane.done)), sleep(deps.clock, 2_000, end.signal)]);
      end.abort();
    },
    running: () => lanes.size,
  };
}

function isLeaseLost(thrown: unknown): boolean {
  return thrown instanceof StoreError && thrown.code === "lease_lost";
}

async function every(clock: Clock, ms: number, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, ms, signal);
    if (!signal.aborted) await run();
  }
}

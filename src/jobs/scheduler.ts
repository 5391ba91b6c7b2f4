/**
 * Looks at the jobs under the lease `jobs`. Pauses are measured by monotonic time and are short, so that a clock that jumps and a machine that slept cost one look and no
 * storm (P12); which slots are due is asked of the wall clock alone.
 */
import { sleep } from "../core/clock.ts";
import { toClankerError } from "../core/errors.ts";
import type { Fence } from "../core/records.ts";
import { nextOf } from "./decide.ts";
import { workOff, type WorkDeps } from "./work-off.ts";

export interface SchedulerDeps extends WorkDeps {
  /** Owner of the leases of this process, which somebody renews. */
  readonly owner: string;
  readonly leaseMs: number;
  /** Longest pause between two looks, milliseconds. */
  readonly sweepMs?: number;
}

export interface Scheduler {
  /** Until `signal` aborts. Never rejects. */
  start(signal: AbortSignal): Promise<void>;
  /** Something has changed: look now. */
  poke(): void;
  readonly running: boolean;
}

const SWEEP_MS = 5_000;
/** While runs are under way somebody waits for their end. */
const RUNNING_MS = 1_000;
/** The wall clock is set back by less than this all the time, and nothing follows from it. */
const BACK_MS = 1_000;

export function createScheduler(deps: SchedulerDeps): Scheduler {
  const sweepMs = deps.sweepMs ?? SWEEP_MS;
  let held = false;
  let poked = false;
  let wake = () => {};

  const pause = async (ms: number, signal: AbortSignal) => {
    if (poked || signal.aborted) return;
    const controller = new AbortController();
    wake = () => controller.abort();
    signal.addEventListener("abort", wake, { once: true });
    await sleep(deps.clock, ms, controller.signal);
    signal.removeEventListener("abort", wake);
  };

  const hold = async (fence: Fence, signal: AbortSignal) => {
    let seen = { wall: Infinity, monotonic: deps.clock.monotonic() };
    while (!signal.aborted) {
      poked = false;
      const now = deps.clock.now();
      // At the start too: nobody knows what the clock did meanwhile.
      const elapsed = deps.clock.monotonic() - seen.monotonic;
      if (now < seen.wall - BACK_MS) await turnBack(fence, { now, back: now - elapsed }, deps);
      seen = { wall: now, monotonic: deps.clock.monotonic() };
      const { next, running } = await workOff(fence, deps, signal);
      const most = running > 0 ? Math.min(RUNNING_MS, sweepMs) : sweepMs;
      await pause(next === undefined ? most : Math.max(1, Math.min(most, next - deps.clock.now())), signal);
    }
  };

  return {
    get running() {
      return held;
    },
    poke() {
      poked = true;
      wake();
    },
    async start(signal) {
      while (!signal.aborted) {
        try {
          const fence = await deps.store.claimLease({ lease: "jobs", owner: deps.owner, now: deps.clock.now(), leaseMs: deps.leaseMs });
          if (fence === undefined) {
            await sleep(deps.clock, deps.leaseMs / 2, signal);
            continue;
          }
          held = true;
          await hold(fence, signal);
          await deps.store.releaseLease({ fence });
        } catch (thrown) {
          const error = toClankerError(thrown);
          if (!signal.aborted) deps.log.warn("the jobs could not be looked at; trying again", { code: error.code, error: error.message });
          await sleep(deps.clock, Math.min(sweepMs, error.retryAfterMs ?? SWEEP_MS), signal);
        } finally {
          held = false;
        }
      }
    },
  };
}

/**
 * The wall clock was ahead: what it has decided too early comes at its time, unless it has run already, which its key tells.
 * @param times `back`: the earliest wall time since the last look.
 */
async function turnBack(fence: Fence, { now, back }: { now: number; back: number }, { store, log }: WorkDeps): Promise<void> {
  for (const job of await store.jobsAhead({ now, limit: 100_000 })) {
    log.warn("the wall clock has gone back; a job is decided anew from now on", { job: job.id, aheadMs: job.cursor - now });
    await store.planJobRuns({ fence, jobId: job.id, revision: job.revision, cursor: back, ...nextOf(job, back), skipped: 0, runs: [], now });
  }
}

/** Which slots are run and which are not: pure. */
import type { Job, JobRun } from "../core/job.ts";
import { nextSlot } from "./slots.ts";

/** A slot that is found within this time is not late: it covers a sweep, a lease that moves and a restart. Milliseconds. */
export const ON_TIME_MS = 60_000;
/** Slots that are looked at in one go; a longer past is decided piece by piece. */
const MOST_AT_ONCE = 20_000;
/** Between two runs that make up for missed slots, of one job or of several. Milliseconds. */
export const CATCH_UP_GAP_MS = 2_000;

export interface Plan {
  readonly cursor: number;
  readonly nextSlot?: number;
  readonly nextAt?: number;
  readonly skipped: number;
  readonly runs: readonly Pick<JobRun, "id" | "slot" | "trigger" | "notBefore">[];
  /** There are more slots to be decided at once. */
  readonly more: boolean;
}

/**
 * Decides every slot of `job` up to `now`. One that is on time is run; one that is late by the job's catch-up policy: none, the newest, or the newest `catchUpLimit`.
 * @param catchUpsBefore runs that other jobs make up for already: these begin behind them.
 */
export function decideSlots(job: Job, now: number, catchUpsBefore = 0): Plan {
  const begin = Math.min(job.cursor, now);
  const { slots, more, next } = slotsUntil(job, begin, now);
  const late = slots.filter((slot) => now - slot > ON_TIME_MS + staggerOf(job));
  const onTime = slots.slice(late.length);
  if (more) {
    // Younger ones follow: only those late ones that the policy could still want stay undecided.
    const settled = late.slice(0, late.length - mostLate(job, late, false).length);
    const cursor = settled.at(-1) ?? begin;
    return { cursor, skipped: settled.length, runs: [], more: settled.length > 0, ...nextOf(job, cursor) };
  }
  const kept = mostLate(job, late, onTime.length > 0);
  const caughtUp = kept.filter((slot) => job.maxDelayMs === 0 || now - slot <= job.maxDelayMs);
  const runs = [
    ...caughtUp.map((slot, i) => ({ ...runOf(job, slot), trigger: "catch_up" as const, notBefore: now + (catchUpsBefore + i) * CATCH_UP_GAP_MS })),
    ...onTime.map((slot) => ({ ...runOf(job, slot), trigger: "schedule" as const, notBefore: slot + staggerOf(job) })),
  ];
  return { cursor: now, skipped: late.length - caughtUp.length, runs, more: false, ...(next !== undefined && { nextSlot: next, nextAt: next }) };
}

/** Under `once` one run stands for everything that was missed, and one that is on time is that run. */
function mostLate({ catchUp, catchUpLimit }: Job, late: readonly number[], someOnTime: boolean): readonly number[] {
  if (catchUp === "skip" || (catchUp === "once" && someOnTime)) return [];
  return late.slice(-(catchUp === "once" ? 1 : catchUpLimit));
}

function slotsUntil(job: Job, after: number, now: number): { slots: number[]; more: boolean; next?: number } {
  const slots: number[] = [];
  let at = nextSlot(job.schedule, after);
  for (; at !== undefined && at <= now; at = nextSlot(job.schedule, at)) {
    if (slots.length === MOST_AT_ONCE) return { slots, more: true };
    slots.push(at);
  }
  return { slots, more: false, ...(at !== undefined && { next: at }) };
}

/** The first slot behind `cursor`, as a job carries it. */
export function nextOf(job: Pick<Job, "schedule">, cursor: number): { nextSlot?: number; nextAt?: number } {
  const slot = nextSlot(job.schedule, cursor);
  return slot === undefined ? {} : { nextSlot: slot, nextAt: slot };
}

function runOf(job: Job, slot: number): { id: string; slot: number } {
  return { id: `${job.id}:${slot}`, slot };
}

/** Within [0, staggerMs), the same for a job for ever: jobs with the same schedule do not all begin at once (FNV-1a over the id). */
export function staggerOf({ id, staggerMs }: Pick<Job, "id" | "staggerMs">): number {
  if (staggerMs === 0) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i += 1) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
  return hash % staggerMs;
}

/**
 * What is done about sessions when nobody waits for it: transcripts become searchable, what is older than the owner wants to keep is forgotten, media that nobody has any
 * more go. What must stay true: each step is one short write with a pause behind it; nothing unfinished is touched (core/store, forgetOld); a failure is logged and tried
 * again, and stops nothing else.
 */
import { sleep, type Clock } from "../core/clock.ts";
import { toClankerError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store.ts";

export interface Retention {
  /** 0 = keep. */
  readonly days: number;
  /** 0 = no limit. */
  readonly megabytes: number;
}

export interface HousekeepingDeps {
  readonly store: Pick<Store, "indexEntries" | "forgetOld" | "measureKept" | "sweepBlobs">;
  readonly clock: Clock;
  readonly log: Log;
  /** As the config now has it. */
  readonly retention: () => Retention;
}

export interface Housekeeping {
  /** Works until `signal` aborts. Never rejects. */
  start(signal: AbortSignal): Promise<void>;
  /** One round now: everything that is due is done when it resolves. */
  round(signal?: AbortSignal): Promise<void>;
}

const INDEX_MS = 30_000;
const FORGET_MS = 3600_000;
const PAUSE_MS = 50;
/** Between two steps of the index, which are shorter: whoever writes meanwhile waits for one of them (about a millisecond). */
const INDEX_PAUSE_MS = 10;
const DAY_MS = 86_400_000;
/** A caller may hand a request in again for as long as this (contract.md, idempotency_key). */
const KEYS_MS = 30 * DAY_MS;
const STEP = { entries: 25, sessions: 20, measured: 2_000, blobs: 50 } as const;

export function createHousekeeping(deps: HousekeepingDeps): Housekeeping {
  const { clock, log } = deps;
  const tried = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (thrown) {
      log.warn("housekeeping failed and is tried again later", { what, code: toClankerError(thrown).code, error: String(thrown) });
    }
  };
  const round = async (signal: AbortSignal) => {
    await tried("search", () => index(deps, signal));
    await tried("retention", () => forget(deps, signal));
    await tried("media", () => sweep(deps, signal));
  };
  return {
    round: (signal = new AbortController().signal) => round(signal),
    async start(signal) {
      let forgetAt = clock.monotonic() + INDEX_MS;
      while (!signal.aborted) {
        await sleep(clock, INDEX_MS, signal);
        if (signal.aborted) return;
        if (clock.monotonic() < forgetAt) await tried("search", () => index(deps, signal));
        else {
          await round(signal);
          forgetAt = clock.monotonic() + FORGET_MS;
        }
      }
    },
  };
}

/** Steps until `step` says that it is done. */
async function inSteps(clock: Clock, signal: AbortSignal, step: () => Promise<boolean>, pauseMs = PAUSE_MS): Promise<void> {
  while (!signal.aborted && !(await step())) await sleep(clock, pauseMs, signal);
}

async function index({ store, clock }: HousekeepingDeps, signal: AbortSignal): Promise<void> {
  await inSteps(clock, signal, async () => (await store.indexEntries({ limit: STEP.entries })) < STEP.entries, INDEX_PAUSE_MS);
}

async function sweep({ store, clock }: HousekeepingDeps, signal: AbortSignal): Promise<void> {
  await inSteps(clock, signal, async () => (await store.sweepBlobs({ limit: STEP.blobs })) < STEP.blobs);
}

async function forget(deps: HousekeepingDeps, signal: AbortSignal): Promise<void> {
  const { store, clock, log, retention } = deps;
  const { days, megabytes } = retention();
  const now = clock.now();
  const byAge = days === 0 ? undefined : now - days * DAY_MS;
  const bySize = megabytes === 0 ? undefined : await sizeLimit(megabytes * 1_000_000, deps, signal);
  if ((byAge ?? bySize) === undefined || signal.aborted) return;
  const before = Math.max(byAge ?? 0, bySize ?? 0);
  let after: string | undefined;
  let entries = 0;
  let sessions = 0;
  await inSteps(clock, signal, async () => {
    const done = await store.forgetOld({ before, keysFrom: now - KEYS_MS, limit: STEP.sessions, now, ...(after !== undefined && { after }) });
    entries += done.entries;
    sessions += done.sessions;
    // The same sessions again while one of them has more than a step takes.
    if (!done.more) after = done.after;
    return !done.more && done.after === undefined;
  });
  if (entries + sessions > 0) log.info("what is older than is kept was forgotten", { before: new Date(before).toISOString(), entries, sessions });
}

/** The time before which everything has to go so that the rest fits; undefined when all of it does. Whole UTC days; today and yesterday stay. */
async function sizeLimit(bytes: number, { store, clock }: HousekeepingDeps, signal: AbortSignal): Promise<number | undefined> {
  const kept = new Map<number, number>();
  let after: { sessionId: string; number: number } | undefined;
  await inSteps(clock, signal, async () => {
    const page = await store.measureKept({ limit: STEP.measured, ...(after && { after }) });
    for (const { day, bytes: more } of page.days) kept.set(day, (kept.get(day) ?? 0) + more);
    after = page.after;
    return after === undefined;
  });
  const yesterday = Math.floor(clock.now() / DAY_MS) - 1;
  let sum = 0;
  for (const [day, more] of [...kept].toSorted(([a], [b]) => b - a)) {
    sum += more;
    if (sum > bytes && day < yesterday) return (day + 1) * DAY_MS;
  }
  return undefined;
}

/** The room's door: the jobs as callers see them, and the scheduler that runs them. */
import { RequestError } from "../core/errors.ts";
import type { Job, JobRun } from "../core/job.ts";
import type { JobInput, JobMaker, Jobs } from "../core/jobs.ts";
import { joinLabels } from "../core/label.ts";
import type { Principal } from "../core/principal.ts";
import { newId, type Random } from "../core/random.ts";
import { decideSlots, nextOf } from "./decide.ts";
import { HEARTBEAT_ID, syncHeartbeat, type Heartbeat } from "./heartbeat.ts";
import { badJob, settingsOf, type JobRules } from "./job-settings.ts";
import { createScheduler, type SchedulerDeps } from "./scheduler.ts";

export interface JobsDeps extends SchedulerDeps {
  readonly random: Random;
  readonly rules: JobRules;
  /** Most jobs there may be. */
  readonly maxJobs: number;
  /** Undefined: off. */
  readonly heartbeat?: Heartbeat;
}

export interface JobsRoom extends Jobs {
  /** Runs jobs until `signal` aborts. Never rejects. */
  start(signal: AbortSignal): Promise<void>;
}

/** Of somebody who is not the owner. */
const MOST_PER_PERSON = 50;
const EDIT_TRIES = 20;

export function createJobs(deps: JobsDeps): JobsRoom {
  const { store, clock, random, rules } = deps;
  const scheduler = createScheduler(deps);

  const get = async (id: string, who: Principal): Promise<Job> => {
    const job = await store.getJob({ id });
    if (job === undefined || !maySee(who, job.principal.person)) throw notFound(id);
    return job;
  };
  const getOwn = async (id: string, who: Principal): Promise<Job> => {
    const job = await get(id, who);
    if (job.id !== HEARTBEAT_ID) return job;
    throw new RequestError("job_from_config", "the heartbeat is set in the config", {
      hint: "clanker config set cron.heartbeat.enabled false switches it off",
    });
  };

  return {
    async add(input, maker) {
      const now = clock.now();
      const { principal, label } = maker;
      if (principal.class === "system") throw badJob("the gateway itself makes no jobs");
      const settings = settingsOf(input, { maker, now }, rules);
      const own = principal.class === "owner" ? [] : await store.listJobs({ person: principal.person, limit: MOST_PER_PERSON });
      const state = { cursor: now, failures: 0, skipped: 0, revision: 0, createdAt: now, updatedAt: now };
      const job: Job = { ...settings, ...state, ...nextOf(settings, now), id: newId(clock, random), principal, label };
      const saved = own.length >= MOST_PER_PERSON ? undefined : await store.saveJob({ job, most: deps.maxJobs });
      if (saved === undefined) throw tooMany();
      scheduler.poke();
      return saved;
    },
    list: (who, limit) => store.listJobs({ ...personOf(who), limit }),
    get,
    async edit(id, changes, maker) {
      for (let i = 0; i < EDIT_TRIES; i += 1) {
        const edited = await tryEdit(await getOwn(id, maker.principal), changes, maker, deps);
        if (edited === undefined) continue;
        scheduler.poke();
        return edited;
      }
      throw new RequestError("job_changed", `somebody else changes the job ${id} all the time`, { hint: "try again" });
    },
    async remove(id, who) {
      const job = await getOwn(id, who);
      await store.removeJob({ id: job.id, now: clock.now() });
      scheduler.poke();
    },
    async run(id, who) {
      for (let i = 0; i < EDIT_TRIES; i += 1) {
        const job = await get(id, who);
        const now = clock.now();
        const run = { id: `${job.id}:${now}:${newId(clock, random).slice(-12)}`, slot: now, trigger: "manual" as const, notBefore: now };
        const { cursor, nextSlot, nextAt } = job;
        const next = { ...(nextSlot !== undefined && { nextSlot }), ...(nextAt !== undefined && { nextAt }) };
        if (!(await store.planJobRuns({ jobId: job.id, revision: job.revision, cursor, ...next, skipped: 0, runs: [run], now }))) continue;
        scheduler.poke();
        return { ...run, jobId: job.id, name: job.name, status: "due" } satisfies JobRun;
      }
      throw new RequestError("job_changed", `somebody else changes the job ${id} all the time`, { hint: "try again" });
    },
    async runs({ id, limit }, who) {
      const runs = await store.listJobRuns({ ...(id !== undefined && { jobId: id }), ...personOf(who), limit });
      // A job that deleted itself has left its runs.
      if (id !== undefined && runs.length === 0) await get(id, who);
      return runs;
    },
    async status(who) {
      const jobs = await store.listJobs({ ...personOf(who), limit: 100_000 });
      const next = jobs.find((job) => job.enabled && job.nextAt !== undefined)?.nextAt;
      return { running: scheduler.running, jobs: jobs.length, ...(next !== undefined && { nextAt: next }) };
    },
    async start(signal) {
      await syncHeartbeat(deps.heartbeat, deps).catch((thrown: unknown) => deps.log.error("the heartbeat could not be set", { error: String(thrown) }));
      await scheduler.start(signal);
    },
  };
}

/** Under a new schedule, or when it is switched off or on, everything up to now is decided by what held until now. @returns undefined when the job has changed meanwhile. */
async function tryEdit(old: Job, changes: JobInput, maker: JobMaker, { store, clock, rules }: JobsDeps): Promise<Job | undefined> {
  const now = clock.now();
  const settings = settingsOf(changes, { maker, now, old }, rules);
  const label = joinLabels(old.label, maker.label);
  const timed = changes.schedule !== undefined || settings.enabled !== old.enabled;
  let job = old;
  while (timed && old.enabled) {
    const { more, ...plan } = decideSlots(job, now);
    if (!(await store.planJobRuns({ jobId: job.id, revision: job.revision, ...plan, now }))) return undefined;
    const planned = await store.getJob({ id: job.id });
    if (planned === undefined) return undefined;
    job = planned;
    if (!more) break;
  }
  const { nextSlot: _slot, nextAt: _at, ...rest } = job;
  // While it was switched off nothing was missed.
  const cursor = timed ? now : job.cursor;
  const failures = settings.enabled && !old.enabled ? 0 : job.failures;
  return await store.saveJob({
    job: { ...rest, ...settings, ...nextOf(settings, cursor), cursor, failures, label, updatedAt: now },
    revision: job.revision,
    most: Infinity,
  });
}

function maySee(who: Principal, person: string): boolean {
  return who.class === "owner" || who.person === person;
}

function personOf(who: Principal): { person?: string } {
  return who.class === "owner" ? {} : { person: who.person };
}

function notFound(id: string): RequestError {
  return new RequestError("job_not_found", `no job ${JSON.stringify(id.slice(0, 100))}`, { hint: "clanker cron list shows the jobs" });
}

function tooMany(): RequestError {
  return new RequestError("too_many_jobs", "there are as many jobs as there may be", { hint: "remove some that are not needed: clanker cron list" });
}

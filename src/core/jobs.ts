import type { Address } from "./address.ts";
import type { CatchUp, Job, JobRun } from "./job.ts";
import type { Label } from "./label.ts";
import type { Principal } from "./principal.ts";
import type { Thinking } from "./update.ts";

/** A schedule as people and models write it: exactly one of `at`, `every` and `cron`. */
export interface ScheduleText {
  /** `2026-12-24T18:00` in the time zone, an instant with `Z` or an offset, milliseconds since the epoch, or a time from now: `20m`, `1h30m`. */
  readonly at?: string | number | undefined;
  /** `30m`, `12h`, `1d`; a number counts seconds. */
  readonly every?: string | number | undefined;
  /** Five fields, or `@daily` and the like. */
  readonly cron?: string | undefined;
  /** IANA name; default: the owner's. */
  readonly timeZone?: string | undefined;
}

/** A job as it is asked for. What is left out has its default, or in an edit stays. */
export interface JobInput {
  readonly name?: string | undefined;
  readonly schedule?: ScheduleText | undefined;
  /** What the agent is told, or what the reminder says. */
  readonly text?: string | undefined;
  readonly kind?: "message" | "reminder" | undefined;
  readonly agent?: string | undefined;
  /** `own` (default), `fresh`, or a session key. */
  readonly session?: string | undefined;
  /** `quiet`, `owner`, or a place. */
  readonly deliver?: "quiet" | "owner" | Address | undefined;
  readonly model?: string | undefined;
  readonly thinking?: Thinking | undefined;
  /** Of one run. */
  readonly maxTokens?: number | undefined;
  readonly catchUp?: CatchUp | undefined;
  readonly catchUpLimit?: number | undefined;
  readonly maxDelayMs?: number | undefined;
  readonly staggerMs?: number | undefined;
  readonly deleteAfterRun?: boolean | undefined;
  readonly enabled?: boolean | undefined;
}

/** On whose behalf a job is made or changed, and what was in the context that did it. */
export interface JobMaker {
  readonly principal: Principal;
  readonly label: Label;
  /** Key of the session it is made in, if it is made in one. */
  readonly session?: string | undefined;
}

export interface JobsStatus {
  /** Whether this process holds the lease and runs jobs. */
  readonly running: boolean;
  readonly jobs: number;
  readonly nextAt?: number;
}

/**
 * Scheduled work as callers see it. The owner sees every job, anybody else their own; one that is not theirs answers exactly like one that is not there (sec-110).
 * @throws RequestError `job_not_found`, `bad_schedule`, `bad_time_zone`, `bad_job`, `channel_not_found`, `agent_not_found`, `too_many_jobs`, `job_from_config`, `job_changed`
 */
export interface Jobs {
  add(input: JobInput, maker: JobMaker): Promise<Job>;
  list(who: Principal, limit: number): Promise<Job[]>;
  get(id: string, who: Principal): Promise<Job>;
  /** Slots up to now are decided by the old schedule first, so that none is lost or doubled. */
  edit(id: string, changes: JobInput, maker: JobMaker): Promise<Job>;
  remove(id: string, who: Principal): Promise<void>;
  /** A run beside the schedule, now. */
  run(id: string, who: Principal): Promise<JobRun>;
  runs(query: { id?: string | undefined; limit: number }, who: Principal): Promise<JobRun[]>;
  status(who: Principal): Promise<JobsStatus>;
}

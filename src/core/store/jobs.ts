import type { Job, JobRun } from "../job.ts";
import type { Fence, Turn } from "../records.ts";
import type { Durabilities, Operation } from "./operation.ts";

/** Schedules and their runs. */
export interface JobsOperations {
  /**
   * Puts a job in its place. `revision`: the one it was changed from, undefined for a new job. Undefined, and nothing changed, when it has another one by now or there
   * are `most` jobs already. full.
   */
  saveJob: Operation<{ job: Job; revision?: number; most: number }, Job | undefined>;
  getJob: Operation<{ id: string }, Job | undefined>;
  /** The next due first, those without a next slot last. read. */
  listJobs: Operation<{ person?: string; limit: number }, Job[]>;
  /** The job and its runs that have not begun; what has begun ends by itself. full. */
  removeJob: Operation<{ id: string; now: number }, boolean>;
  /**
   * Decides slots: moves the job's cursor and next slot, and adds the runs, in one commit. A run that is known already is not added again. False, and nothing changed,
   * when the job has another revision by now. full.
   */
  planJobRuns: Operation<
    {
      fence?: Fence;
      jobId: string;
      revision: number;
      cursor: number;
      nextSlot?: number;
      nextAt?: number;
      skipped: number;
      runs: readonly Pick<JobRun, "id" | "slot" | "trigger" | "notBefore">[];
      now: number;
    },
    boolean
  >;
  /**
   * What is to be done by `now`: jobs with a slot that is due and no open run; of each job without a running run the first due one, with its job; running runs whose
   * turn has ended or is gone, or that began before `overdue`; and the next wall time at which there will be something. read.
   */
  jobAgenda: Operation<
    { now: number; overdue: number; limit: number },
    { jobs: Job[]; due: { run: JobRun; job: Job }[]; ended: { run: JobRun; job?: Job; turn?: Turn }[]; running: number; next?: number }
  >;
  /** Jobs whose cursor is in the future, because the wall clock has gone back. read. */
  jobsAhead: Operation<{ now: number; limit: number }, Job[]>;
  /** A run was handed over. full. */
  startJobRun: Operation<{ fence: Fence; id: string; turnId?: string; sessionKey?: string; now: number }, boolean>;
  /**
   * A run is over, once: counts the job's failures (with `pauseAfter` of them in a row it is switched off), removes a job that deletes itself after its last run, and
   * forgets all but the newest `keep` runs of the job and runs of removed jobs that ended before `forgetBefore`. Undefined when it was over before. full.
   */
  finishJobRun: Operation<
    {
      fence: Fence;
      id: string;
      status: "done" | "failed" | "cancelled";
      error?: JobRun["error"];
      attempts?: number;
      keep: number;
      pauseAfter: number;
      forgetBefore: number;
      now: number;
    },
    { run: JobRun; paused: boolean; removed: boolean } | undefined
  >;
  /** Newest first. read. */
  listJobRuns: Operation<{ jobId?: string; person?: string; limit: number }, JobRun[]>;
}

export const JOBS_DURABILITY: Durabilities<JobsOperations> = {
  saveJob: "full",
  getJob: "read",
  listJobs: "read",
  removeJob: "full",
  planJobRuns: "full",
  jobAgenda: "read",
  jobsAhead: "read",
  startJobRun: "full",
  finishJobRun: "full",
  listJobRuns: "read",
};

import type { Migration } from "./dialect.ts";

/** Scheduled work and its runs. */
export const jobs: Migration = {
  number: 6,
  name: "jobs",
  statements: () => [
    `CREATE TABLE jobs (id TEXT PRIMARY KEY, person TEXT NOT NULL, enabled BIGINT NOT NULL, body TEXT NOT NULL, principal TEXT NOT NULL, label TEXT NOT NULL,
       cursor_at BIGINT NOT NULL, next_slot BIGINT, next_at BIGINT, failures BIGINT NOT NULL, skipped BIGINT NOT NULL, revision BIGINT NOT NULL,
       created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL)`,
    "CREATE INDEX jobs_next ON jobs (next_at) WHERE enabled = 1 AND next_at IS NOT NULL",
    `CREATE TABLE job_runs (id TEXT PRIMARY KEY, job_id TEXT NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL, slot BIGINT NOT NULL, reason TEXT NOT NULL,
       status TEXT NOT NULL, not_before BIGINT NOT NULL, started_at BIGINT, ended_at BIGINT, turn_id TEXT, session_key TEXT, attempts BIGINT, error TEXT)`,
    "CREATE INDEX job_runs_job ON job_runs (job_id, slot)",
    "CREATE INDEX job_runs_open ON job_runs (job_id, slot) WHERE ended_at IS NULL",
    "CREATE INDEX job_runs_ended ON job_runs (ended_at) WHERE ended_at IS NOT NULL",
  ],
};

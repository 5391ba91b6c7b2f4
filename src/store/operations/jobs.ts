import type { Job, JobRun, JobSettings } from "../../core/job.ts";
import type { Operations } from "../../core/store.ts";
import { guard } from "./leases.ts";
import { jsonOrNull, parseOptional, present } from "./rows/column.ts";
import { all, one, run, type Steps } from "./statement.ts";
import { getTurn } from "./turns.ts";
import { Where } from "./where.ts";

type Input<K extends keyof Operations> = Operations[K]["input"];
type Output<K extends keyof Operations> = Operations[K]["output"];

interface JobRow {
  id: string;
  enabled: number;
  body: string;
  principal: string;
  label: string;
  cursor_at: number;
  next_slot: number | null;
  next_at: number | null;
  failures: number;
  skipped: number;
  revision: number;
  created_at: number;
  updated_at: number;
}

interface RunRow {
  id: string;
  job_id: string;
  name: string;
  slot: number;
  reason: JobRun["trigger"];
  status: JobRun["status"];
  not_before: number;
  started_at: number | null;
  ended_at: number | null;
  turn_id: string | null;
  session_key: string | null;
  attempts: number | null;
  error: string | null;
}

function toJob(row: JobRow): Job {
  return present({
    ...(JSON.parse(row.body) as Omit<JobSettings, "enabled">),
    id: row.id,
    enabled: row.enabled === 1,
    principal: JSON.parse(row.principal),
    label: JSON.parse(row.label),
    cursor: row.cursor_at,
    nextSlot: row.next_slot ?? undefined,
    nextAt: row.next_at ?? undefined,
    failures: row.failures,
    skipped: row.skipped,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  });
}

function toRun(row: RunRow): JobRun {
  return present({
    id: row.id,
    jobId: row.job_id,
    name: row.name,
    slot: row.slot,
    trigger: row.reason,
    status: row.status,
    notBefore: row.not_before,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    turnId: row.turn_id ?? undefined,
    sessionKey: row.session_key ?? undefined,
    attempts: row.attempts ?? undefined,
    error: parseOptional<NonNullable<JobRun["error"]>>(row.error),
  });
}

function bodyOf({ name, agent, schedule, payload, session, delivery, catchUp, catchUpLimit, maxDelayMs, staggerMs, deleteAfterRun }: Job): string {
  return JSON.stringify({ name, agent, schedule, payload, session, delivery, catchUp, catchUpLimit, maxDelayMs, staggerMs, deleteAfterRun });
}

export function* saveJob({ job, revision, most }: Input<"saveJob">): Steps<Job | undefined> {
  const { count } = (yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM jobs WHERE id <> ?", job.id))!;
  if (revision === undefined && count >= most) return undefined;
  const values = [
    job.principal.person,
    job.enabled ? 1 : 0,
    bodyOf(job),
    JSON.stringify(job.principal),
    JSON.stringify(job.label),
    job.cursor,
    job.nextSlot ?? null,
    job.nextAt ?? null,
    job.failures,
    job.skipped,
    (revision ?? 0) + 1,
    job.createdAt,
    job.updatedAt,
  ];
  const changed =
    revision === undefined
      ? yield* run(
          `INSERT INTO jobs (person, enabled, body, principal, label, cursor_at, next_slot, next_at, failures, skipped, revision, created_at, updated_at, id)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
          ...values,
          job.id,
        )
      : yield* run(
          `UPDATE jobs SET person = ?, enabled = ?, body = ?, principal = ?, label = ?, cursor_at = ?, next_slot = ?, next_at = ?, failures = ?, skipped = ?, revision = ?,
             created_at = ?, updated_at = ? WHERE id = ? AND revision = ?`,
          ...values,
          job.id,
          revision,
        );
  return changed === 0 ? undefined : yield* getJob({ id: job.id });
}

export function* getJob({ id }: Input<"getJob">): Steps<Job | undefined> {
  const row = yield* one<JobRow>("SELECT * FROM jobs WHERE id = ?", id);
  return row && toJob(row);
}

export function* listJobs({ person, limit }: Input<"listJobs">): Steps<Job[]> {
  const where = new Where().when("person = ?", person);
  const order = "CASE WHEN enabled = 1 AND next_at IS NOT NULL THEN 0 ELSE 1 END, next_at, created_at, id";
  return (yield* all<JobRow>(`SELECT * FROM jobs ${where.sql} ORDER BY ${order} LIMIT ?`, ...where.params, limit)).map(toJob);
}

export function* removeJob({ id, now }: Input<"removeJob">): Steps<boolean> {
  yield* run("UPDATE job_runs SET status = 'cancelled', ended_at = ? WHERE job_id = ? AND ended_at IS NULL AND status = 'due'", now, id);
  return (yield* run("DELETE FROM jobs WHERE id = ?", id)) > 0;
}

export function* planJobRuns({ fence, jobId, revision, cursor, nextSlot, nextAt, skipped, runs, now }: Input<"planJobRuns">): Steps<boolean> {
  if (fence !== undefined) yield* guard(fence);
  const job = yield* one<{ person: string; body: string }>(
    `UPDATE jobs SET cursor_at = ?, next_slot = ?, next_at = ?, skipped = skipped + ?, revision = revision + 1, updated_at = ? WHERE id = ? AND revision = ?
       RETURNING person, body`,
    cursor,
    nextSlot ?? null,
    nextAt ?? null,
    skipped,
    now,
    jobId,
    revision,
  );
  if (job === undefined) return false;
  const { name } = JSON.parse(job.body) as JobSettings;
  for (const one of runs) {
    yield* run(
      "INSERT INTO job_runs (id, job_id, person, name, slot, reason, status, not_before) VALUES (?, ?, ?, ?, ?, ?, 'due', ?) ON CONFLICT (id) DO NOTHING",
      one.id,
      jobId,
      job.person,
      name,
      one.slot,
      one.trigger,
      one.notBefore,
    );
  }
  return true;
}

const NO_OPEN_RUN = "NOT EXISTS (SELECT 1 FROM job_runs r WHERE r.job_id = j.id AND r.ended_at IS NULL)";
const FIRST_DUE = `r.ended_at IS NULL AND r.status = 'due' AND NOT EXISTS (SELECT 1 FROM job_runs o WHERE o.job_id = r.job_id AND o.ended_at IS NULL
  AND (o.status = 'running' OR o.slot < r.slot OR (o.slot = r.slot AND o.id < r.id)))`;

export function* jobAgenda({ now, overdue, limit }: Input<"jobAgenda">): Steps<Output<"jobAgenda">> {
  const jobs = yield* all<JobRow>(
    `SELECT j.* FROM jobs j WHERE j.enabled = 1 AND j.next_at <= ? AND ${NO_OPEN_RUN} ORDER BY j.next_at, j.id LIMIT ?`,
    now,
    limit,
  );
  const dueRows = yield* all<RunRow>(
    `SELECT r.* FROM job_runs r JOIN jobs j ON j.id = r.job_id WHERE ${FIRST_DUE} AND r.not_before <= ? ORDER BY r.not_before, r.slot, r.id LIMIT ?`,
    now,
    limit,
  );
  const due: Output<"jobAgenda">["due"] = [];
  for (const row of dueRows) {
    const job = yield* getJob({ id: row.job_id });
    if (job !== undefined) due.push({ run: toRun(row), job });
  }
  const endedRows = yield* all<RunRow>(
    `SELECT r.* FROM job_runs r LEFT JOIN turns t ON t.id = r.turn_id
     WHERE r.ended_at IS NULL AND r.status = 'running' AND (t.id IS NULL OR t.ended_at IS NOT NULL OR r.started_at < ?) ORDER BY r.started_at, r.id LIMIT ?`,
    overdue,
    limit,
  );
  const ended: Output<"jobAgenda">["ended"] = [];
  for (const row of endedRows) {
    const turn = row.turn_id === null ? undefined : yield* getTurn({ id: row.turn_id });
    const job = yield* getJob({ id: row.job_id });
    ended.push({ run: toRun(row), ...(job && { job }), ...(turn && { turn }) });
  }
  const { count } = (yield* one<{ count: number }>("SELECT COUNT(*) AS count FROM job_runs WHERE ended_at IS NULL AND status = 'running'"))!;
  const slot = yield* one<{ at: number | null }>(`SELECT MIN(j.next_at) AS at FROM jobs j WHERE j.enabled = 1 AND j.next_at > ? AND ${NO_OPEN_RUN}`, now);
  const later = yield* one<{ at: number | null }>(`SELECT MIN(r.not_before) AS at FROM job_runs r WHERE ${FIRST_DUE} AND r.not_before > ?`, now);
  const times = [slot?.at, later?.at].filter((at) => typeof at === "number");
  return { jobs: jobs.map(toJob), due, ended, running: count, ...(times.length > 0 && { next: Math.min(...times) }) };
}

export function* jobsAhead({ now, limit }: Input<"jobsAhead">): Steps<Job[]> {
  return (yield* all<JobRow>("SELECT * FROM jobs WHERE cursor_at > ? ORDER BY id LIMIT ?", now, limit)).map(toJob);
}

export function* startJobRun({ fence, id, turnId, sessionKey, now }: Input<"startJobRun">): Steps<boolean> {
  yield* guard(fence);
  const changed = yield* run(
    "UPDATE job_runs SET status = 'running', started_at = ?, turn_id = ?, session_key = ? WHERE id = ? AND ended_at IS NULL AND status = 'due'",
    now,
    turnId ?? null,
    sessionKey ?? null,
    id,
  );
  return changed > 0;
}

export function* finishJobRun(input: Input<"finishJobRun">): Steps<Output<"finishJobRun">> {
  const { fence, id, status, error, attempts, now } = input;
  yield* guard(fence);
  const row = yield* one<RunRow>(
    "UPDATE job_runs SET status = ?, ended_at = ?, error = ?, attempts = ? WHERE id = ? AND ended_at IS NULL RETURNING *",
    status,
    now,
    jsonOrNull(error),
    attempts ?? null,
    id,
  );
  if (row === undefined) return undefined;
  yield* forget(row.job_id, input);
  const job = yield* getJob({ id: row.job_id });
  if (job === undefined) return { run: toRun(row), paused: false, removed: false };
  const open = yield* one("SELECT id FROM job_runs WHERE job_id = ? AND ended_at IS NULL LIMIT 1", job.id);
  if (status === "done" && job.deleteAfterRun && job.nextSlot === undefined && open === undefined) {
    yield* run("DELETE FROM jobs WHERE id = ?", job.id);
    return { run: toRun(row), paused: false, removed: true };
  }
  const failures = status === "failed" ? job.failures + 1 : status === "done" ? 0 : job.failures;
  const paused = failures >= input.pauseAfter && job.enabled && status === "failed";
  if (failures !== job.failures || paused)
    yield* run("UPDATE jobs SET failures = ?, enabled = ?, revision = revision + 1 WHERE id = ?", failures, job.enabled && !paused ? 1 : 0, job.id);
  return { run: toRun(row), paused, removed: false };
}

/** Slots rise with time, so the newest runs are those with the highest. */
function* forget(jobId: string, { keep, forgetBefore }: Input<"finishJobRun">): Steps<void> {
  yield* run(
    `DELETE FROM job_runs WHERE job_id = ? AND ended_at IS NOT NULL AND slot <
       (SELECT slot FROM job_runs WHERE job_id = ? ORDER BY slot DESC LIMIT 1 OFFSET ?)`,
    jobId,
    jobId,
    keep - 1,
  );
  yield* run("DELETE FROM job_runs WHERE ended_at < ? AND job_id NOT IN (SELECT id FROM jobs)", forgetBefore);
}

export function* listJobRuns({ jobId, person, limit }: Input<"listJobRuns">): Steps<JobRun[]> {
  const where = new Where().when("job_id = ?", jobId).when("person = ?", person);
  return (yield* all<RunRow>(`SELECT * FROM job_runs ${where.sql} ORDER BY slot DESC, id DESC LIMIT ?`, ...where.params, limit)).map(toRun);
}

/**
 * Scheduled work: every slot is decided once, by its policy, and run once; what is run ends as its turn does and says what it has to say in one place. The slots are counted
 * here in another way than the program does.
 */
import type { Job, JobRun, Schedule } from "../../src/core/job.ts";
import type { Operations } from "../../src/core/store.ts";
import type { OperationName } from "../../src/store/operations/operations.ts";
import type { SimWorld, Watcher } from "./sim-world.ts";
import type { Subject } from "./subject.ts";

type Planned = Operations["planJobRuns"]["input"];

/** A slot that is found so soon is not late. */
const ON_TIME_MS = 60_000;
/** Two processes look at the clock one after the other. */
const BACK_MS = 60_000;
/** A run whose turn has ended is under way no longer than this, whatever dies. */
const ENDS_WITHIN_MS = 30 * 60_000;
const MINUTE_MS = 60_000;
export const HEARTBEAT = "heartbeat";

export class JobWatch implements Subject {
  readonly counts = { jobRuns: 0, caughtUp: 0, leftOut: 0, reminders: 0 };
  readonly #watch: Watcher;
  readonly #world: SimWorld;
  /** As the last commit has left them. */
  #jobs = new Map<string, Job>();
  /** Runs under way whose turn has ended, since when (simulated). */
  readonly #over = new Map<string, number>();

  constructor(watch: Watcher, world: SimWorld) {
    this.#watch = watch;
    this.#world = world;
  }

  committed(name: OperationName, input: Record<string, unknown>, output: unknown): void {
    if (name === "saveJob" && output !== undefined) this.#saved(output as Job);
    if (name === "planJobRuns" && output === true) this.#planned(input as unknown as Planned);
    if (name === "startJobRun" && output === true) this.#begun(input["id"] as string);
    if (name === "removeJob") this.#jobs.delete(input["id"] as string);
    if (name === "finishJobRun" && (output as { removed: boolean } | undefined)?.removed === true) this.#jobs.delete((output as { run: JobRun }).run.jobId);
    if (name === "finishJobRun" && output !== undefined) this.counts.jobRuns += 1;
    if (name === "finishJobRun" && (output as { paused: boolean } | undefined)?.paused === true) this.#reread((output as { run: JobRun }).run.jobId);
    if (name === "purgePerson") for (const id of this.#jobs.keys()) this.#reread(id);
  }

  check(): void {
    if (!this.#world.climate.jobs) return;
    const [twice] = this.#watch.rows<{ id: string }>("SELECT id FROM job_runs GROUP BY id HAVING COUNT(*) > 1");
    if (twice) this.#watch.broken("P1", `the run ${twice.id} stands there twice`);
    const [unheard] = this.#watch.rows<{ id: string }>(
      "SELECT id FROM job_runs r WHERE status = 'running' AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.key = 'job:' || r.id AND i.turn_id = r.turn_id)",
    );
    if (unheard) this.#watch.broken("P1", `the run ${unheard.id} is under way and was never handed over`);
    this.#checkRunning();
  }

  unrest(): string[] {
    const open = this.#watch.rows<{ id: string; status: string }>("SELECT id, status FROM job_runs WHERE ended_at IS NULL");
    const unrest = open.map(({ id, status }) => `the run ${id} is still ${status}`);
    const on = this.#watch.rows<{ id: string }>("SELECT id FROM jobs WHERE enabled = 1 AND next_at IS NOT NULL");
    return [...unrest, ...on.map(({ id }) => `the job ${id} is still on`)];
  }

  settle(): void {
    const runs = this.#watch.rows<{ id: string; status: string; turn: string; address: string; answers: number }>(
      `SELECT r.id, r.status, t.status AS turn, t.address, (SELECT COUNT(*) FROM deliveries d WHERE d.turn_id = t.id AND d.status <> 'cancelled') AS answers
       FROM job_runs r JOIN turns t ON t.id = r.turn_id`,
    );
    for (const { id, status, turn, address, answers } of runs) {
      if (status !== turn) this.#watch.broken("P5", `the run ${id} is ${status} and its turn ${turn}`);
      if (address.includes('"web"') && answers > 0) this.#watch.broken("P2", `the run ${id} is quiet and has said something`);
    }
    // What a reminder says begins with a word that no other job has.
    const reminders = this.#watch.rows<{ id: string; n: number }>(
      `SELECT r.id, (SELECT COUNT(*) FROM deliveries d JOIN delivery_parts p ON p.delivery_id = d.id AND p.number = 0
         WHERE d.turn_id IS NULL AND d.created_at = i.received_at AND p.text LIKE '"' || substr(said, 1, instr(said, ' ')) || '%') AS n
       FROM (SELECT key, received_at, json_extract(body, '$.message.parts[0].text') AS said FROM inbox) i JOIN job_runs r ON i.key = 'job:' || r.id
       WHERE r.status = 'done' AND r.turn_id IS NULL`,
    );
    this.counts.reminders += reminders.length;
    for (const { id, n } of reminders) if (n !== 1) this.#watch.broken("P2", `the reminder ${id} was told ${n} times`);
  }

  /** Under a new schedule nothing of the old one is left undecided; a job that was off has missed nothing. */
  #saved(job: Job): void {
    const before = this.#jobs.get(job.id);
    this.#jobs.set(job.id, job);
    if (before !== undefined && job.cursor < before.cursor && !this.#world.wallHasJumped)
      this.#watch.broken("P1", `a change of ${job.id} has taken back what was decided about its slots`);
    if (before === undefined || !before.enabled || job.cursor <= before.cursor) return;
    const lost = slotsIn(before.schedule, before.cursor, job.cursor);
    if (lost.length > 0) this.#watch.broken("P1", `${lost.length} slots of ${job.id} were lost by a change, the first is ${lost[0]}`);
  }

  #planned({ jobId, cursor, runs, skipped, now }: Planned): void {
    const before = this.#jobs.get(jobId);
    this.#reread(jobId);
    if (before === undefined) return this.#watch.broken("P1", `slots of ${jobId} were decided, which is no job`);
    // A little further back than another process has seen, and nothing done about it: what follows when the wall clock has jumped.
    const most = runs.length + skipped === 0 ? BACK_MS : 0;
    if (cursor < before.cursor - most && !this.#world.wallHasJumped)
      this.#watch.broken("P1", `the slots of ${jobId} are decided anew from ${cursor}, they were until ${before.cursor}`);
    const made = runs.filter(({ trigger }) => trigger !== "manual");
    const slots = slotsIn(before.schedule, before.cursor, cursor);
    this.counts.caughtUp += runs.filter(({ trigger }) => trigger === "catch_up").length;
    this.counts.leftOut += skipped;
    const wanted = wantedOf(before, slots, now);
    const [got, due] = [made.map(({ slot }) => slot).join(" "), wanted.join(" ")];
    if (got !== due) this.#watch.broken("P1", `of ${jobId} the slots ${got || "none"} were run and not ${due || "none"} (${slots.length} until ${cursor})`);
    else if (skipped !== slots.length - wanted.length)
      this.#watch.broken("P1", `${skipped} slots of ${jobId} were counted as left out and not ${slots.length - wanted.length}`);
  }

  #begun(id: string): void {
    const [other] = this.#watch.rows<{ id: string }>(
      "SELECT o.id FROM job_runs r JOIN job_runs o ON o.job_id = r.job_id AND o.status = 'running' WHERE r.id = ? AND o.id <> r.id LIMIT 1",
      id,
    );
    if (other) this.#watch.broken("P3", `the run ${id} was begun while ${other.id} is under way`);
  }

  #checkRunning(): void {
    const ended = new Set(
      this.#watch
        .rows<{ id: string }>("SELECT r.id FROM job_runs r JOIN turns t ON t.id = r.turn_id WHERE r.ended_at IS NULL AND t.ended_at IS NOT NULL")
        .map(({ id }) => id),
    );
    for (const id of this.#over.keys()) if (!ended.has(id)) this.#over.delete(id);
    for (const id of ended) {
      const since = this.#over.get(id) ?? this.#world.timeline.now;
      this.#over.set(id, since);
      if (this.#world.timeline.now - since > ENDS_WITHIN_MS) this.#watch.broken("P5", `the run ${id} is under way long after its turn has ended`);
    }
  }

  #reread(id: string): void {
    const before = this.#jobs.get(id);
    const [row] = this.#watch.rows<{ enabled: number; cursor_at: number }>("SELECT enabled, cursor_at FROM jobs WHERE id = ?", id);
    if (row === undefined) this.#jobs.delete(id);
    else if (before !== undefined) this.#jobs.set(id, { ...before, enabled: row.enabled === 1, cursor: row.cursor_at });
  }
}

/** Slots in (after, until]; none when time went back. */
function slotsIn(schedule: Schedule, after: number, until: number): number[] {
  if (schedule.kind === "at") return schedule.at > after && schedule.at <= until ? [schedule.at] : [];
  const [step, from] = schedule.kind === "every" ? [schedule.everyMs, schedule.anchor] : [minutesOf(schedule.pattern) * MINUTE_MS, 0];
  const slots: number[] = [];
  // The anchor itself is no slot.
  for (let at = from + step * (Math.floor(Math.max(0, after - from) / step) + 1); at <= until; at += step) slots.push(at);
  return slots;
}

/** Of the one kind of pattern that people here use: every so many minutes of an hour. */
function minutesOf(pattern: string): number {
  return Number(/^\*\/(\d+) \* \* \* \*$/.exec(pattern)![1]);
}

/** Those of `slots` that are to be run: what is on time always, what is late by the job's policy. */
function wantedOf({ catchUp, catchUpLimit, maxDelayMs }: Job, slots: readonly number[], now: number): number[] {
  const onTime = slots.filter((slot) => now - slot <= ON_TIME_MS);
  const late = slots.filter((slot) => now - slot > ON_TIME_MS);
  const most = catchUp === "skip" ? 0 : catchUp === "all" ? catchUpLimit : onTime.length > 0 ? 0 : 1;
  const kept = most === 0 ? [] : late.slice(-most).filter((slot) => maxDelayMs === 0 || now - slot <= maxDelayMs);
  return [...kept, ...onTime];
}

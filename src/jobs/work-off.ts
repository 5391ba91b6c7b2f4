/**
 * One look at the jobs: ends runs whose turns are over, decides slots that are due, hands runs to the intake. What must stay true: a slot is decided in one commit before
 * anything is done about it, and what is decided is handed over under a key that the inbox takes once; so a crash between any two lines neither loses nor doubles a run.
 */
import type { Address } from "../core/address.ts";
import type { Clock } from "../core/clock.ts";
import { StoreError, toClankerError } from "../core/errors.ts";
import type { Hub } from "../core/event.ts";
import type { Intake, Outcome } from "../core/intake.ts";
import { NOTHING_TO_SAY, type Job, type JobRun } from "../core/job.ts";
import type { Log } from "../core/log.ts";
import type { Metrics } from "../core/metrics.ts";
import type { Fence, Turn } from "../core/records.ts";
import type { Store } from "../core/store.ts";
import { decideSlots } from "./decide.ts";
import { updateOf } from "./job-update.ts";

export interface WorkDeps {
  readonly store: Store;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly hub: Hub;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Tells the owner; returns at once. */
  readonly notify: (code: string, text: string) => void;
  /** Where the owner is told things; undefined: nowhere but the page. */
  readonly home: () => Promise<Address | undefined>;
  /** Puts a text for the owner into the outbox, once per id. */
  readonly tellOwner: (id: string, text: string) => Promise<void>;
  readonly abort: (turnId: string) => Promise<unknown>;
  /** Ended runs that are kept per job. */
  readonly keepRuns: number;
  /** Failures in a row after which a job is switched off. */
  readonly pauseAfter: number;
  /** A run that takes longer is given up, milliseconds. */
  readonly maxRunMs: number;
}

type Agenda = Awaited<ReturnType<Store["jobAgenda"]>>;

const LIMIT = 100;
/** Runs of jobs that are gone are kept this long, milliseconds. */
const FORGET_MS = 30 * 86_400_000;

/**
 * Does what is due, until nothing is.
 * @returns when to look again at the latest: a wall time, if there is one, and how many runs are under way.
 * @throws StoreError; then what was not done is still to be done.
 */
export async function workOff(fence: Fence, deps: WorkDeps, signal: AbortSignal): Promise<Pick<Agenda, "next" | "running">> {
  for (;;) {
    const now = deps.clock.now();
    const agenda = await deps.store.jobAgenda({ now, overdue: now - deps.maxRunMs, limit: LIMIT });
    if (signal.aborted || agenda.jobs.length + agenda.due.length + agenda.ended.length === 0) return agenda;
    for (const one of agenda.ended) await endRun(one, fence, deps);
    let catchUps = 0;
    for (const job of agenda.jobs) catchUps += await decide(job, { fence, catchUps }, deps);
    for (const { run, job } of agenda.due) await handOver(job, run, fence, deps);
  }
}

/** @returns how many missed slots it makes up for. */
async function decide(job: Job, { fence, catchUps }: { fence: Fence; catchUps: number }, deps: WorkDeps): Promise<number> {
  const now = deps.clock.now();
  try {
    const { more: _, runs, ...plan } = decideSlots(job, now, catchUps);
    const planned = await deps.store.planJobRuns({ fence, jobId: job.id, revision: job.revision, ...plan, runs, now });
    if (planned && plan.skipped > 0) deps.log.info("missed slots of a job are left out", { job: job.id, skipped: plan.skipped, catchUp: job.catchUp });
    return planned ? runs.filter(({ trigger }) => trigger === "catch_up").length : 0;
  } catch (thrown) {
    if (thrown instanceof StoreError) throw thrown;
    // A zone that this machine no longer knows, for example: this job stops, the others go on.
    const error = toClankerError(thrown);
    deps.log.error("a job's schedule cannot be read; it is switched off", { job: job.id, code: error.code, error: error.message });
    const { nextSlot: _slot, nextAt: _at, ...rest } = job;
    await deps.store.saveJob({ job: { ...rest, enabled: false, updatedAt: now }, revision: job.revision, most: Infinity });
    deps.notify("job_failed", `The job ${JSON.stringify(job.name)} is switched off: ${error.message}`);
    return 0;
  }
}

async function handOver(job: Job, run: JobRun, fence: Fence, deps: WorkDeps): Promise<void> {
  const { store, clock } = deps;
  const idle = job.payload.kind === "heartbeat" && (await isIdle(job, job.payload.idleMs, deps));
  if (idle) return await finish(run, { status: "cancelled", error: { code: "job_idle", message: "nobody has talked to the assistant for long" } }, fence, deps);
  let outcome: Outcome | undefined;
  try {
    [outcome] = await deps.intake.receive([updateOf(job, run, { now: clock.now(), home: await deps.home() })]);
  } catch (thrown) {
    if (thrown instanceof StoreError) throw thrown;
    const { code, message } = toClankerError(thrown);
    return await finish(run, { status: "failed", error: { code, message } }, fence, deps);
  }
  if ((outcome?.kind === "turn" || outcome?.kind === "duplicate") && outcome.turnId !== undefined) {
    const { turnId, sessionKey } = outcome;
    await store.startJobRun({ fence, id: run.id, turnId, ...(sessionKey !== undefined && { sessionKey }), now: clock.now() });
    return;
  }
  if (job.payload.kind === "reminder" && (outcome?.kind === "context" || outcome?.kind === "duplicate")) {
    if (outcome.kind === "context") deps.hub.publish({ event: "notice", payload: { code: "reminder", text: job.payload.text, job_id: job.id } });
    return await finish(run, { status: "done" }, fence, deps);
  }
  const why = outcome?.kind === "refused" ? outcome.reason : "nobody answers where it was made";
  await finish(run, { status: "failed", error: { code: "job_refused", message: why } }, fence, deps);
}

/** The turn says how the run ended. */
async function endRun({ run, job, turn }: Agenda["ended"][number], fence: Fence, deps: WorkDeps): Promise<void> {
  if (turn === undefined) {
    return await finish(run, { status: "cancelled", error: { code: "job_session_deleted", message: "its session was deleted" } }, fence, deps);
  }
  const attempts = { attempts: turn.attempts };
  if (turn.endedAt === undefined) {
    await deps.abort(turn.id);
    return await finish(run, { status: "failed", error: { code: "job_timed_out", message: "it took too long and was stopped" }, ...attempts }, fence, deps);
  }
  if (turn.status === "done" && job?.payload.kind === "heartbeat") await tellIfAny(run, turn, deps);
  const error = turn.error && { code: turn.error.code, message: turn.error.message };
  const status = turn.status === "done" ? "done" : turn.status === "cancelled" ? "cancelled" : "failed";
  await finish(run, { status, ...attempts, ...(error && { error }) }, fence, deps);
}

type Ending = { status: "done" | "failed" | "cancelled"; error?: { code: string; message: string }; attempts?: number };

async function finish(given: JobRun, ending: Ending, fence: Fence, deps: WorkDeps): Promise<void> {
  const now = deps.clock.now();
  const { keepRuns: keep, pauseAfter } = deps;
  const finished = await deps.store.finishJobRun({ fence, id: given.id, ...ending, keep, pauseAfter, forgetBefore: now - FORGET_MS, now });
  if (finished === undefined) return;
  const { run, paused } = finished;
  const { error, turnId } = run;
  deps.metrics.count("job_runs", { outcome: ending.status });
  deps.hub.publish({
    event: "job.ran",
    payload: {
      job_id: run.jobId,
      run_id: run.id,
      name: run.name,
      slot: run.slot,
      outcome: ending.status,
      ...(turnId !== undefined && { turn_id: turnId }),
      ...(error && { error }),
    },
  });
  if (ending.status !== "failed") return;
  deps.log.warn("a job has failed", { job: run.jobId, run: run.id, code: error?.code, error: error?.message });
  const name = JSON.stringify(run.name);
  if (paused) deps.notify("job_paused", `The job ${name} has failed ${deps.pauseAfter} times in a row and is switched off: clanker cron runs ${run.jobId}`);
  // The owner is told about a turn that has failed by the turn itself.
  else if (turnId === undefined || error?.code === "job_timed_out") deps.notify("job_failed", `The job ${name} has failed: ${error?.message ?? "unknown"}`);
}

/** A heartbeat costs money: it ends by itself when nobody talks to the assistant any more (fault-41). */
async function isIdle({ agent }: Job, idleMs: number, { store, clock }: WorkDeps): Promise<boolean> {
  const sessions = await store.listSessions({ agent, limit: 500 });
  const last = sessions.find(({ key }) => !key.startsWith(`agent:${agent}:job:`));
  return last === undefined || clock.now() - last.updatedAt > idleMs;
}

async function tellIfAny(run: JobRun, turn: Turn, deps: WorkDeps): Promise<void> {
  if (turn.answerEntry === undefined) return;
  const [entry] = await deps.store.readEntries({ sessionId: turn.sessionId, after: turn.answerEntry - 1, limit: 1 });
  if (entry?.content.role !== "assistant") return;
  const text = entry.content.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  const said = text.trim();
  if (said === "" || said.replace(/[.!\s]+$/, "") === NOTHING_TO_SAY) return;
  await deps.tellOwner(`job:${run.id}`, said);
}

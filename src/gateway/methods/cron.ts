import { formatAddress, parseAddress } from "../../core/address.ts";
import { RequestError } from "../../core/errors.ts";
import type { Job, JobRun } from "../../core/job.ts";
import type { JobInput, JobMaker } from "../../core/jobs.ts";
import { labelOf, type Principal } from "../../core/principal.ts";
import { durationOf, showSchedule } from "../../jobs/read-schedule.ts";
import { v } from "../../lib/schema/index.ts";
import type { Credential } from "../auth/credential.ts";
import { DEFAULT_SESSION } from "../find-session.ts";
import { defineMethod } from "../method.ts";
import { limit, modelName, name as plainName, sessionRef, text, thinking, wholeNumber } from "./schemas.ts";

const jobId = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const short = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
/** `30m`, or seconds. */
const duration = v.union([v.pipe(v.string(), v.maxLength(40)), v.pipe(v.number(), v.minValue(0))], "must be a duration such as 30m, or seconds");

const fields = {
  name: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(100))),
  at: v.optional(v.union([short, v.number()])),
  every: v.optional(duration),
  cron: v.optional(short),
  time_zone: v.optional(short),
  message: v.optional(v.pipe(text, v.minLength(1))),
  reminder: v.optional(v.pipe(text, v.minLength(1))),
  agent: v.optional(plainName),
  session: v.optional(sessionRef),
  deliver: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(1024))),
  model: v.optional(modelName),
  thinking: v.optional(thinking),
  max_tokens: v.optional(v.pipe(wholeNumber, v.minValue(1))),
  catch_up: v.optional(v.picklist(["skip", "once", "all"])),
  catch_up_limit: v.optional(wholeNumber),
  max_delay: v.optional(duration),
  stagger: v.optional(duration),
  delete_after_run: v.optional(v.boolean()),
  enabled: v.optional(v.boolean()),
};
const params = v.strictObject(fields);

export const jobInfo = v.object({
  id: v.string(),
  name: v.string(),
  agent: v.string(),
  /** In words; the exact values follow. */
  schedule: v.string(),
  at: v.optional(v.number()),
  every_ms: v.optional(v.number()),
  cron: v.optional(v.string()),
  time_zone: v.optional(v.string()),
  kind: v.picklist(["message", "reminder", "heartbeat"]),
  text: v.string(),
  session: v.string(),
  deliver: v.string(),
  model: v.optional(v.string()),
  thinking: v.optional(v.string()),
  max_tokens: v.optional(v.number()),
  enabled: v.boolean(),
  catch_up: v.picklist(["skip", "once", "all"]),
  catch_up_limit: v.number(),
  max_delay_ms: v.number(),
  stagger_ms: v.number(),
  delete_after_run: v.boolean(),
  next_at: v.optional(v.number()),
  failures: v.number(),
  skipped: v.number(),
  person: v.string(),
  created_at: v.number(),
  updated_at: v.number(),
});

export const runInfo = v.object({
  id: v.string(),
  job_id: v.string(),
  name: v.string(),
  slot: v.number(),
  trigger: v.picklist(["schedule", "catch_up", "manual"]),
  status: v.picklist(["due", "running", "done", "failed", "cancelled"]),
  started_at: v.optional(v.number()),
  ended_at: v.optional(v.number()),
  turn_id: v.optional(v.string()),
  session: v.optional(v.string()),
  attempts: v.optional(v.number()),
  error: v.optional(v.object({ code: v.string(), message: v.string() })),
});

/** Whoever may call these is the owner: those that change something need admin, those that only look see what every reader of chats sees. */
const ownerAt = (credential: Credential): Principal => ({
  person: "owner",
  class: "owner",
  where: { channel: "web", account: credential.id, conversation: DEFAULT_SESSION },
  direct: true,
});
const makerOf = (credential: Credential): JobMaker => {
  const principal = ownerAt(credential);
  return { principal, label: labelOf(principal) };
};

export const cronMethods = [
  defineMethod({
    name: "cron.list",
    summary: "The jobs, the next due first.",
    params: v.strictObject({ limit: v.optional(limit(1000), 200) }),
    result: v.object({ jobs: v.array(jobInfo) }),
    scope: "read",
    handler: async (given, { deps, credential }) => ({ jobs: (await deps.jobs.list(ownerAt(credential), given.limit)).map(describeJob) }),
  }),
  defineMethod({
    name: "cron.add",
    summary:
      "A new job. Exactly one of `at` (a time in time_zone, or from now: 20m), `every` (30m) and `cron`; `message` starts a turn, `reminder` is delivered as it stands. `session`: own, fresh or a key. `deliver`: quiet, owner or an address.",
    params,
    result: jobInfo,
    scope: "admin",
    mutating: true,
    handler: async (given, { deps, credential }) => describeJob(await deps.jobs.add(inputOf(given), makerOf(credential))),
  }),
  defineMethod({
    name: "cron.edit",
    summary: "Changes a job; what is left out stays. Slots up to now are decided by the old schedule first.",
    params: v.strictObject({ id: jobId, ...fields }),
    result: jobInfo,
    scope: "admin",
    mutating: true,
    handler: async ({ id, ...given }, { deps, credential }) => describeJob(await deps.jobs.edit(id, inputOf(given), makerOf(credential))),
  }),
  defineMethod({
    name: "cron.run",
    summary: "Runs a job now, beside its schedule; job.ran tells how it ended.",
    params: v.strictObject({ id: jobId }),
    result: runInfo,
    scope: "admin",
    mutating: true,
    handler: async ({ id }, { deps, credential }) => describeRun(await deps.jobs.run(id, ownerAt(credential))),
  }),
  defineMethod({
    name: "cron.runs",
    summary: "Runs of one job or of all, the newest first.",
    params: v.strictObject({ id: v.optional(jobId), limit: v.optional(limit(1000), 50) }),
    result: v.object({ runs: v.array(runInfo) }),
    scope: "read",
    handler: async ({ id, limit: most }, { deps, credential }) => ({
      runs: (await deps.jobs.runs({ id, limit: most }, ownerAt(credential))).map(describeRun),
    }),
  }),
  defineMethod({
    name: "cron.status",
    summary: "Whether this gateway runs the jobs, how many there are and when the next one is due.",
    params: v.strictObject({}),
    result: v.object({ running: v.boolean(), jobs: v.number(), next_at: v.optional(v.number()) }),
    scope: "read",
    handler: async (_, { deps, credential }) => {
      const { nextAt, ...status } = await deps.jobs.status(ownerAt(credential));
      return { ...status, ...(nextAt === undefined ? {} : { next_at: nextAt }) };
    },
  }),
  defineMethod({
    name: "cron.remove",
    summary: "Removes a job; a run that has begun ends by itself.",
    params: v.strictObject({ id: jobId }),
    result: v.object({ removed: v.boolean() }),
    scope: "admin",
    mutating: true,
    handler: async ({ id }, { deps, credential }) => {
      await deps.jobs.remove(id, ownerAt(credential));
      return { removed: true };
    },
  }),
];

function inputOf(given: v.InferOutput<typeof params>): JobInput {
  const { at, every, cron, time_zone: timeZone, message, reminder, deliver, max_tokens: maxTokens, catch_up: catchUp, catch_up_limit: catchUpLimit } = given;
  if (message !== undefined && reminder !== undefined) throw new RequestError("bad_job", "a job is either a message or a reminder");
  const timed = [at, every, cron].some((one) => one !== undefined);
  if (!timed && timeZone !== undefined)
    throw new RequestError("bad_schedule", "time_zone belongs to at or cron: give both", { hint: "repeat the schedule with its new zone" });
  return {
    name: given.name,
    schedule: timed ? { at, every, cron, timeZone } : undefined,
    text: message ?? reminder,
    kind: message !== undefined ? "message" : reminder !== undefined ? "reminder" : undefined,
    agent: given.agent,
    session: given.session,
    deliver: deliver === undefined || deliver === "quiet" || deliver === "owner" ? deliver : parseAddress(deliver),
    model: given.model,
    thinking: given.thinking,
    maxTokens,
    catchUp,
    catchUpLimit,
    maxDelayMs: msOf(given.max_delay),
    staggerMs: msOf(given.stagger),
    deleteAfterRun: given.delete_after_run,
    enabled: given.enabled,
  };
}

function msOf(given: string | number | undefined): number | undefined {
  if (given === undefined) return undefined;
  const ms = typeof given === "number" ? Math.round(given * 1000) : given === "0" ? 0 : durationOf(given);
  if (ms === undefined) throw new RequestError("bad_job", `not a duration: ${JSON.stringify(given)}`, { hint: "write 90s, 20m, 1h30m or 2d" });
  return ms;
}

function describeJob(job: Job): v.InferInput<typeof jobInfo> {
  const { schedule, payload } = job;
  const zone = schedule.kind === "cron" ? schedule.timeZone : undefined;
  return {
    id: job.id,
    name: job.name,
    agent: job.agent,
    schedule: showSchedule(schedule),
    ...(schedule.kind === "at" ? { at: schedule.at } : schedule.kind === "every" ? { every_ms: schedule.everyMs } : { cron: schedule.pattern }),
    ...(zone === undefined ? {} : { time_zone: zone }),
    kind: payload.kind,
    text: payload.text,
    session: job.session.kind === "key" ? job.session.key : job.session.kind,
    deliver: job.delivery.kind === "address" ? formatAddress(job.delivery.address) : job.delivery.kind,
    ...("model" in payload && payload.model !== undefined ? { model: payload.model } : {}),
    ...("thinking" in payload && payload.thinking !== undefined ? { thinking: payload.thinking } : {}),
    ...("maxTokens" in payload && payload.maxTokens !== undefined ? { max_tokens: payload.maxTokens } : {}),
    enabled: job.enabled,
    catch_up: job.catchUp,
    catch_up_limit: job.catchUpLimit,
    max_delay_ms: job.maxDelayMs,
    stagger_ms: job.staggerMs,
    delete_after_run: job.deleteAfterRun,
    ...(job.nextAt === undefined || !job.enabled ? {} : { next_at: job.nextAt }),
    failures: job.failures,
    skipped: job.skipped,
    person: job.principal.person,
    created_at: job.createdAt,
    updated_at: job.updatedAt,
  };
}

function describeRun(run: JobRun): v.InferInput<typeof runInfo> {
  const { startedAt, endedAt, turnId, sessionKey, attempts, error } = run;
  return {
    id: run.id,
    job_id: run.jobId,
    name: run.name,
    slot: run.slot,
    trigger: run.trigger,
    status: run.status,
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(endedAt === undefined ? {} : { ended_at: endedAt }),
    ...(turnId === undefined ? {} : { turn_id: turnId }),
    ...(sessionKey === undefined ? {} : { session: sessionKey }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(error === undefined ? {} : { error }),
  };
}

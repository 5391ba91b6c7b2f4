import { formatAddress } from "../../../core/address.ts";
import { RequestError } from "../../../core/errors.ts";
import { sha256Hex } from "../../auth/digest.ts";
import { v } from "../../../lib/schema/index.ts";
import type { jobInfo, runInfo } from "../../methods/cron.ts";
import { defineRow, refuse } from "../row.ts";
import { keyOf, ourModel } from "../session-ref.ts";

type JobInfo = v.InferOutput<typeof jobInfo>;
type RunInfo = v.InferOutput<typeof runInfo>;

const word = v.pipe(v.string(), v.minLength(1), v.maxLength(512));
const ms = v.pipe(v.number(), v.integer(), v.minValue(0));
const schedule = v.variant("kind", [
  v.looseObject({ kind: v.literal("at"), at: word }),
  v.looseObject({ kind: v.literal("every"), everyMs: v.pipe(ms, v.minValue(1)) }),
  v.looseObject({ kind: v.literal("cron"), expr: word, tz: v.optional(v.string()), staggerMs: v.optional(ms) }),
]);
const payload = v.variant("kind", [
  v.looseObject({ kind: v.literal("systemEvent"), text: v.pipe(v.string(), v.minLength(1)) }),
  v.looseObject({ kind: v.literal("agentTurn"), message: v.pipe(v.string(), v.minLength(1)), model: v.optional(v.string()), thinking: v.optional(v.string()) }),
]);
const fields = {
  name: v.optional(word),
  agentId: v.optional(v.nullable(word)),
  enabled: v.optional(v.boolean()),
  deleteAfterRun: v.optional(v.boolean()),
  schedule: v.optional(schedule),
  sessionTarget: v.optional(word),
  sessionKey: v.optional(v.nullable(word)),
  payload: v.optional(payload),
  delivery: v.optional(
    v.looseObject({
      mode: v.optional(v.string()),
      channel: v.optional(v.string()),
      to: v.optional(v.string()),
      accountId: v.optional(v.string()),
      threadId: v.optional(v.union([v.string(), v.number()])),
    }),
  ),
  trigger: v.optional(v.unknown()),
  failureAlert: v.optional(v.unknown()),
};
type Fields = { readonly [K in keyof typeof fields]?: v.InferOutput<(typeof fields)[K]> };
const jobRef = { id: v.optional(word), jobId: v.optional(word) };

function idOf({ id, jobId }: { id?: string | undefined; jobId?: string | undefined }): string {
  const found = id ?? jobId;
  if (found === undefined) throw new RequestError("bad_params", "name the job: id");
  return found;
}

/** Their job in the words of our cron.add and cron.edit; what is left out stays out. */
function jobParams(given: Fields): Record<string, unknown> {
  refuse("trigger", given.trigger);
  refuse("failureAlert", given.failureAlert, [false]);
  const agent = given.agentId ?? undefined;
  return {
    ...(given.name === undefined ? {} : { name: given.name }),
    ...(agent === undefined ? {} : { agent }),
    ...(given.enabled === undefined ? {} : { enabled: given.enabled }),
    ...(given.deleteAfterRun === undefined ? {} : { delete_after_run: given.deleteAfterRun }),
    ...scheduleParams(given.schedule),
    ...payloadParams(given.payload),
    ...sessionParams(given, agent),
    ...deliveryParams(given.delivery),
  };
}

function scheduleParams(given: Fields["schedule"]): Record<string, unknown> {
  if (given === undefined) return {};
  if (given.kind === "at") {
    const at = Date.parse(given.at);
    if (Number.isNaN(at)) throw new RequestError("bad_params", "schedule.at is not an ISO time");
    return { at };
  }
  if (given.kind === "every") return { every: given.everyMs / 1000 };
  const zone = given.tz === undefined || given.tz === "" ? {} : { time_zone: given.tz };
  return { cron: given.expr, ...zone, ...(given.staggerMs === undefined ? {} : { stagger: given.staggerMs / 1000 }) };
}

function payloadParams(given: Fields["payload"]): Record<string, unknown> {
  if (given === undefined) return {};
  if (given.kind === "systemEvent") return { message: given.text };
  const { model, thinking } = given;
  return {
    message: given.message,
    ...(model === undefined || model === "" ? {} : { model: ourModel(model) }),
    ...(thinking === undefined || thinking === "" ? {} : { thinking }),
  };
}

function sessionParams({ sessionTarget, sessionKey }: Fields, agent: string | undefined): Record<string, unknown> {
  if (sessionTarget === undefined) return sessionKey === undefined || sessionKey === null ? {} : { session: keyOf(sessionKey, agent) };
  if (sessionTarget === "main") return { session: keyOf(sessionKey ?? "main", agent) };
  if (sessionTarget === "isolated") return { session: "fresh" };
  if (sessionTarget === "current") return { session: keyOf(sessionKey ?? "main", agent) };
  if (sessionTarget.startsWith("session:")) return { session: keyOf(sessionTarget.slice(8), agent) };
  throw new RequestError("bad_params", `sessionTarget ${JSON.stringify(sessionTarget.slice(0, 60))} is not served here`);
}

function deliveryParams(given: Fields["delivery"]): Record<string, unknown> {
  if (given === undefined) return {};
  const { mode = "none", channel, to, accountId = "default", threadId } = given;
  if (mode === "none") return { deliver: "quiet" };
  if (mode !== "announce") throw new RequestError("bad_params", `delivery.mode ${JSON.stringify(mode.slice(0, 40))} is not served here`);
  if (to === undefined || channel === undefined || channel === "last") return { deliver: "owner" };
  return { deliver: formatAddress({ channel, account: accountId, conversation: to, ...(threadId === undefined ? {} : { thread: String(threadId) }) }) };
}

function jobRow(job: JobInfo): Record<string, unknown> {
  const { at, every_ms, cron, time_zone } = job;
  const main = job.session !== "fresh" && job.session !== "own";
  return {
    id: job.id,
    name: job.name,
    agentId: job.agent,
    enabled: job.enabled,
    deleteAfterRun: job.delete_after_run,
    createdAtMs: job.created_at,
    updatedAtMs: job.updated_at,
    schedule:
      at !== undefined
        ? { kind: "at", at: new Date(at).toISOString() }
        : every_ms !== undefined
          ? { kind: "every", everyMs: every_ms }
          : { kind: "cron", expr: cron, ...(time_zone === undefined ? {} : { tz: time_zone }), ...(job.stagger_ms === 0 ? {} : { staggerMs: job.stagger_ms }) },
    sessionTarget: main ? (job.session === `agent:${job.agent}:main` ? "main" : `session:${job.session}`) : "isolated",
    ...(main ? { sessionKey: job.session } : {}),
    wakeMode: "now",
    payload: {
      kind: "agentTurn",
      message: job.text,
      ...(job.model === undefined ? {} : { model: job.model.replace(":", "/") }),
      ...(job.thinking === undefined ? {} : { thinking: job.thinking }),
    },
    delivery: { mode: job.deliver === "quiet" ? "none" : "announce" },
    state: { ...(job.next_at === undefined ? {} : { nextRunAtMs: job.next_at }), consecutiveErrors: job.failures, consecutiveSkipped: job.skipped },
    ...(job.next_at === undefined ? {} : { nextRunAtMs: job.next_at }),
  };
}

function runRow(run: RunInfo): Record<string, unknown> {
  const status = run.status === "done" ? "ok" : run.status === "cancelled" ? "skipped" : "error";
  return {
    ts: run.ended_at ?? run.started_at ?? run.slot,
    jobId: run.job_id,
    jobName: run.name,
    action: "finished",
    status,
    runAtMs: run.slot,
    ...(run.error === undefined ? {} : { error: run.error.message }),
    ...(run.session === undefined ? {} : { sessionKey: run.session }),
    ...(run.turn_id === undefined ? {} : { runId: run.turn_id }),
    ...(run.started_at === undefined || run.ended_at === undefined ? {} : { durationMs: Math.max(0, run.ended_at - run.started_at) }),
  };
}

export const cronRows = [
  defineRow({
    method: "cron.status",
    scope: "read",
    calls: ["cron.status"],
    params: v.looseObject({}),
    run: async (_, call) => {
      const { running, jobs, next_at } = await call.call<{ running: boolean; jobs: number; next_at?: number }>("cron.status");
      return { enabled: running, jobs, nextWakeAtMs: next_at ?? null };
    },
  }),
  defineRow({
    method: "cron.list",
    scope: "read",
    calls: ["cron.list"],
    params: v.looseObject({
      includeDisabled: v.optional(v.boolean(), false),
      limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 200),
      offset: v.optional(ms, 0),
      agentId: v.optional(word),
    }),
    run: async ({ includeDisabled, limit, offset, agentId }, call) => {
      const { jobs } = await call.call<{ jobs: JobInfo[] }>("cron.list", { limit: 1000 });
      const all = jobs.filter((job) => (includeDisabled || job.enabled) && (agentId === undefined || job.agent === agentId));
      const shown = all.slice(offset, offset + limit);
      const hasMore = offset + shown.length < all.length;
      // What pages of one list have in common; a client that sees it change begins anew.
      const snapshotRevision = sha256Hex(JSON.stringify(all.map(({ id, updated_at }) => [id, updated_at])));
      return { jobs: shown.map(jobRow), snapshotRevision, total: all.length, offset, limit, hasMore, nextOffset: hasMore ? offset + shown.length : null };
    },
  }),
  defineRow({
    method: "cron.get",
    scope: "read",
    calls: ["cron.list"],
    params: v.looseObject(jobRef),
    run: async (given, call) => {
      const { jobs } = await call.call<{ jobs: JobInfo[] }>("cron.list", { limit: 1000 });
      const found = jobs.find(({ id }) => id === idOf(given));
      if (found === undefined) throw new RequestError("job_not_found", "no such job");
      return jobRow(found);
    },
  }),
  defineRow({
    method: "cron.add",
    scope: "admin",
    calls: ["cron.add"],
    params: v.looseObject(fields),
    run: async (given, call) => jobRow(await call.call<JobInfo>("cron.add", jobParams(given))),
  }),
  defineRow({
    method: "cron.update",
    scope: "admin",
    calls: ["cron.edit"],
    params: v.looseObject({ ...jobRef, patch: v.looseObject(fields) }),
    run: async (given, call) => jobRow(await call.call<JobInfo>("cron.edit", { id: idOf(given), ...jobParams(given.patch) })),
  }),
  defineRow({
    method: "cron.remove",
    scope: "admin",
    calls: ["cron.remove"],
    params: v.looseObject(jobRef),
    run: async (given, call) => {
      const { removed } = await call.call<{ removed: boolean }>("cron.remove", { id: idOf(given) });
      return { ok: true, removed };
    },
  }),
  defineRow({
    method: "cron.run",
    scope: "admin",
    calls: ["cron.run"],
    params: v.looseObject({ ...jobRef, mode: v.optional(v.string()) }),
    run: async (given, call) => {
      refuse("mode", given.mode, ["force"]);
      const run = await call.call<RunInfo>("cron.run", { id: idOf(given) });
      return { ok: true, enqueued: true, runId: run.id };
    },
  }),
  defineRow({
    method: "cron.runs",
    scope: "read",
    calls: ["cron.runs"],
    params: v.looseObject({ ...jobRef, limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 50) }),
    run: async (given, call) => {
      const id = given.id ?? given.jobId;
      const { runs } = await call.call<{ runs: RunInfo[] }>("cron.runs", { limit: Math.min(given.limit, 1000), ...(id === undefined ? {} : { id }) });
      const entries = runs.filter(({ status }) => status !== "due" && status !== "running").map(runRow);
      return { entries, total: entries.length, offset: 0, limit: given.limit, hasMore: false, nextOffset: null };
    },
  }),
];

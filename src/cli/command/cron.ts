import type { Methods } from "../../client/index.ts";
import type { CliContext } from "../context.ts";
import { withGateway } from "../gateway-link.ts";
import { duration, table, when } from "../table.ts";

type Job = Methods["cron.list"]["result"]["jobs"][number];
type Run = Methods["cron.runs"]["result"]["runs"][number];
type Params = Methods["cron.add"]["params"];

/** Options of `cron add` and `cron edit`, as commander names them. */
export interface CronOptions {
  readonly name?: string;
  readonly at?: string;
  readonly every?: string;
  readonly cron?: string;
  readonly tz?: string;
  readonly message?: string;
  readonly reminder?: string;
  readonly agent?: string;
  readonly session?: string;
  readonly deliver?: string;
  readonly model?: string;
  readonly thinking?: Params["thinking"];
  readonly maxTokens?: number;
  readonly catchUp?: Params["catch_up"];
  readonly catchUpLimit?: number;
  readonly maxDelay?: string;
  readonly stagger?: string;
  readonly keep?: boolean;
  readonly enable?: boolean;
  readonly disable?: boolean;
}

/** `clanker cron list` */
export async function list(context: CliContext): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("cron.list", {}));
  const rows = answer.jobs.map((job) => [job.id, job.name, job.schedule, stateOf(job), job.kind, job.deliver]);
  context.output.result({ json: answer, text: table(context.output, ["JOB", "NAME", "SCHEDULE", "NEXT", "KIND", "DELIVER"], rows, "no jobs") });
}

/** `clanker cron add --every 1d --message "..."` */
export async function add(context: CliContext, { options }: { options: CronOptions }): Promise<void> {
  const job = await withGateway(context, (client) => client.call("cron.add", paramsOf(options)));
  context.output.result({ json: job, text: `${job.id} ${job.name}: ${job.schedule}, ${stateOf(job)}` });
}

/** `clanker cron edit ID ...`: what is not named stays. */
export async function edit(context: CliContext, { args: [id = ""], options }: { args: string[]; options: CronOptions }): Promise<void> {
  const job = await withGateway(context, (client) => client.call("cron.edit", { id, ...paramsOf(options) }));
  context.output.result({ json: job, text: `${job.id} ${job.name}: ${job.schedule}, ${stateOf(job)}` });
}

export async function remove(context: CliContext, { args: [id = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("cron.remove", { id }));
  context.output.result({ json: answer, text: "removed" });
}

/** `clanker cron run ID`: now, beside its schedule. */
export async function run(context: CliContext, { args: [id = ""] }: { args: string[] }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("cron.run", { id }));
  context.output.result({ json: answer, text: `${answer.name} is run now; how it ends: clanker cron runs ${id}` });
}

/** `clanker cron runs [ID]` */
export async function runs(context: CliContext, { args: [id], options }: { args: string[]; options: { limit: number } }): Promise<void> {
  const answer = await withGateway(context, (client) => client.call("cron.runs", { ...(id === undefined ? {} : { id }), limit: options.limit }));
  const rows = answer.runs.map((one) => [when(one.slot), one.name, one.trigger, one.status, took(one), one.error?.message ?? one.session ?? ""]);
  context.output.result({ json: answer, text: table(context.output, ["DUE", "NAME", "WHY", "STATE", "TOOK", ""], rows, "nothing has run yet") });
}

function stateOf(job: Job): string {
  if (!job.enabled) return "switched off";
  return job.next_at === undefined ? "over" : when(job.next_at);
}

function took({ started_at: from, ended_at: to }: Run): string {
  return from === undefined || to === undefined ? "" : duration(to - from);
}

function paramsOf(options: CronOptions): Params {
  const { name, at, every, cron, tz, message, reminder, agent, session, deliver, model, thinking, maxTokens, catchUp, catchUpLimit, maxDelay, stagger } =
    options;
  const enabled = options.enable ? true : options.disable ? false : undefined;
  const given = {
    name,
    at,
    every,
    cron,
    time_zone: tz,
    message,
    reminder,
    agent,
    session,
    deliver,
    model,
    thinking,
    max_tokens: maxTokens,
    catch_up: catchUp,
    catch_up_limit: catchUpLimit,
    max_delay: maxDelay,
    stagger,
    delete_after_run: options.keep ? false : undefined,
    enabled,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Params;
}

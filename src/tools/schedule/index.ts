import { toClankerError, ToolError } from "../../core/errors.ts";
import type { Job } from "../../core/job.ts";
import type { JobInput, JobMaker, Jobs } from "../../core/jobs.ts";
import type { Store } from "../../core/store.ts";
import type { Tool, ToolContext, ToolResult } from "../../core/tool.ts";
import { defineTool } from "../../lib/define-tool/index.ts";

export interface ScheduleToolDeps {
  readonly jobs: Pick<Jobs, "add" | "list" | "edit" | "remove">;
  readonly store: Pick<Store, "getSession">;
  /** A schedule in words. */
  readonly show: (schedule: Job["schedule"]) => string;
}

interface Args {
  readonly action: "add" | "list" | "edit" | "remove";
  readonly id?: string;
  readonly name?: string;
  readonly at?: string;
  readonly every?: string;
  readonly cron?: string;
  readonly time_zone?: string;
  readonly message?: string;
  readonly reminder?: string;
  readonly session?: "own" | "fresh" | "here";
  readonly quiet?: boolean;
  readonly enabled?: boolean;
}

const MAX_LISTED = 50;
const MAX_SHOWN = 200;

/**
 * The tool `schedule`: jobs of whoever speaks. What must stay true: a job has the principal of the turn that made it and the label of its context, and one that is changed
 * takes on the label of the context that changed it (sec-91, sec-93); it speaks where it was made or nowhere.
 */
export function createScheduleTool(deps: ScheduleToolDeps): Tool {
  return defineTool<Args>({
    spec: {
      name: "schedule",
      description:
        "Reminders and scheduled work: add, list, edit, remove. For add: one of at, every, cron, and one of reminder (is delivered as it stands) and message (you are asked that then).",
      parameters: {
        type: "object",
        properties: {
          action: { type: "string", enum: ["add", "list", "edit", "remove"] },
          id: { type: "string", minLength: 1, maxLength: 64, description: "for edit and remove, as list shows it" },
          name: { type: "string", minLength: 1, maxLength: 100 },
          at: { type: "string", minLength: 1, maxLength: 60, description: "once: local time 2026-12-24T18:00, or from now: 20m, 1h30m" },
          every: { type: "string", minLength: 2, maxLength: 40, description: "30m, 12h, 1d" },
          cron: { type: "string", minLength: 1, maxLength: 200, description: "five fields, e.g. 0 9 * * 1-5" },
          time_zone: { type: "string", minLength: 1, maxLength: 100, description: "IANA name; default: the owner's zone" },
          message: { type: "string", minLength: 1, maxLength: 20_000 },
          reminder: { type: "string", minLength: 1, maxLength: 20_000 },
          session: { type: "string", enum: ["own", "fresh", "here"], description: "where a message is answered; default own, a conversation of the job's own" },
          quiet: { type: "boolean", description: "do not deliver the answer" },
          enabled: { type: "boolean" },
        },
        required: ["action"],
        additionalProperties: false,
      },
    },
    effects: ["schedule"],
    idempotent: false,
    parallel: false,
    timeoutMs: 10_000,
    run: async (args, context) => {
      try {
        return await act(args, context, deps);
      } catch (thrown) {
        const { code, message, hint } = toClankerError(thrown);
        if (thrown instanceof ToolError || code === "internal") throw thrown;
        throw new ToolError(code, message, { cause: thrown, ...(hint !== undefined && !hint.startsWith("clanker") && { hint }) });
      }
    },
  });
}

async function act(args: Args, context: ToolContext, deps: ScheduleToolDeps): Promise<ToolResult> {
  const { jobs } = deps;
  if (args.action === "list") {
    const all = await jobs.list(context.principal, MAX_LISTED);
    return ok(all.length === 0 ? "There are no jobs." : all.map((job) => line(job, deps)).join("\n"));
  }
  if (args.action === "remove") {
    await jobs.remove(idOf(args), context.principal);
    return ok("Removed.");
  }
  const session = await deps.store.getSession({ id: context.sessionId });
  const maker: JobMaker = { principal: context.principal, label: context.label, session: session?.key };
  const input = inputOf(args, session?.key);
  const job = args.action === "add" ? await jobs.add({ agent: context.agent, ...input }, maker) : await jobs.edit(idOf(args), input, maker);
  return ok(`${args.action === "add" ? "Added" : "Changed"}: ${line(job, deps)}`);
}

function inputOf({ name, at, every, cron, time_zone: timeZone, message, reminder, session, quiet, enabled }: Args, here: string | undefined): JobInput {
  if (message !== undefined && reminder !== undefined) throw new ToolError("bad_job", "a job is either a message or a reminder");
  if (session === "here" && here === undefined) throw new ToolError("bad_job", "this conversation has no session that a job could speak in");
  const timed = [at, every, cron].some((one) => one !== undefined);
  if (!timed && timeZone !== undefined) throw new ToolError("bad_schedule", "time_zone belongs to at or cron");
  return {
    ...(name !== undefined && { name }),
    ...(timed && { schedule: { at, every, cron, timeZone } }),
    ...((message ?? reminder) !== undefined && { text: message ?? reminder, kind: message === undefined ? ("reminder" as const) : ("message" as const) }),
    ...(session !== undefined && { session: session === "here" ? here : session }),
    ...(quiet === true && { deliver: "quiet" as const }),
    ...(enabled !== undefined && { enabled }),
  };
}

function idOf({ id, action }: Args): string {
  if (id === undefined) throw new ToolError("bad_arguments", `${action} needs the id of a job`);
  return id;
}

function line(job: Job, { show }: ScheduleToolDeps): string {
  const text = job.payload.text.length > MAX_SHOWN ? `${job.payload.text.slice(0, MAX_SHOWN)}...` : job.payload.text;
  const next = !job.enabled
    ? "switched off"
    : job.nextAt === undefined
      ? "over"
      : `next ${new Date(job.nextAt).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `${job.id} ${JSON.stringify(job.name)}: ${show(job.schedule)}, ${next}, ${job.payload.kind}: ${JSON.stringify(text)}`;
}

function ok(text: string): ToolResult {
  return { text, error: false };
}

/** The owner of a flow at the page of schedules: what they do there, once each over all processes, and the proof that every slot was run once. */
import { openJobs } from "../../src/app/open-jobs.ts";
import type { Config } from "../../src/config/schema.ts";
import { sleep, type Clock } from "../../src/core/clock.ts";
import type { JobRun } from "../../src/core/job.ts";
import type { JobMaker } from "../../src/core/jobs.ts";
import { silentLog } from "../../src/core/log.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import { labelOf, type Principal } from "../../src/core/principal.ts";
import type { Random } from "../../src/core/random.ts";
import type { Store } from "../../src/core/store.ts";
import { cronConfig } from "../../src/jobs/config.ts";
import type { JobsRoom } from "../../src/jobs/create-jobs.ts";
import { v } from "../../src/lib/schema/index.ts";
import type { Hall } from "../../src/turn/hall.ts";
import type { JobAct } from "./crash-points-flows.ts";
import { PLATFORM, type PlatformFiles } from "./crash-points-platform.ts";

/** The one conversation that jobs of flows answer in. */
const HERE = { channel: PLATFORM, account: "default", conversation: "1" };
const OWNER: Principal = { person: "owner", class: "owner", where: HERE, direct: true, sender: "1" };
const BY_OWNER: JobMaker = { principal: OWNER, label: labelOf(OWNER) };
const LOOK_MS = 400;

export interface JobDesk {
  /** Runs jobs and does what the flow says, until `signal` aborts. */
  start(signal: AbortSignal): Promise<unknown>;
  /** Everything is done and every run is over. */
  isAtRest(): Promise<boolean>;
}

interface DeskDeps {
  readonly acts: readonly JobAct[];
  /** With the points at which the process may die. */
  readonly store: Store;
  /** Without them: what the owner sees. */
  readonly page: Store;
  readonly files: PlatformFiles;
  readonly hall: Hall;
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
}

export function createJobDesk({ acts, store, page, files, hall, owner, clock, random }: DeskDeps): JobDesk {
  const jobs = openJobs({ cron: v.parse(cronConfig, {}) } as Config, {
    store,
    clock,
    random,
    owner,
    hall,
    hub: { publish: () => {} },
    log: silentLog,
    metrics: silentMetrics,
    hostTimeZone: "UTC",
    agents: () => ["main"],
    requireModel: () => {},
  });
  const runs = () => page.listJobRuns({ limit: 1_000 });
  const over = async () => (await runs()).filter(({ endedAt }) => endedAt !== undefined).length;
  const work = async (signal: AbortSignal) => {
    for (const [index, act] of acts.entries()) {
      while (act.act === "wait" && !signal.aborted && (await over()) < act.runs) await sleep(clock, LOOK_MS, signal);
      if (signal.aborted) return;
      if (files.jobActs() > index) continue;
      await doOnce(act, { jobs, page, runs: await runs() });
      files.add("jobs", act.act);
    }
  };
  return {
    start: (signal) => Promise.all([jobs.start(signal), work(signal)]),
    async isAtRest() {
      const [next] = await page.listJobs({ limit: 1 });
      return files.jobActs() === acts.length && next?.nextAt === undefined && (await runs()).every(({ endedAt }) => endedAt !== undefined);
    },
  };
}

async function doOnce(act: JobAct, { jobs, page, runs }: { jobs: JobsRoom; page: Store; runs: readonly JobRun[] }): Promise<void> {
  const [job] = await page.listJobs({ limit: 1 });
  if (act.act === "add" && job === undefined && runs.length === 0) await jobs.add({ ...act.input, deliver: HERE }, BY_OWNER);
  if (act.act === "edit") await jobs.edit(job!.id, act.changes, BY_OWNER);
  if (act.act === "run" && !runs.some(({ trigger }) => trigger === "manual")) await jobs.run(job!.id, OWNER);
  if (act.act === "remove" && job !== undefined) await jobs.remove(job.id, OWNER);
}

/** Every slot of the one job was decided and run once, handed over once and answered once. @returns what is wrong */
export async function checkJobs(acts: readonly JobAct[], store: Store): Promise<string[]> {
  const problems: string[] = [];
  const runs = (await store.listJobRuns({ limit: 1_000 })).toSorted((a, b) => a.slot - b.slot);
  const handed = (await store.listInbox({ limit: 1_000 })).map((item) => item.update.key).filter((key) => key.startsWith("job:"));
  for (const { id, status, turnId } of runs) {
    // What was decided and not yet begun goes with its job.
    const begun = status !== "cancelled" || turnId !== undefined;
    if (status !== "done" && begun) problems.push(`the run ${id} is ${status}`);
    const times = handed.filter((key) => key === `job:${id}`).length;
    if (times !== 1 && begun) problems.push(`the run ${id} was handed over ${times} times`);
  }
  for (const key of handed) if (!runs.some(({ id }) => key === `job:${id}`)) problems.push(`${key} is no run`);
  const manual = runs.filter(({ trigger }) => trigger === "manual").length;
  const planned = acts.filter(({ act }) => act === "run").length;
  if (manual !== planned) problems.push(`${manual} runs by hand, not ${planned}`);
  const slots = runs.filter(({ trigger }) => trigger !== "manual").map(({ slot }) => slot);
  const [gap] = new Set(slots.slice(1).map((slot, index) => slot - slots[index]!));
  if (slots.some((slot, index) => index > 0 && slot - slots[index - 1]! !== gap)) problems.push(`slots were left out or doubled: ${slots.join(", ")}`);
  if (acts.some((one) => one.act === "add" && one.input.schedule?.at !== undefined) && slots.length !== 1) problems.push(`${slots.length} runs of one slot`);
  if ((await store.listJobs({ limit: 1 })).length > 0) problems.push("a job is left");
  return problems;
}

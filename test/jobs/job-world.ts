import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../src/core/errors.ts";
import type { Event } from "../../src/core/event.ts";
import type { Intake, Outcome } from "../../src/core/intake.ts";
import type { JobInput, JobMaker } from "../../src/core/jobs.ts";
import { silentLog } from "../../src/core/log.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import { labelOf, type Principal } from "../../src/core/principal.ts";
import type { Random } from "../../src/core/random.ts";
import type { Store } from "../../src/core/store.ts";
import type { MessageUpdate, Update } from "../../src/core/update.ts";
import { createJobs, type JobsDeps, type JobsRoom } from "../../src/jobs/create-jobs.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createManualClock, type ManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

export const OWNER: Principal = { person: "owner", class: "owner", where: { channel: "web", account: "test", conversation: "agent:main:main" }, direct: true };
export const BY_OWNER: JobMaker = { principal: OWNER, label: labelOf(OWNER) };
export const ELSEWHERE = { channel: "loop", account: "default", conversation: "1" };

/** The jobs room on a memory database that outlives its process, with an inbox that takes each key once. */
export interface JobWorld {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly events: Event[];
  readonly notices: string[];
  /** Accepted updates in order. */
  readonly taken: MessageUpdate[];
  /** How often each key came. */
  readonly offered: Map<string, number>;
  readonly jobs: JobsRoom;
  readonly store: Store;
  add(input: JobInput): ReturnType<JobsRoom["add"]>;
  /** Slots that a job has run, in order. */
  slots(jobId: string): number[];
  /** Ends the process at once: nothing that it still does reaches the store. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The process dies at the n-th change of the store from now on, before or after it. */
  dieAt(change: number, when: "before" | "after"): void;
  readonly dead: boolean;
}

export async function openJobWorld(options: { seed?: number; start?: number; deps?: Partial<JobsDeps>; intake?: Intake } = {}): Promise<JobWorld> {
  const clock = createManualClock(options.start);
  const random = createSeededRandom(options.seed ?? 1);
  const database = new DatabaseSync(":memory:");
  const events: Event[] = [];
  const notices: string[] = [];
  const taken: MessageUpdate[] = [];
  const offered = new Map<string, number>();
  let process: { jobs: JobsRoom; store: Store; real: Store; done: Promise<void>; stop: AbortController; fate: Fate };

  const inbox: Intake = options.intake ?? {
    async receive(updates: readonly Update[]): Promise<Outcome[]> {
      return updates.map((update) => {
        const times = (offered.get(update.key) ?? 0) + 1;
        offered.set(update.key, times);
        if (times > 1) return { kind: "duplicate" };
        taken.push(update as MessageUpdate);
        return { kind: "context", messageId: update.key, sessionId: "s" };
      });
    },
  };

  const start = async () => {
    const real = createMemoryStore({ database });
    const { boot } = await real.boot({ now: clock.now(), instance: "world" });
    const stop = new AbortController();
    const fate: Fate = { dead: false, left: Infinity, when: "before", die: () => stop.abort() };
    const store = mortal(real, fate);
    const jobs = createJobs({
      store,
      intake: inbox,
      clock,
      random,
      hub: { publish: (event) => events.push(event) },
      log: silentLog,
      metrics: silentMetrics,
      notify: (code, text) => notices.push(`${code}: ${text}`),
      home: async () => ELSEWHERE,
      tellOwner: async (id, text) => void notices.push(`${id} ${text}`),
      abort: async () => {},
      owner: `world.${boot}`,
      // Nobody renews here; a process lives until it is killed.
      leaseMs: 1e15,
      sweepMs: 86_400_000,
      keepRuns: 100,
      pauseAfter: 10,
      maxRunMs: 26 * 3600_000,
      maxJobs: 1000,
      rules: { timeZone: "UTC", agents: () => ["main"], reaches: ({ channel }) => channel === "loop", requireModel: () => {} },
      ...options.deps,
    });
    process = { jobs, store, real, stop, fate, done: jobs.start(stop.signal) };
    await clock.advance(0);
  };

  const end = async (dead: boolean) => {
    process.fate.dead ||= dead;
    process.stop.abort();
    await clock.advance(0);
    await process.done;
    await process.real.close();
  };
  await start();
  return {
    clock,
    random,
    events,
    notices,
    taken,
    offered,
    get jobs() {
      return process.jobs;
    },
    get store() {
      return process.store;
    },
    add: (input) => process.jobs.add(input, BY_OWNER),
    slots: (jobId) => taken.filter(({ key }) => key.startsWith(`job:${jobId}:`)).map(({ key }) => Number(key.split(":")[2])),
    kill: () => end(true),
    start,
    async stop() {
      await end(false);
      database.close();
    },
    dieAt(change, when) {
      Object.assign(process.fate, { left: change, when });
    },
    get dead() {
      return process.fate.dead;
    },
  };
}

interface Fate {
  dead: boolean;
  left: number;
  when: "before" | "after";
  /** A dead process does not try again. */
  readonly die: () => void;
}

const CHANGES = new Set(["planJobRuns", "startJobRun", "finishJobRun", "saveJob", "removeJob"]);

function mortal(store: Store, fate: Fate): Store {
  const gone = () => new StoreError("store_closed", "the process is dead");
  const entries = Object.entries(store).map(([name, run]) => [
    name,
    async (input: never) => {
      if (fate.dead) throw gone();
      const dies = CHANGES.has(name) && (fate.left -= 1) < 0;
      if (dies && fate.when === "before") end(fate);
      if (fate.dead) throw gone();
      const output = await (run as (input: never) => Promise<unknown>)(input);
      if (dies) end(fate);
      if (fate.dead) throw gone();
      return output;
    },
  ]);
  return Object.fromEntries(entries) as unknown as Store;
}

function end(fate: Fate): void {
  fate.dead = true;
  fate.die();
}

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { lateJobs, openJobs } from "../../src/app/open-jobs.ts";
import type { Config } from "../../src/config/schema.ts";
import { silentLog } from "../../src/core/log.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import type { Tool } from "../../src/core/tool.ts";
import { cronConfig } from "../../src/jobs/config.ts";
import type { JobsRoom } from "../../src/jobs/create-jobs.ts";
import { showSchedule } from "../../src/jobs/read-schedule.ts";
import { v } from "../../src/lib/schema/index.ts";
import { callTools, createScripted, reply, type ScriptedProvider } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createScheduleTool } from "../../src/tools/schedule/index.ts";
import type { Store } from "../../src/core/store.ts";
import { openHouse, POLICY, type House } from "../fakes/house.ts";
import { createLoopChannel, type LoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock, type ManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { BY_OWNER, OWNER } from "./job-world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ADA = { channel: "loop", account: "default", conversation: "1" };

interface Home {
  readonly house: House;
  readonly jobs: JobsRoom;
  readonly store: Store;
  readonly policy: { allowedUsers: string[]; ownerIds: string[] };
  stop(): Promise<void>;
}

interface HomeOptions {
  readonly provider: ScriptedProvider;
  readonly cron?: v.InferInput<typeof cronConfig>;
  readonly clock?: ManualClock;
  readonly channel?: LoopChannel;
  readonly database?: DatabaseSync;
}

/** The whole hall with jobs and their tool, wired by the app's own code. */
async function openHome({ provider, cron = {}, clock = createManualClock(), channel = createLoopChannel(), database }: HomeOptions): Promise<Home> {
  const store = createMemoryStore(database ? { database } : {});
  const policy = { ...POLICY, allowedUsers: [...POLICY.allowedUsers], ownerIds: [...POLICY.ownerIds] };
  const late = lateJobs();
  const tools: Tool[] = [createScheduleTool({ jobs: late.port, store, show: showSchedule })];
  const house = await openHouse({ store, provider, clock, channel, tools, place: { policy } });
  const jobs = openJobs({ cron: v.parse(cronConfig, cron) } as Config, {
    store,
    clock,
    random: createSeededRandom(3),
    hub: { publish: (event) => house.events.push(event) },
    log: silentLog,
    metrics: silentMetrics,
    owner: house.owner,
    hall: house.hall,
    hostTimeZone: "UTC",
    agents: () => ["main"],
    requireModel: () => {},
  });
  late.become(() => jobs);
  const stopped = new AbortController();
  const done = jobs.start(stopped.signal);
  await clock.advance(0);
  return {
    house,
    jobs,
    store,
    policy,
    async stop() {
      stopped.abort();
      await clock.advance(0);
      await done;
      await house.stop();
      await store.close();
    },
  };
}

const lastSaid = (provider: ScriptedProvider) => JSON.stringify(provider.requests.at(-1)!.request.entries.at(-1));

describe("jobs in the house", () => {
  test("a message job asks the model in a session of its own and its answer is delivered where it was told; the owner's own chat stays where it is", async () => {
    const provider = createScripted(() => reply("all is well"));
    const home = await openHome({ provider });
    await home.house.say("hello");
    const job = await home.jobs.add({ schedule: { at: "10m" }, text: "how are things?", deliver: ADA, deleteAfterRun: false }, BY_OWNER);
    const quiet = await home.jobs.add({ schedule: { at: "20m" }, text: "think", session: "agent:main:main", deliver: "quiet", maxTokens: 7 }, BY_OWNER);
    await home.house.clock.advance(30 * MINUTE);
    assert.deepEqual(home.house.texts(), ["all is well", "all is well"], "one to hello and one of the first job");
    const session = await home.store.getSession({ key: `agent:main:job:${job.id}` });
    assert.equal((await home.store.listTurns({ sessionId: session!.id, limit: 5 }))[0]?.principal.class, "owner");
    const main = await home.store.getSession({ key: "agent:main:main" });
    assert.deepEqual(main?.address, { ...ADA });
    const [turn] = await home.store.listTurns({ sessionId: main!.id, limit: 1 });
    assert.equal(turn?.options.maxTurnTokens, 7);
    assert.match(lastSaid(provider), /scheduled job/);
    const runs = await home.jobs.runs({ limit: 10 }, OWNER);
    assert.deepEqual(
      runs.map((run) => [run.jobId, run.status, run.attempts]),
      [
        [quiet.id, "done", 1],
        [job.id, "done", 1],
      ],
    );
    assert.equal(home.house.events.filter(({ event }) => event === "job.ran").length, 2);
    await home.stop();
  });

  test("a reminder is delivered once and asks no model", async () => {
    const provider = createScripted(() => reply("hi"));
    const home = await openHome({ provider });
    await home.house.say("hello");
    await home.jobs.add({ schedule: { at: "10m" }, kind: "reminder", text: "Tea is ready" }, BY_OWNER);
    await home.house.clock.advance(HOUR);
    assert.deepEqual(home.house.texts(), ["hi", "Tea is ready"]);
    assert.equal(provider.requests.length, 1);
    await home.stop();
  });

  test("sec-93 a job's maker is looked at again at every run: out of the house means no run, a new class gives no more than the old one", async () => {
    const provider = createScripted(() => reply("done"));
    const home = await openHome({ provider });
    await home.house.say("hello", { sender: { id: "2", name: "Bob" } });
    const [session] = await home.store.listSessions({ limit: 1 });
    const [turn] = await home.store.listTurns({ sessionId: session!.id, limit: 1 });
    assert.equal(turn!.principal.class, "trusted");
    const maker = { principal: turn!.principal, label: turn!.label, session: session!.key };
    const job = await home.jobs.add({ schedule: { every: "1h" }, text: "work" }, maker);
    home.policy.ownerIds.push("2");
    await home.house.clock.advance(HOUR + MINUTE);
    const own = await home.store.getSession({ key: `agent:main:job:${job.id}` });
    const [ran] = await home.store.listTurns({ sessionId: own!.id, limit: 1 });
    assert.deepEqual([ran!.principal.class, ran!.label.integrity], ["trusted", "TRUSTED"]);
    home.policy.ownerIds.pop();
    home.policy.allowedUsers.pop();
    const before = [provider.requests.length, home.house.texts().length];
    await home.house.clock.advance(HOUR);
    assert.deepEqual([provider.requests.length, home.house.texts().filter((text) => !text.startsWith("The job")).length], before);
    const [last] = await home.jobs.runs({ id: job.id, limit: 1 }, OWNER);
    assert.deepEqual([last?.status, last?.error?.code], ["failed", "job_refused"]);
    await home.stop();
  });

  test("the model makes, lists, changes and removes jobs of whoever speaks, through the gate", async () => {
    let next: object | undefined;
    const provider = createScripted(() => {
      const args = next;
      next = undefined;
      return args === undefined ? reply("ok") : callTools([{ name: "schedule", args }]);
    });
    const home = await openHome({ provider });
    const ask = async (args: object) => {
      next = args;
      await home.house.say("please");
      return lastSaid(provider);
    };
    assert.match(await ask({ action: "add", at: "15m", reminder: "Stretch" }), /Added: .*Stretch/);
    const [job] = await home.jobs.list(OWNER, 5);
    assert.deepEqual([job?.principal.person, job?.principal.sender, job?.delivery], ["owner", "1", { kind: "address", address: ADA }]);
    assert.match(await ask({ action: "list" }), new RegExp(job!.id));
    assert.match(await ask({ action: "edit", id: job!.id, reminder: "Stretch well" }), /Changed/);
    await home.house.clock.advance(16 * MINUTE);
    assert.ok(home.house.texts().includes("Stretch well"));
    assert.match(await ask({ action: "remove", id: job!.id }), /no job/, "it has deleted itself");
    assert.match(await ask({ action: "add", at: "yesterday", reminder: "x" }), /not a schedule/);
    await home.stop();
  });

  test("fault-56 killed in the middle of a job's turn, the turn is taken up again and the run ends once", async () => {
    const database = new DatabaseSync(":memory:");
    const clock = createManualClock();
    const channel = createLoopChannel();
    let slow = true;
    const provider = createScripted(() => (slow ? [{ type: "text" as const, text: "half" }, { type: "hang" as const }] : reply("whole")), { clock });
    const dead = await openHome({ provider, database, clock, channel });
    const job = await dead.jobs.add({ schedule: { at: "10m" }, text: "work", deliver: ADA, deleteAfterRun: false }, BY_OWNER);
    await clock.advance(10 * MINUTE + 1_000);
    assert.equal((await dead.jobs.runs({ id: job.id, limit: 1 }, OWNER))[0]?.status, "running");
    await dead.store.close();
    slow = false;
    const home = await openHome({ provider, database, clock, channel });
    await clock.advance(MINUTE);
    const runs = await home.jobs.runs({ id: job.id, limit: 5 }, OWNER);
    assert.deepEqual(
      runs.map(({ status, attempts }) => [status, attempts]),
      [["done", 2]],
    );
    await home.stop();
    await dead.stop().catch(() => {});
    database.close();
  });

  test("fault-41 a day without a person costs no request; with the heartbeat on no more than one per slot, none at night, none after idle days; what it says reaches the owner, NOTHING does not", async () => {
    const off = createScripted(() => reply("hi"));
    const plain = await openHome({ provider: off });
    await sleepHours(plain.house.clock, 24);
    assert.equal(off.requests.length, 0);
    await plain.stop();

    let answer = "NOTHING.";
    const provider = createScripted(() => reply(answer));
    const heartbeat = { enabled: true, every_minutes: 60, idle_days: 1.3, quiet_hours: { from: "22:00", to: "08:00" } };
    const home = await openHome({ provider, cron: { heartbeat } });
    await sleepHours(home.house.clock, 2);
    assert.equal(provider.requests.length, 0, "nobody has ever talked to it");
    await home.house.say("hello");
    await sleepHours(home.house.clock, 24);
    assert.equal(provider.requests.length - 1, 14);
    assert.deepEqual(home.house.texts(), ["NOTHING."], "only the answer to hello");
    answer = "The train leaves at nine.";
    await sleepHours(home.house.clock, 7);
    await home.house.clock.advance(MINUTE);
    assert.deepEqual(home.house.texts().slice(1), ["The train leaves at nine.", "The train leaves at nine."]);
    const sofar = provider.requests.length;
    await sleepHours(home.house.clock, 12);
    assert.equal(provider.requests.length, sofar, "nobody has talked to it for 1.3 days");
    assert.equal((await home.jobs.list(OWNER, 5))[0]?.id, "heartbeat");
    await assert.rejects(home.jobs.remove("heartbeat", OWNER), { code: "job_from_config" });
    await home.stop();
  });
});

/** A machine that sleeps and is awake for the last two minutes of every hour. */
async function sleepHours(clock: ManualClock, hours: number): Promise<void> {
  for (let i = 0; i < hours; i += 1) {
    clock.jumpWall(HOUR - 2 * MINUTE);
    await clock.advance(2 * MINUTE);
  }
}

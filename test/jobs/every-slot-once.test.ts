import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job, Schedule } from "../../src/core/job.ts";
import { nextSlot } from "../../src/jobs/slots.ts";
import { BY_OWNER, openJobWorld, OWNER, type JobWorld } from "./job-world.ts";

const DAY = 86_400_000;
const DAYS = 10_000;
const PATTERNS = ["30 2 * * *", "0 3 * * *", "15,45 1 * * *"];

/** What a job had to run: its schedules, each with the time from which it held. */
interface Watched {
  readonly id: string;
  readonly periods: { from: number; schedule: Schedule }[];
}

test(
  "fault-52 over 10,000 days with kills at random commits, restarts, lists and edits at the edges of slots, each slot runs exactly once",
  { timeout: 180_000 },
  async () => {
    const world = await openJobWorld({ seed: 52 });
    const { clock, random } = world;
    const begin = clock.now();
    const until = begin + DAYS * DAY;
    const daily = watch(
      await world.add({ schedule: { cron: PATTERNS[0], timeZone: "Europe/Berlin" }, kind: "reminder", text: "daily", catchUp: "all", catchUpLimit: 1000 }),
    );
    const often = watch(
      await world.add({ schedule: { every: "100h" }, kind: "reminder", text: "often", catchUp: "all", catchUpLimit: 1000, staggerMs: 600_000 }),
    );
    const weekly = watch(await world.add({ schedule: { cron: "0 12 * * 1" }, kind: "reminder", text: "weekly", catchUp: "all", catchUpLimit: 1000 }));
    const watched = [daily, often, weekly];
    let restarts = 0;
    let edits = 0;
    const restart = async () => {
      restarts += 1;
      if (!world.dead && random.number() < 0.5) await world.kill();
      else if (!world.dead) world.dieAt(0, "before");
      if (world.dead) await world.kill().catch(() => {});
      await clock.advance(Math.floor(random.number() * 10) * 3600_000);
      await world.start();
    };
    while (clock.now() < until) {
      // To the edge of somebody's next slot, a millisecond around it, or anywhere.
      const near = nextOf(watched[Math.floor(random.number() * watched.length)]!, clock.now());
      const edge = [-1, 0, 1, 30_000][Math.floor(random.number() * 4)]!;
      const goal = random.number() < 0.7 ? near + edge : clock.now() + Math.floor(random.number() * 3 * DAY);
      await clock.advance(Math.max(1, goal - clock.now()));
      const dice = random.number();
      if (world.dead) await restart();
      else if (dice < 0.1) world.dieAt(Math.floor(random.number() * 4), random.number() < 0.5 ? "before" : "after");
      else if (dice < 0.15) await restart();
      else if (dice < 0.3) await Promise.allSettled([world.jobs.list(OWNER, 100), world.jobs.runs({ limit: 10 }, OWNER), world.jobs.status(OWNER)]);
      else if (dice < 0.4) edits += await edit(world, daily, PATTERNS[Math.floor(random.number() * PATTERNS.length)]);
      else if (dice < 0.45) edits += await edit(world, often, undefined);
    }
    if (world.dead) await restart();
    await clock.advance(3 * DAY);
    if (world.dead) await restart();
    await clock.advance(DAY);
    for (const one of watched) {
      const wanted = slotsOf(one, begin, until);
      const ran = world.slots(one.id).filter((slot) => slot <= until);
      assert.deepEqual(
        ran.toSorted((a, b) => a - b),
        wanted,
      );
      assert.equal(new Set(ran).size, ran.length);
    }
    assert.ok(restarts > 100 && edits > 100, `${restarts} restarts, ${edits} edits`);
    await world.stop();
  },
);

function watch(job: Job): Watched {
  return { id: job.id, periods: [{ from: job.createdAt, schedule: job.schedule }] };
}

/** An edit that dies may have been done all the same: the job itself says so. */
async function edit(world: JobWorld, one: Watched, pattern: string | undefined): Promise<number> {
  const now = world.clock.now();
  const changes = pattern === undefined ? { name: `edited at ${now}` } : { schedule: { cron: pattern, timeZone: "Europe/Berlin" } };
  await world.jobs.edit(one.id, changes, BY_OWNER).catch((error: { code: string }) => assert.equal(error.code, "store_closed"));
  if (world.dead) {
    await world.kill();
    await world.start();
  }
  const { schedule } = await world.jobs.get(one.id, OWNER);
  if (JSON.stringify(schedule) !== JSON.stringify(one.periods.at(-1)!.schedule)) one.periods.push({ from: now, schedule });
  return 1;
}

function nextOf({ periods }: Watched, now: number): number {
  return nextSlot(periods.at(-1)!.schedule, now)!;
}

function slotsOf({ periods }: Watched, begin: number, until: number): number[] {
  const slots: number[] = [];
  for (const [i, { from, schedule }] of periods.entries()) {
    const end = periods[i + 1]?.from ?? until;
    for (let at = nextSlot(schedule, Math.max(begin, from))!; at <= end; at = nextSlot(schedule, at)!) slots.push(at);
  }
  return slots;
}

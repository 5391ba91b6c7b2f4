import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { labelOf, type Principal } from "../../src/core/principal.ts";
import type { JobInput } from "../../src/core/jobs.ts";
import type { Outcome } from "../../src/core/intake.ts";
import { CATCH_UP_GAP_MS } from "../../src/jobs/decide.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { BY_OWNER, ELSEWHERE, openJobWorld, OWNER, type JobWorld } from "./job-world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

async function inWorld(run: (world: JobWorld) => Promise<void>, options: Parameters<typeof openJobWorld>[0] = {}): Promise<void> {
  const world = await openJobWorld({ ...options, deps: { sweepMs: HOUR, ...options.deps } });
  try {
    await run(world);
  } finally {
    await world.stop();
  }
}

const hourly = (more: JobInput = {}): JobInput => ({ schedule: { cron: "0 * * * *" }, kind: "reminder", text: "ring", ...more });

describe("jobs", () => {
  for (const missed of [1, 5, 500]) {
    for (const [catchUp, ran] of [
      ["skip", 0],
      ["once", 1],
      ["all", Math.min(missed, 10)],
    ] as const) {
      test(`fault-53 down over ${missed} slots under ${catchUp}: ${ran} are made up for, one after the other, and the next one comes in time`, () =>
        inWorld(async (world) => {
          const job = await world.add(hourly({ catchUp }));
          await world.clock.advance(30 * MINUTE);
          await world.kill();
          await world.clock.advance(missed * HOUR);
          const begin = world.clock.now();
          await world.start();
          await world.clock.advance(2 * MINUTE);
          const slots = world.slots(job.id);
          assert.equal(slots.length, ran);
          assert.deepEqual(
            slots,
            Array.from({ length: ran }, (_, i) => begin - 30 * MINUTE - (ran - 1 - i) * HOUR),
          );
          const at = world.taken.map((update) => update.at - begin);
          assert.deepEqual(
            at,
            Array.from({ length: ran }, (_, i) => i * CATCH_UP_GAP_MS),
          );
          assert.equal((await world.jobs.get(job.id, OWNER)).skipped, missed - ran);
          await world.clock.advance(HOUR);
          assert.equal(world.slots(job.id).length, ran + 1);
        }));
    }
  }

  test("fault-53 what is later than max_delay is not made up for, and several jobs do not begin at once", () =>
    inWorld(async (world) => {
      const strict = await world.add(hourly({ catchUp: "all", catchUpLimit: 100, maxDelayMs: 3 * HOUR }));
      const other = await world.add(hourly({ catchUp: "once" }));
      await world.kill();
      await world.clock.advance(10.5 * HOUR);
      await world.start();
      await world.clock.advance(10 * MINUTE);
      assert.equal(world.slots(strict.id).length, 3);
      assert.equal(world.slots(other.id).length, 1);
      const begins = world.taken.map(({ at }) => at).toSorted((a, b) => a - b);
      assert.equal(new Set(begins).size, begins.length);
    }));

  test("fault-53 ten years of minutes are decided without a storm", () =>
    inWorld(async (world) => {
      const job = await world.add({ schedule: { every: "1m" }, kind: "reminder", text: "tick", catchUp: "all", catchUpLimit: 5 });
      await world.kill();
      await world.clock.advance(3650 * DAY + 30_000);
      await world.start();
      await world.clock.advance(20_000);
      assert.equal(world.slots(job.id).length, 6, "five that were missed, and one that is on time");
      const { skipped, cursor } = await world.jobs.get(job.id, OWNER);
      assert.ok(skipped > 3650 * 1440 - 10 && cursor <= world.clock.now());
    }));

  test("fault-55 the wall clock jumps a day and back: no slot runs twice, none is lost behind the jump, and nothing storms", () =>
    inWorld(async (world) => {
      const job = await world.add(hourly({ catchUp: "once" }));
      await world.clock.advance(2.5 * HOUR);
      assert.equal(world.slots(job.id).length, 2);
      world.clock.jumpWall(DAY);
      await world.clock.advance(HOUR);
      const ahead = world.slots(job.id).length;
      assert.ok(ahead === 3 || ahead === 4, `${ahead}`);
      world.clock.jumpWall(-DAY);
      await world.clock.advance(5 * HOUR);
      const slots = world.slots(job.id);
      assert.equal(new Set(slots).size, slots.length);
      // The hours that the clock had seemed to have behind it come at their time.
      const from = Date.UTC(2026, 0, 1);
      for (const hour of [1, 2, 4, 5, 6, 7, 8])
        assert.ok(slots.includes(from + hour * HOUR), `hour ${hour} of ${slots.map((slot) => (slot - from) / HOUR).join(" ")}`);
      assert.ok([...world.offered.values()].every((times) => times === 1));
    }));

  test("fault-55 steps of five minutes forth and back around a slot run it once, at no more than one run per slot", () =>
    inWorld(
      async (world) => {
        const job = await world.add(hourly());
        await world.clock.advance(58 * MINUTE);
        for (const step of [5, -5, 5, -5, -5, 5]) {
          world.clock.jumpWall(step * MINUTE);
          await world.clock.advance(20_000);
        }
        await world.clock.advance(10 * MINUTE);
        assert.equal(world.slots(job.id).length, 1);
      },
      { deps: { sweepMs: 5_000 } },
    ));

  test("fault-56 killed at every commit of a run, the run happens once and is never left running", async () => {
    for (let change = 0; change < 4; change += 1) {
      for (const when of ["before", "after"] as const) {
        await inWorld(async (world) => {
          const job = await world.add(hourly());
          world.dieAt(change, when);
          await world.clock.advance(HOUR + 1);
          if (world.dead) {
            await world.kill();
            await world.start();
            await world.clock.advance(MINUTE);
          }
          assert.equal(world.slots(job.id).length, 1, `${when} ${change}`);
          const [run] = await world.jobs.runs({ id: job.id, limit: 10 }, OWNER);
          assert.equal(run?.status, "done");
        });
      }
    }
  });

  test("fault-56 killed while a run is handed over or a job is removed: the turn is the same one, and the job is there or gone", async () => {
    for (const when of ["before", "after"] as const) {
      const accepted = new Set<string>();
      const receive = async (updates: readonly { key: string }[]): Promise<Outcome[]> =>
        updates.map(({ key }) => {
          const kind = accepted.has(key) ? ("duplicate" as const) : ("turn" as const);
          accepted.add(key);
          return { kind, messageId: key, turnId: `turn of ${key}`, sessionId: "s", sessionKey: "agent:main:s" };
        });
      await inWorld(
        async (world) => {
          const job = await world.add({ schedule: { every: "1h" }, text: "work" });
          world.dieAt(1, when);
          await world.clock.advance(HOUR + 1);
          assert.ok(world.dead);
          await world.kill();
          await world.start();
          await world.clock.advance(MINUTE);
          const runs = await world.jobs.runs({ id: job.id, limit: 5 }, OWNER);
          assert.deepEqual([runs.length, accepted.size, runs[0]?.turnId], [1, 1, `turn of job:${runs[0]?.id}`]);
          world.dieAt(0, when);
          await assert.rejects(world.jobs.remove(job.id, OWNER), { code: "store_closed" });
          await world.kill();
          await world.start();
          assert.equal((await world.jobs.list(OWNER, 5)).length, when === "before" ? 1 : 0);
        },
        { intake: { receive } },
      );
    }
  });

  test("a one-shot runs once and is gone, its run is remembered; a kept one stays", () =>
    inWorld(async (world) => {
      const gone = await world.add({ schedule: { at: "20m" }, kind: "reminder", text: "tea" });
      const kept = await world.add({ schedule: { at: "20m" }, kind: "reminder", text: "tea", deleteAfterRun: false });
      await world.clock.advance(DAY);
      assert.deepEqual([world.slots(gone.id).length, world.slots(kept.id).length], [1, 1]);
      assert.deepEqual(
        (await world.jobs.list(OWNER, 10)).map(({ id }) => id),
        [kept.id],
      );
      assert.equal((await world.jobs.runs({ id: gone.id, limit: 5 }, OWNER))[0]?.status, "done");
      assert.equal(world.events.filter(({ event }) => event === "job.ran").length, 2);
    }));

  test("a job that is switched off misses nothing and catches up with nothing, a removed one runs no more", () =>
    inWorld(async (world) => {
      const job = await world.add(hourly({ catchUp: "all" }));
      await world.jobs.edit(job.id, { enabled: false }, BY_OWNER);
      await world.clock.advance(5 * HOUR);
      await world.jobs.edit(job.id, { enabled: true }, BY_OWNER);
      await world.clock.advance(HOUR);
      assert.equal(world.slots(job.id).length, 1);
      await world.jobs.remove(job.id, OWNER);
      await world.clock.advance(5 * HOUR);
      assert.equal(world.slots(job.id).length, 1);
      await assert.rejects(world.jobs.get(job.id, OWNER), { code: "job_not_found" });
    }));

  test("a manual run comes at once and leaves the schedule as it is", () =>
    inWorld(async (world) => {
      const job = await world.add(hourly());
      const run = await world.jobs.run(job.id, OWNER);
      await world.clock.advance(1);
      assert.equal(run.trigger, "manual");
      assert.equal(world.taken.length, 1);
      await world.clock.advance(HOUR);
      assert.equal(world.taken.length, 2);
    }));

  test("a job that keeps failing is switched off and the owner is told", () => {
    const refused: Outcome = { kind: "refused", reason: "sender is not allowed" };
    return inWorld(
      async (world) => {
        const job = await world.add({ schedule: { every: "1h" }, text: "work" });
        await world.clock.advance(20 * HOUR);
        const { enabled, failures } = await world.jobs.get(job.id, OWNER);
        assert.deepEqual([enabled, failures], [false, 3]);
        assert.match(world.notices.at(-1)!, /^job_paused: .*3 times in a row/);
        assert.equal((await world.jobs.runs({ id: job.id, limit: 50 }, OWNER)).length, 3);
      },
      { deps: { pauseAfter: 3 }, intake: { receive: async (updates) => updates.map(() => refused) } },
    );
  });

  test("what a run is told to the intake: key, maker, session, model, budget, where the answer goes", () =>
    inWorld(async (world) => {
      const job = await world.add({
        schedule: { at: "1m" },
        text: "look",
        session: "fresh",
        model: "one:m",
        maxTokens: 500,
        thinking: "low",
        deliver: { channel: "loop", account: "default", conversation: "7" },
      });
      await world.clock.advance(2 * MINUTE);
      const [update] = world.taken;
      const slot = Date.UTC(2026, 0, 1) + MINUTE;
      assert.equal(update!.key, `job:${job.id}:${slot}`);
      assert.deepEqual(update!.options, { session: `agent:main:job:${job.id}:${slot}`, agent: "main", model: "one:m", thinking: "low", maxTurnTokens: 500 });
      assert.deepEqual(update!.authenticated, { person: "owner", class: "owner" });
      assert.deepEqual(update!.job, {
        id: job.id,
        class: "owner",
        label: labelOf(OWNER),
        answerTo: { channel: "loop", account: "default", conversation: "7" },
      });
      const reminder = await world.add({ schedule: { at: "1m" }, kind: "reminder", text: "tea" });
      await world.clock.advance(2 * MINUTE);
      assert.deepEqual([world.taken[1]!.job?.id, world.taken[1]!.job?.answerTo, world.taken[1]!.job?.reminder], [reminder.id, ELSEWHERE, true]);
    }));

  test("sec-110 others see, change and run their own jobs only, and hear of those of others what they hear of none", () =>
    inWorld(async (world) => {
      const ann: Principal = { person: "ann", class: "trusted", where: { channel: "loop", account: "default", conversation: "2" }, direct: true, sender: "2" };
      const bob: Principal = { ...ann, person: "bob", sender: "3", where: { ...ann.where, conversation: "3" } };
      const maker = { principal: ann, label: labelOf(ann), session: "agent:main:direct:ann" };
      const job = await world.jobs.add(hourly(), maker);
      assert.deepEqual(job.delivery, { kind: "address", address: ann.where });
      assert.deepEqual(await world.jobs.list(bob, 10), []);
      const none = await world.jobs.get("none", bob).catch((error: Error) => error.message);
      const hers = await world.jobs.get(job.id, bob).catch((error: Error) => error.message);
      assert.equal(String(hers).replace(job.id, "none"), none);
      const byBob = { principal: bob, label: labelOf(bob) };
      for (const attempt of [world.jobs.edit(job.id, { text: "x" }, byBob), world.jobs.remove(job.id, bob), world.jobs.run(job.id, bob)])
        await assert.rejects(attempt, { code: "job_not_found" });
      await assert.rejects(world.jobs.runs({ id: job.id, limit: 5 }, bob), { code: "job_not_found" });
      assert.equal((await world.jobs.list(OWNER, 10)).length, 1);
      for (const wrong of [{ session: "agent:main:main" }, { deliver: "owner" as const }, { deliver: ELSEWHERE }])
        await assert.rejects(world.jobs.add({ schedule: { at: "1h" }, text: "x", ...wrong }, maker), { code: "bad_job" });
      await world.jobs.add({ schedule: { at: "1h" }, text: "x", session: "agent:main:direct:ann" }, maker);
    }));

  test("sec-91 sec-93 a job keeps the label of the context that made it and takes on that of one that changes it; its maker stays", () =>
    inWorld(async (world) => {
      const job = await world.jobs.add(hourly(), { principal: OWNER, label: { integrity: "EXTERNAL", confidentiality: "PRIVATE" } });
      const edited = await world.jobs.edit(job.id, { text: "other" }, BY_OWNER);
      assert.equal(edited.label.integrity, "EXTERNAL");
      const clean = await world.add(hourly());
      const tainted = await world.jobs.edit(clean.id, { name: "x" }, { principal: OWNER, label: { integrity: "GUEST", confidentiality: "PUBLIC" } });
      assert.deepEqual(tainted.label, { integrity: "GUEST", confidentiality: "PRIVATE" });
      assert.deepEqual(tainted.principal, clean.principal);
    }));

  test("there are no more jobs than there may be (too_many_jobs), and an edit that somebody else always overtakes gives up (job_changed)", async () => {
    await inWorld(
      async (world) => {
        await world.add(hourly());
        await assert.rejects(world.add(hourly()), { code: "too_many_jobs" });
      },
      { deps: { maxJobs: 1 } },
    );
    const store = createMemoryStore();
    const overtaken = {
      ...store,
      saveJob: async (input: Parameters<typeof store.saveJob>[0]) => (input.revision === undefined ? store.saveJob(input) : undefined),
    };
    await inWorld(
      async (world) => {
        const job = await world.add(hourly());
        await assert.rejects(world.jobs.edit(job.id, { name: "other" }, BY_OWNER), { code: "job_changed" });
        const ann: Principal = { person: "ann", class: "trusted", where: ELSEWHERE, direct: true, sender: "2" };
        const maker = { principal: ann, label: labelOf(ann) };
        for (let i = 0; i < 50; i += 1) await world.jobs.add(hourly(), maker);
        await assert.rejects(world.jobs.add(hourly(), maker), { code: "too_many_jobs" });
      },
      { deps: { store: overtaken } },
    );
  });

  test("what a job cannot be is refused with a reason", () =>
    inWorld(async (world) => {
      const refuse = (input: JobInput, code: string) => assert.rejects(world.add(input), { code }, JSON.stringify(input));
      const at = { at: "1h" };
      await refuse({ text: "x" }, "bad_job");
      await refuse({ schedule: at }, "bad_job");
      await refuse({ schedule: at, text: "  " }, "bad_job");
      await refuse({ schedule: at, text: "x", kind: "reminder", session: "fresh" }, "bad_job");
      await refuse({ schedule: at, text: "x".repeat(20_001) }, "bad_job");
      await refuse({ schedule: at, text: "x", name: "two\nlines" }, "bad_job");
      await refuse({ schedule: at, text: "x", kind: "reminder", deliver: "quiet" }, "bad_job");
      await refuse({ schedule: at, text: "x", kind: "reminder", model: "a:b" }, "bad_job");
      await refuse({ schedule: at, text: "x", agent: "nobody" }, "agent_not_found");
      await refuse({ schedule: at, text: "x", session: "agent:other:main" }, "bad_job");
      await refuse({ schedule: at, text: "x", deliver: { channel: "none", account: "default", conversation: "1" } }, "channel_not_found");
      await refuse({ schedule: { every: "1m" }, text: "x", staggerMs: HOUR }, "bad_job");
      await refuse({ schedule: at, text: "x", catchUpLimit: 0 }, "bad_job");
    }));
});

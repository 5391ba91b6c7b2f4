import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job, JobRun } from "../../../src/core/job.ts";
import { labelOf } from "../../../src/core/principal.ts";
import type { Fence } from "../../../src/core/records.ts";
import { LEASE_MS, rejectsWith, type World } from "./world.ts";

const MANY = 1_000_000;

export function jobCases(world: () => World): void {
  const make = (w: World, more: Partial<Job> = {}): Job => {
    const principal = w.principal();
    return {
      id: w.id("job"),
      name: "watch",
      agent: "main",
      schedule: { kind: "every", everyMs: 60_000, anchor: w.now },
      payload: { kind: "message", text: "look" },
      session: { kind: "own" },
      delivery: { kind: "quiet" },
      enabled: true,
      catchUp: "once",
      catchUpLimit: 10,
      maxDelayMs: 0,
      staggerMs: 0,
      deleteAfterRun: false,
      principal,
      label: labelOf(principal),
      cursor: w.now,
      nextSlot: w.now + 60_000,
      nextAt: w.now + 60_000,
      failures: 0,
      skipped: 0,
      revision: 0,
      createdAt: w.now,
      updatedAt: w.now,
      ...more,
    };
  };
  const save = async (w: World, more: Partial<Job> = {}): Promise<Job> => {
    const saved = await w.store.saveJob({ job: make(w, more), most: MANY });
    assert.ok(saved);
    return saved;
  };
  const hold = async (w: World): Promise<Fence> => (await w.store.claimLease({ lease: `jobs-${w.name}`, owner: "me", now: w.now, leaseMs: LEASE_MS }))!;
  const plan = (w: World, job: Job, slots: readonly number[], more: Partial<Parameters<World["store"]["planJobRuns"]>[0]> = {}) =>
    w.store.planJobRuns({
      jobId: job.id,
      revision: job.revision,
      cursor: w.now,
      nextSlot: w.now + 60_000,
      nextAt: w.now + 60_000,
      skipped: 0,
      runs: slots.map((slot) => ({ id: `${job.id}:${slot}`, slot, trigger: "schedule" as const, notBefore: slot })),
      now: w.now,
      ...more,
    });
  const agenda = async (w: World, id: string, overdue = 0) => {
    const { jobs, due, ended } = await w.store.jobAgenda({ now: w.now, overdue, limit: 10_000 });
    return { jobs: jobs.filter((job) => job.id === id), due: due.filter(({ job }) => job.id === id), ended: ended.filter(({ run }) => run.jobId === id) };
  };
  const finish = (w: World, fence: Fence, id: string, status: "done" | "failed" | "cancelled" = "done", more: { keep?: number; pauseAfter?: number } = {}) =>
    w.store.finishJobRun({
      fence,
      id,
      status,
      keep: 100,
      pauseAfter: 10,
      forgetBefore: 0,
      now: w.now,
      ...more,
      ...(status === "failed" && { error: { code: "x", message: "y" } }),
    });
  const get = async (w: World, id: string) => await w.store.getJob({ id });

  test("a job is kept as it is, changed by one who knows its revision, refused above the most, and removed", async () => {
    const w = world();
    const job = await save(w, { schedule: { kind: "cron", pattern: "0 9 * * *", timeZone: "Europe/Berlin" }, payload: { kind: "reminder", text: "tea ☕" } });
    assert.deepEqual(await get(w, job.id), job);
    assert.equal(job.revision, 1);
    const { nextSlot: _slot, nextAt: _at, ...over } = job;
    const changed = await w.store.saveJob({ job: { ...over, name: "other", enabled: false }, revision: 1, most: MANY });
    assert.deepEqual([changed?.name, changed?.enabled, changed?.revision, changed && "nextAt" in changed], ["other", false, 2, false]);
    assert.equal(await w.store.saveJob({ job, revision: 1, most: MANY }), undefined, "somebody was faster");
    assert.equal(await w.store.saveJob({ job: make(w), most: 0 }), undefined, "too many");
    assert.equal(await w.store.removeJob({ id: job.id, now: w.now }), true);
    assert.equal(await w.store.removeJob({ id: job.id, now: w.now }), false);
    assert.equal(await get(w, job.id), undefined);
  });

  test("jobs are listed by whose they are, the next due first", async () => {
    const w = world();
    const principal = { ...w.principal(), person: w.id("person") };
    const late = await save(w, { principal, nextAt: w.now + 9 });
    const soon = await save(w, { principal, nextAt: w.now + 1 });
    const off = await save(w, { principal, nextAt: w.now, enabled: false });
    const ids = (await w.store.listJobs({ person: principal.person, limit: 10 })).map(({ id }) => id);
    assert.deepEqual(ids, [soon.id, late.id, off.id]);
    assert.deepEqual(await w.store.listJobs({ person: w.id("nobody"), limit: 10 }), []);
  });

  test("fault-52 a slot is decided once: by one of many who know the revision, and never a second time", async () => {
    const w = world();
    const job = await save(w);
    w.now += 60_000;
    assert.equal((await agenda(w, job.id)).jobs.length, 1);
    const plans = await Promise.all(Array.from({ length: 20 }, () => plan(w, job, [w.now])));
    assert.equal(plans.filter(Boolean).length, 1);
    const again = (await get(w, job.id))!;
    assert.equal(again.cursor, w.now);
    assert.equal(await plan(w, again, [w.now]), true);
    assert.equal((await w.store.listJobRuns({ jobId: job.id, limit: 10 })).length, 1);
  });

  test("a run is due, running, over: in order, one at a time, and with an open run no slot is decided", async () => {
    const w = world();
    const fence = await hold(w);
    const job = await save(w);
    const [one, two] = [w.now + 60_000, w.now + 120_000];
    w.now += 120_000;
    await plan(w, job, [two, one], { nextAt: w.now, nextSlot: w.now });
    const seen = await agenda(w, job.id);
    assert.deepEqual(
      seen.due.map(({ run }) => run.slot),
      [one],
    );
    assert.equal(seen.jobs.length, 0);
    const started = await w.begin("the run");
    assert.equal(await w.store.startJobRun({ fence, id: `${job.id}:${one}`, turnId: started.turn.id, sessionKey: started.session.key, now: w.now }), true);
    assert.equal(await w.store.startJobRun({ fence, id: `${job.id}:${one}`, turnId: "other", now: w.now }), false);
    assert.deepEqual([(await agenda(w, job.id)).due.length, (await agenda(w, job.id)).ended.length], [0, 0]);
    assert.equal((await agenda(w, job.id, w.now + 1)).ended.length, 1, "it takes too long");
    await w.commit(started);
    const [ended] = (await agenda(w, job.id)).ended;
    assert.deepEqual([ended?.turn?.status, ended?.job?.id, ended?.run.turnId], ["done", job.id, started.turn.id]);
    const finished = await finish(w, fence, `${job.id}:${one}`);
    assert.deepEqual([finished?.run.status, finished?.run.endedAt, finished?.paused, finished?.removed], ["done", w.now, false, false]);
    assert.equal(await finish(w, fence, `${job.id}:${one}`), undefined, "over once");
    assert.deepEqual(
      (await agenda(w, job.id)).due.map(({ run }) => run.slot),
      [two],
    );
  });

  test("the agenda names the next time, of a slot or of a run that waits", async () => {
    const w = world();
    w.now += 500_000_000_000;
    const job = await save(w, { nextAt: w.now + 10_000, nextSlot: w.now + 10_000 });
    const next = async () => (await w.store.jobAgenda({ now: w.now, overdue: 0, limit: 1 })).next;
    assert.equal(await next(), w.now + 10_000);
    await plan(w, job, [], { runs: [{ id: `${job.id}:x`, slot: w.now, trigger: "catch_up", notBefore: w.now + 7_000 }] });
    assert.equal(await next(), w.now + 7_000);
    await w.store.removeJob({ id: job.id, now: w.now });
    assert.equal(await next(), undefined);
    assert.equal((await w.store.listJobRuns({ jobId: job.id, limit: 5 }))[0]?.status, "cancelled");
  });

  test("failures in a row switch a job off, a good run forgets them", async () => {
    const w = world();
    const fence = await hold(w);
    const job = await save(w);
    const run = async (status: "done" | "failed") => {
      w.now += 60_000;
      await plan(w, (await get(w, job.id))!, [w.now]);
      return await finish(w, fence, `${job.id}:${w.now}`, status, { pauseAfter: 2 });
    };
    assert.equal((await run("failed"))?.paused, false);
    await run("done");
    assert.equal((await get(w, job.id))?.failures, 0);
    await run("failed");
    assert.deepEqual([(await run("failed"))?.paused, (await get(w, job.id))?.enabled, (await get(w, job.id))?.failures], [true, false, 2]);
    const [last] = await w.store.listJobRuns({ jobId: job.id, limit: 1 });
    assert.deepEqual(last?.error, { code: "x", message: "y" } satisfies JobRun["error"]);
  });

  test("a job that deletes itself goes with its last good run and leaves its runs; only the newest are kept", async () => {
    const w = world();
    const fence = await hold(w);
    const once = await save(w, { deleteAfterRun: true });
    await plan(w, once, [w.now], { nextSlot: undefined, nextAt: undefined } as never);
    assert.equal((await finish(w, fence, `${once.id}:${w.now}`))?.removed, true);
    assert.equal(await get(w, once.id), undefined);
    assert.equal((await w.store.listJobRuns({ jobId: once.id, limit: 5 })).length, 1);
    const job = await save(w);
    for (let i = 0; i < 6; i += 1) {
      w.now += 60_000;
      await plan(w, (await get(w, job.id))!, [w.now]);
      await finish(w, fence, `${job.id}:${w.now}`, "done", { keep: 3 });
    }
    assert.deepEqual(
      (await w.store.listJobRuns({ jobId: job.id, limit: 50 })).map(({ slot }) => w.now - slot),
      [0, 60_000, 120_000],
    );
  });

  test("jobs whose cursor lies ahead are found, and whoever has lost the lease changes nothing", async () => {
    const w = world();
    const job = await save(w, { cursor: w.now + 5_000 });
    const ahead = async (now: number) => (await w.store.jobsAhead({ now, limit: MANY })).some(({ id }) => id === job.id);
    assert.deepEqual([await ahead(w.now), await ahead(w.now + 5_000)], [true, false]);
    const old = await hold(w);
    await hold(w);
    await rejectsWith("lease_lost", plan(w, job, [w.now], { fence: old }));
    await rejectsWith("lease_lost", w.store.startJobRun({ fence: old, id: "x", now: w.now }));
    await rejectsWith("lease_lost", finish(w, old, "x"));
  });
}

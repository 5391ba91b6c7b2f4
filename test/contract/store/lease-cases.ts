import assert from "node:assert/strict";
import { test } from "node:test";
import { LEASE_MS, rejectsWith, type World } from "./world.ts";

export function leaseCases(world: () => World): void {
  test("fault-20 of a hundred claimers one gets the lane", async () => {
    const w = world();
    const { session } = await w.say("one");
    const claims = await Promise.all(Array.from({ length: 100 }, (_, index) => w.start(session.id, `owner${index}`)));
    assert.equal(claims.filter((claim) => claim !== undefined).length, 1);
    assert.equal((await w.store.listTurns({ sessionId: session.id, limit: 10 }))[0]?.attempts, 1);
  });

  test("fault-15 a hundred messages at once into one session keep numbers without gaps and start one turn", async () => {
    const w = world();
    const outputs = await Promise.all(
      Array.from({ length: 100 }, (_, index) => w.say(`m${index}`, { claim: true, queueMode: index % 2 === 0 ? "queue" : "immediate" })),
    );
    let running = outputs.find((output) => output.started !== undefined)?.started;
    assert.equal(outputs.filter((output) => output.started !== undefined).length, 1);
    for (let rounds = 0; running !== undefined && rounds < 200; rounds += 1) running = (await w.commit(running, { next: true })).next;
    const texts = await w.transcript(outputs[0]!.session.id);
    assert.equal(texts.filter((text) => text !== "yes").length, 100);
    assert.equal(new Set(outputs.map((output) => output.session.id)).size, 1);
  });

  test("fault-13 the same update delivered fifty times at once is accepted once", async () => {
    const w = world();
    const item = w.item("once");
    const outputs = await Promise.all(Array.from({ length: 50 }, () => w.accept({ ...item, messageId: w.id("m"), turnId: w.id("t") })));
    assert.equal(outputs.filter(([output]) => output?.kind === "accepted").length, 1);
  });

  test("a lease is free, held, expired; its number rises with every holder and survives release", async () => {
    const w = world();
    const lease = `jobs-${w.name}`;
    const claim = (owner: string) => w.store.claimLease({ lease, owner, now: w.now, leaseMs: LEASE_MS });
    const first = await claim("a");
    assert.deepEqual(first, { lease, owner: "a", fence: 1 });
    assert.equal(await claim("b"), undefined);
    await w.store.releaseLease({ fence: first });
    await rejectsWith("lease_lost", w.store.releaseLease({ fence: first }));
    assert.equal((await claim("b"))?.fence, 2);
    w.now += LEASE_MS;
    assert.equal((await claim("a"))?.fence, 3);
    assert.equal((await claim("a"))?.fence, 4, "its own older holder is fenced out");
  });

  test("renewing answers what is still held", async () => {
    const w = world();
    const owner = `owner-${w.name}`;
    for (const lease of ["x", "y"]) await w.store.claimLease({ lease: `${lease}-${w.name}`, owner, now: w.now, leaseMs: 100 });
    w.now += 50;
    assert.deepEqual((await w.store.renewLeases({ owner, now: w.now, leaseMs: 100 })).toSorted(), [`x-${w.name}`, `y-${w.name}`]);
    w.now += 99;
    assert.equal(await w.store.claimLease({ lease: `x-${w.name}`, owner: "thief", now: w.now, leaseMs: 100 }), undefined);
    w.now += 1;
    assert.ok(await w.store.claimLease({ lease: `x-${w.name}`, owner: "thief", now: w.now, leaseMs: 100 }));
    assert.deepEqual(await w.store.renewLeases({ owner, now: w.now, leaseMs: 100 }), [`y-${w.name}`]);
  });

  test("boot numbers rise, and a dead process of this home gives up its leases at once", async () => {
    const w = world();
    const claim = (owner: string, lease: string) => w.store.claimLease({ lease: `${lease}-${w.name}`, owner, now: w.now, leaseMs: LEASE_MS });
    await claim(`${w.name}.1`, "a");
    await claim(`${w.name}0.1`, "b");
    const { boot } = await w.store.boot({ now: w.now, instance: w.name });
    assert.deepEqual(await w.store.boot({ now: w.now }), { boot: boot + 1 });
    assert.equal((await claim("next", "a"))?.fence, 2);
    assert.equal(await claim("next", "b"), undefined, "another home's lease");
  });
}

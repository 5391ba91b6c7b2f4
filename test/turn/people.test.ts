import assert from "node:assert/strict";
import { test } from "node:test";
import { createPeople } from "../../src/turn/people.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

const SENDER = { id: "77" };

test("nobody is forgotten between the look at who has written and the commit of their message; whoever writes then is somebody new", async () => {
  const clock = createManualClock();
  const store = createMemoryStore();
  const people = createPeople({ store, clock, random: createSeededRandom(1) });
  const done: string[] = [];
  const accepted = Promise.withResolvers<void>();
  const named = Promise.withResolvers<string>();
  const first = people.during(async () => {
    named.resolve(await people.idOf("sim", "default", SENDER));
    await accepted.promise;
    done.push("accepted");
  });
  const person = await named.promise;
  const forgotten = people.forget(person, async () => {
    await store.purgePerson({ person });
    done.push("forgotten");
  });
  const next = people.during(async () => {
    done.push("next");
    return await people.idOf("sim", "default", SENDER);
  });
  accepted.resolve();
  await Promise.all([first, forgotten]);
  assert.notEqual(await next, person);
  assert.deepEqual(done, ["accepted", "forgotten", "next"]);
  await store.close();
});

test("a purge that fails lets everybody go on, and can be tried again", async () => {
  const clock = createManualClock();
  const store = createMemoryStore();
  const people = createPeople({ store, clock, random: createSeededRandom(1) });
  const person = await people.idOf("sim", "default", SENDER);
  await assert.rejects(
    people.forget(person, () => Promise.reject(new Error("busy"))),
    /busy/,
  );
  assert.equal(await people.during(() => people.idOf("sim", "default", SENDER)), person);
  await people.forget(person, () => store.purgePerson({ person }));
  assert.notEqual(await people.idOf("sim", "default", SENDER), person);
  await store.close();
});

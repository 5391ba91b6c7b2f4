import assert from "node:assert/strict";
import { test } from "node:test";
import { ChannelError } from "../../src/core/errors.ts";
import { createScripted, reply, type Script } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse } from "../fakes/house.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const LONG = Array.from({ length: 20 }, (_, n) => `sentence ${n}. `);
const END = { type: "end" as const, stop: "end" as const, usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 } };

/** Found by the kill soak: the platform then shows the second answer above the first one. */
test("while an answer waits to be sent, no preview of the next one is posted before it (P3, fault-2)", async () => {
  const clock = createManualClock();
  const script: Script = (_, index) =>
    index === 0
      ? reply("short answer")
      : [
          ...LONG.flatMap((text) => [
            { type: "text" as const, text },
            { type: "delay" as const, ms: 500 },
          ]),
          { ...END, parts: [{ type: "text", text: LONG.join("") }] },
        ];
  const store = createMemoryStore();
  const house = await openHouse({ store, clock, provider: createScripted(script, { clock }) });
  let refused = 0;
  house.channel.before = (kind, text) => {
    if (kind !== "send" || text !== "short answer" || refused > 0) return;
    refused += 1;
    throw new ChannelError("flood", "too many", "retry", { retryAfterMs: 5_000 });
  };
  await house.say("first");
  await house.say("second");
  await clock.advance(4_000);
  assert.deepEqual(house.texts(), []);
  await clock.advance(4_000);
  assert.equal(house.channel.shown[0]?.text, "short answer");
  assert.equal(house.channel.shown.length, 2, "then the preview of the second answer stands below it");
  await clock.advance(20_000);
  assert.equal(house.texts().slice(1).join(""), LONG.join(""));
  assert.ok(house.channel.shown[1]!.versions.length > 2);
  await house.stop();
  await store.close();
});

const slowly = (words: readonly string[]) => [
  ...words.flatMap((text) => [
    { type: "text" as const, text },
    { type: "delay" as const, ms: 500 },
  ]),
  { ...END, parts: [{ type: "text" as const, text: words.join("") }] },
];

test("after a new conversation was begun at the page no preview is posted before what the old conversation still has to say there (P3)", async () => {
  const clock = createManualClock();
  const script: Script = (_, index) => (index === 0 ? reply("old answer") : slowly(LONG));
  const store = createMemoryStore();
  const house = await openHouse({ store, clock, provider: createScripted(script, { clock }) });
  let refused = 0;
  house.channel.before = (kind) => {
    if (kind !== "send" || refused > 0) return;
    refused += 1;
    throw new ChannelError("flood", "too many", "retry", { retryAfterMs: 5_000 });
  };
  await house.say("first");
  await store.resetSession({ session: { id: "next", key: "agent:main:main", agent: "main" }, now: clock.now() });
  await house.say("second");
  await clock.advance(4_000);
  assert.deepEqual(house.texts(), []);
  await clock.advance(30_000);
  assert.equal(house.texts()[0], "old answer");
  assert.equal(house.texts().slice(1).join(""), LONG.join(""));
  await house.stop();
  await store.close();
});

test("a gateway that stood still while its lane moved on edits no preview over the answer of the other one (P2, fault-20)", async () => {
  const store = createMemoryStore();
  const [before, after] = [createManualClock(), createManualClock()];
  const channel = createLoopChannel();
  const first = await openHouse({ store, clock: before, channel, instance: "a", provider: createScripted(() => slowly(LONG), { clock: before }) });
  await first.say("hello");
  await before.advance(3_000);
  const shown = channel.shown[0]!;
  assert.match(shown.text, /^sentence 0/);
  // The first one stands still from here; when its lease has run out the second one goes on.
  await after.advance(60_000);
  const second = await openHouse({ store, clock: after, channel, instance: "b", provider: createScripted(() => reply("the answer"), { clock: after }) });
  await after.advance(20_000);
  assert.equal(shown.text, "the answer");
  const versions = shown.versions.length;
  await before.advance(4_000);
  assert.equal(shown.text, "the answer");
  assert.equal(shown.versions.length, versions);
  for (const house of [second, first]) await house.stop();
  await store.close();
});

test("an answer of the new conversation waits until the old one, whose preview stands above, has said its last part (P3)", async () => {
  const clock = createManualClock();
  const script: Script = (_, index) => (index === 0 ? slowly(LONG) : reply("new answer"));
  const store = createMemoryStore();
  const house = await openHouse({ store, clock, provider: createScripted(script, { clock }) });
  await house.say("first");
  await clock.advance(3_000);
  assert.equal(house.channel.shown.length, 1, "the preview");
  await store.resetSession({ session: { id: "next", key: "agent:main:main", agent: "main" }, now: clock.now() });
  await house.say("second");
  await clock.advance(2_000);
  assert.equal((await store.listTurns({ statuses: ["done"], limit: 2 })).length, 1, "the second one is answered already");
  assert.equal(house.channel.shown.length, 1);
  await clock.advance(20_000);
  assert.equal(house.texts().at(-1), "new answer");
  assert.equal(house.texts().slice(0, -1).join(""), LONG.join(""));
  await house.stop();
  await store.close();
});

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { StoreError } from "../../src/core/errors.ts";
import type { Store } from "../../src/core/store.ts";
import { createScripted, reply, type Script } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse, type House } from "../fakes/house.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

/** A model whose answer is long enough in the making to be shown while it grows. */
const slowly: Script = () => [
  { type: "text", text: "the beginning of a longer answer " },
  { type: "delay", ms: 5_000 },
  ...reply("the beginning of a longer answer and its end"),
];

describe("what the hall does when the store refuses a write, or a platform never answers", () => {
  let bare: Store;
  let house: House;
  /** Operations that fail so many times from now on. */
  let failing: Partial<Record<keyof Store, number>>;
  const open = async (script: Script) => {
    const clock = createManualClock();
    const store = new Proxy(bare, {
      get(target, name: keyof Store) {
        const left = failing[name] ?? 0;
        if (left === 0) return target[name];
        return async () => {
          failing[name] = left - 1;
          throw new StoreError("disk_full", "the disk is full", { retryAfterMs: 5_000 });
        };
      },
    });
    house = await openHouse({ store, provider: createScripted(script, { clock }), clock });
  };
  beforeEach(() => {
    bare = createMemoryStore();
    failing = {};
  });
  afterEach(async () => {
    failing = {};
    await house.stop();
    await bare.close();
  });

  test("a turn whose end could not be recorded is taken up again, and its lane is not held for ever (fault-85, fault-86)", async () => {
    await open(() => reply("here it is"));
    failing = { commitTurn: 1, postponeTurn: 1 };
    await house.say("hello");
    assert.deepEqual(house.texts(), []);
    await house.clock.advance(30_000);
    assert.deepEqual(house.texts(), ["here it is"]);
    await house.say("again");
    assert.deepEqual(house.texts(), ["here it is", "here it is"]);
  });

  test("the outcome of a send that could not be recorded is recorded later; nothing is sent twice and nothing waits behind it (fault-30)", async () => {
    await open(() => reply("here it is"));
    failing = { settlePart: 3 };
    await house.say("hello");
    await house.say("again");
    await house.clock.advance(60_000);
    assert.deepEqual(house.texts(), ["here it is", "here it is"]);
    const deliveries = await bare.listDeliveries({ limit: 5 });
    assert.deepEqual(
      deliveries.map((delivery) => delivery.status),
      ["sent", "sent"],
    );
  });

  test("a preview whose receipt could not be recorded at first is still edited into the answer, not sent again (fault-22)", async () => {
    await open(slowly);
    failing = { settleDraft: 1 };
    await house.say("hello");
    await house.clock.advance(60_000);
    assert.deepEqual(house.texts(), ["the beginning of a longer answer the beginning of a longer answer and its end"]);
    assert.ok(house.channel.shown[0]!.versions.length > 1);
  });

  test("a preview whose first send never returns does not hold the lane for ever (fault-85)", async () => {
    await open(slowly);
    let hung = 0;
    const { send } = house.channel;
    house.channel.send = async (part, target) => {
      hung += 1;
      if (hung > 1) return await send.call(house.channel, part, target);
      return await new Promise((_, reject) => target.signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true }));
    };
    await house.say("hello");
    await house.clock.advance(60_000);
    assert.equal(house.texts().length, 1);
    assert.equal(house.hall.lanes.running(), 0);
  });

  test("a send that hangs holds up a stop for seconds, not for its whole time; it is in doubt afterwards (fault-75)", async () => {
    await open(() => reply("here it is"));
    house.channel.send = (_part, target) =>
      new Promise((_, reject) => target.signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true }));
    await house.say("hello");
    let stopped = false;
    const stopping = house.stop().then(() => (stopped = true));
    // The stop takes its first steps before time goes on.
    for (let i = 0; i < 5; i += 1) await house.clock.advance(10);
    await house.clock.advance(2_000);
    assert.equal(stopped, false);
    await house.clock.advance(5_000);
    assert.equal(stopped, true);
    await stopping;
    assert.deepEqual(
      (await bare.listDeliveries({ limit: 5 })).map((delivery) => delivery.status),
      ["unknown"],
    );
  });

  test("a run whose lease has gone to another owner is stopped at the next renewal and writes nothing more (fault-20)", async () => {
    await open((_, index) => (index === 0 ? [{ type: "text", text: "hm" }, { type: "hang" }] : reply("later")));
    const outcome = await house.say("hello");
    assert.equal(outcome.kind, "turn");
    const [turn] = await bare.listTurns({ limit: 1 });
    const hourLater = house.clock.now() + 3600_000;
    const fence = await bare.claimLease({ lease: `lane:${turn!.sessionId}`, owner: "other.1", now: hourLater, leaseMs: 3600_000 });
    assert.ok(fence);
    await house.clock.advance(6_000);
    assert.equal(house.hall.lanes.running(), 0);
    assert.ok(!house.events.some((event) => event.event === "turn.ended"));
    assert.equal((await bare.getTurn({ id: turn!.id }))?.status, "running");
  });
});

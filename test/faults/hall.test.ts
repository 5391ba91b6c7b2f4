/** Faults of the hall in manual time: what takes minutes and hours in the world takes none here. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ChannelError, StoreError } from "../../src/core/errors.ts";
import { messageText } from "../../src/core/message.ts";
import type { Store } from "../../src/core/store.ts";
import type { Tool } from "../../src/core/tool.ts";
import { callTools, createScripted, reply, type Script } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse, type House, type HouseOptions } from "../fakes/house.ts";
import { createManualClock, type ManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

const lineOf = (request: Parameters<Script>[0]): string => {
  const last = request.entries.findLast(({ content }) => content.role === "user")!.content;
  return last.role === "user" ? messageText(last.message).split("\n").at(-1)! : "";
};
const echo: Script = (request) => reply(`re: ${lineOf(request)}`);
const from = (id: string) => ({ sender: { id, name: `person ${id}` } });
/** A tool that never ends and hears no signal. */
const deafTool = (timeoutMs: number): Tool => ({
  spec: { name: "deaf", description: "never ends", parameters: { type: "object", properties: {}, additionalProperties: false } },
  effects: [],
  idempotent: true,
  parallel: false,
  timeoutMs,
  run: () => new Promise(() => {}),
});
const OPEN: Partial<HouseOptions> = {
  place: { policy: { ownerIds: ["1"], allowedUsers: ["*"], dmPolicy: "open", groups: { policy: "off", allowed: [], requireMention: true } } as never },
};

describe("the hall under faults", () => {
  let store: Store;
  let clock: ManualClock;
  let house: House;
  const open = async (script: Script, options: Partial<HouseOptions> = {}) =>
    (house = await openHouse({ store, provider: createScripted(script, { clock }), clock, ...options }));
  beforeEach(async () => {
    store = createMemoryStore();
    clock = createManualClock();
  });
  /** Also in the middle of turns: then it takes time. */
  const stop = async () => {
    const stopping = house.stop();
    await clock.advance(3_000);
    await stopping;
  };
  afterEach(async () => {
    await stop();
    await store.close();
  });

  test("a message whose handling always throws is tried four times within 75 s, then it is a dead letter with a notice, and others are answered meanwhile (fault-12)", async () => {
    let tries = 0;
    const broken = {
      ...store,
      commitTurn: async (input: Parameters<Store["commitTurn"]>[0]) => {
        if (input.outcome !== "done" || !JSON.stringify(input.entries).includes("broken")) return await store.commitTurn(input);
        tries += 1;
        throw new TypeError("cannot read what is not there");
      },
    } as Store;
    await open(echo, { store: broken });
    await house.say("broken", from("1"));
    for (let second = 0; second < 75; second += 5) {
      await house.say(`other ${second}`, from("2"));
      assert.equal(house.texts().at(-1), `re: other ${second}`);
      await clock.advance(5_000);
    }
    assert.equal(tries, 4);
    const failed = (await store.listTurns({ limit: 100 })).filter(({ status }) => status === "failed");
    assert.equal(failed.length, 1);
    assert.ok(
      house.channel.shown.some(({ conversation, text }) => conversation === "1" && !text.startsWith("re: ")),
      "its chat is told",
    );
  });

  test("a session that is wedged for ten minutes holds up no other one, and /stop frees it at once (fault-17, fault-85)", async () => {
    await open((request) => (lineOf(request) === "wedge" ? callTools([{ name: "deaf", args: {} }]) : echo(request, 0, "")), {
      tools: [deafTool(3600_000)],
      agent: { timeoutMs: 3600_000 },
    });
    await house.say("wedge", from("1"));
    await house.say("waits behind it", from("1"));
    for (let minute = 0; minute < 10; minute += 1) {
      const asked = clock.monotonic();
      await house.say(`minute ${minute}`, from("2"));
      assert.equal(house.texts().at(-1), `re: minute ${minute}`);
      assert.equal(clock.monotonic(), asked);
      await clock.advance(60_000);
    }
    const stopped = clock.monotonic();
    await house.say("/stop", from("1"));
    await clock.advance(1_000);
    assert.ok(clock.monotonic() - stopped <= 1_000);
    assert.ok(house.texts().includes("re: waits behind it"));
  });

  test("a tool that never ends and hears no signal is given up at its time, and the lane goes on (fault-85)", async () => {
    await open(
      (request) =>
        request.entries.at(-1)!.content.role === "tool"
          ? reply("gave up")
          : lineOf(request) === "use it"
            ? callTools([{ name: "deaf", args: {} }])
            : echo(request, 0, ""),
      {
        tools: [deafTool(20_000)],
      },
    );
    await house.say("use it");
    await house.say("next");
    await clock.advance(25_000);
    assert.deepEqual(house.texts(), ["gave up", "re: next"]);
  });

  test("six hundred messages of forty people in random order over restarts: nobody gets an answer that is not theirs (fault-29)", async () => {
    const random = createSeededRandom(29);
    await open(echo, OPEN);
    const asked = new Map<string, string[]>();
    const channel = house.channel;
    for (let n = 0; n < 600; n += 1) {
      const person = String(1 + Math.floor(random.number() * 40));
      const text = `${person} says ${n}`;
      asked.set(person, [...(asked.get(person) ?? []), `re: ${text}`]);
      const received = house.hall.intake.receive([house.message(text, from(person))]);
      if (random.number() < 0.5) await received;
      if (random.number() < 0.1) await clock.advance(random.number() * 100);
      if (n % 150 === 149) {
        await received;
        await stop();
        await open(echo, { ...OPEN, channel, seed: n });
      }
    }
    await clock.advance(60_000);
    for (const [person, answers] of asked)
      assert.deepEqual(
        channel.shown.filter((one) => one.conversation === person).map(({ text }) => text),
        answers,
        person,
      );
    assert.equal(channel.shown.length, 600);
  });

  test("when the store fails behind a send that the platform has taken, it is told again until it takes the receipt, and nothing is sent again (fault-30)", async () => {
    let failing = false;
    const broken = {
      ...store,
      settlePart: async (input: Parameters<Store["settlePart"]>[0]) => {
        if (failing && input.status === "sent") throw new StoreError("store_failed", "disk I/O error", { hint: "" });
        return await store.settlePart(input);
      },
    } as Store;
    await open(echo, { store: broken });
    failing = true;
    await house.say("hello", from("2"));
    await clock.advance(10_000);
    failing = false;
    await clock.advance(60_000);
    await house.say("and now", from("2"));
    await clock.advance(10_000);
    assert.deepEqual(house.texts(), ["re: hello", "re: and now"]);
    assert.ok((await store.listDeliveries({ limit: 20 })).every(({ status }) => status === "sent"));
  });

  test("a channel that is down for a minute gets the answers, in order, within 5 s of its return (fault-25)", async () => {
    await open(echo);
    let down = true;
    house.channel.before = () => {
      if (down) throw new ChannelError("down", "connection refused", "retry");
    };
    for (let n = 0; n < 3; n += 1) await house.say(`n${n}`);
    await clock.advance(60_000);
    assert.deepEqual(house.texts(), []);
    down = false;
    await clock.advance(5_000);
    assert.deepEqual(house.texts(), ["re: n0", "re: n1", "re: n2"]);
  });

  test("the wall clock jumps by a day and by minutes, both ways: turns end, leases hold, nothing is sent twice (fault-55)", async () => {
    await open((request) => (lineOf(request).startsWith("slow") ? [{ type: "delay", ms: 20_000 }, ...reply(`re: ${lineOf(request)}`)] : echo(request, 0, "")));
    const expected: string[] = [];
    for (const jump of [24 * 3600_000, -48 * 3600_000, 5 * 60_000, -5 * 60_000, 24 * 3600_000]) {
      await house.say(`slow ${jump}`);
      clock.jumpWall(jump);
      await house.say(`quick ${jump}`, from("2"));
      assert.equal(house.texts().at(-1), `re: quick ${jump}`);
      await clock.advance(30_000);
      expected.push(`re: slow ${jump}`);
      assert.deepEqual(
        house.texts().filter((text) => text.startsWith("re: slow")),
        expected,
      );
    }
    const turns = await store.listTurns({ limit: 100 });
    assert.ok(turns.every(({ status, attempts }) => status === "done" && attempts === 1));
  });

  test("a recovery that races with new messages runs each session in one place, over a hundred restarts (fault-20, fault-18)", async () => {
    const random = createSeededRandom(20);
    let running = 0;
    let most = 0;
    const script: Script = (request) => [{ type: "delay", ms: 50 }, ...reply(`re: ${lineOf(request)}`)];
    const counted = (provider: ReturnType<typeof createScripted>): HouseOptions["provider"] => ({
      ...provider,
      model: (id) => {
        const model = provider.model(id);
        return {
          ...model,
          async *stream(request, signal) {
            running += 1;
            most = Math.max(most, running);
            try {
              yield* model.stream(request, signal);
            } finally {
              running -= 1;
            }
          },
        };
      },
    });
    const restart = async () =>
      await open(script, {
        seed: 1 + said.length,
        provider: counted(createScripted(script, { clock })),
        ...(house !== undefined && said.length > 0 && { channel: house.channel }),
      });
    const said: string[] = [];
    await restart();
    for (let n = 0; n < 100; n += 1) {
      said.push(`n${n}`);
      const first = house.hall.intake.receive([house.message(`n${n}`)]);
      await clock.advance(random.number() * 60);
      await first;
      await stop();
      await restart();
    }
    await clock.advance(600_000);
    assert.equal(most, 1, "one run of the session at a time");
    assert.deepEqual(
      house.texts().filter((text) => text.startsWith("re: ")),
      said.map((text) => `re: ${text}`),
    );
  });
});

import assert from "node:assert/strict";
import type { Delivery } from "../../../src/core/records.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";
import type { FaultCase } from "./index.ts";
import { SLOW, type FaultHouse } from "./house.ts";
import { untilHealth } from "./liveness-cases.ts";
import { PAUSE_MS } from "./partner.ts";

/** Of the channel under test, oldest first. */
async function deliveries({ store, channel }: FaultHouse): Promise<Delivery[]> {
  return (await store.listDeliveries({ channel: channel.name, limit: 2_000 })).toReversed();
}

/** The answer to what was said is made and waits to be sent. */
async function untilHeld(house: FaultHouse, count: number): Promise<void> {
  for (let look = 0; look < 300; look += 1) {
    if ((await deliveries(house)).filter(({ status }) => status === "open").length === count) return;
    await house.clock.advance(100);
  }
  throw new Error(`not ${count} answers are held`);
}

export const outboxCases: readonly FaultCase[] = [
  {
    name: "fault-22 of sends that fail or whose answer is lost each arrives once; where nobody can know it, the owner is told",
    async run(house) {
      const { partner, channel } = house;
      const random = createSeededRandom(22);
      const [person = ""] = partner.people(1);
      const said: string[] = [];
      for (let n = 0; n < 30; n += 1) {
        const chance = random.number();
        if (chance < 0.4) partner.failNext(chance < 0.1 ? "unknown" : "retry");
        said.push(`n${n}`);
        await house.ask(person, `n${n}`, 120_000);
      }
      await house.clock.advance(120_000);
      assert.deepEqual(
        partner.shown(person),
        said.map((text) => `re: ${text}`),
      );
      const states = (await deliveries(house)).map(({ status }) => status);
      assert.ok(states.every((status) => status === "sent" || (status === "unknown" && !channel.capabilities.idempotentSend)));
      const doubtful = states.filter((status) => status === "unknown").length;
      const told = house.other.shown.filter(({ text }) => text.includes("may or may not have arrived")).length;
      // More of one kind within a minute are one notice.
      assert.equal(told > 0, doubtful > 0);
      assert.ok(told <= doubtful);
    },
  },
  {
    name: "fault-23 a platform that asks for a pause is left alone there that long; others are answered, and the order is kept",
    async run(house) {
      const { partner, clock } = house;
      const [slowed = "", quick = ""] = partner.people(2);
      partner.failNext("retry");
      await partner.say(slowed, "one");
      await house.until(() => partner.tries(slowed) === 1, 30_000);
      const since = clock.monotonic();
      await partner.say(slowed, "two");
      await house.ask(quick, "quick", 5_000);
      while (clock.monotonic() - since < PAUSE_MS - 1_000) {
        await clock.advance(1_000);
        assert.equal(partner.tries(slowed), 1, `tried again after ${clock.monotonic() - since} ms`);
      }
      await house.until(() => partner.shown(slowed).length === 2, 60_000);
      assert.deepEqual(partner.shown(slowed), ["re: one", "re: two"]);
    },
  },
  {
    name: "fault-24 fault-51 what the platform refuses for good is tried once, is a dead letter that the owner is told of, and holds up nothing",
    async run(house) {
      const { partner, clock } = house;
      const [person = ""] = partner.people(1);
      partner.failNext("permanent");
      await partner.say(person, "refused");
      await house.until(() => partner.tries(person) === 1, 30_000);
      await clock.advance(60_000);
      assert.equal(partner.tries(person), 1);
      const [failed] = await deliveries(house);
      assert.equal(failed?.status, "failed");
      assert.ok(house.other.shown.some(({ text }) => text.includes("could not be delivered")));
      await house.ask(person, "next");
      assert.deepEqual(partner.shown(person), ["re: next"]);
    },
  },
  {
    name: "fault-25 fault-51 answers that are ready while the platform is away for a minute are held, and there within 5 s of the reconnect; the status says so meanwhile",
    async run(house) {
      const { partner, clock } = house;
      const people = partner.people(3);
      for (const person of people) await partner.say(person, `${SLOW} hello`);
      await house.until(() => house.asked === 3, 30_000);
      partner.wires.forEach((wire) => (wire.mode = "refuse"));
      await untilHeld(house, 3);
      await clock.advance(60_000);
      await untilHealth(house, false);
      assert.ok(people.every((person) => partner.shown(person).length === 0));
      await house.askOther("are you there");
      partner.wires.forEach((wire) => (wire.mode = "pass"));
      await untilHealth(house, true);
      await house.until(() => people.every((person) => partner.shown(person).length === 1), 5_000);
      for (const person of people) assert.deepEqual(partner.shown(person), [`re: ${SLOW} hello`]);
    },
  },
  {
    name: "fault-25 what could not be sent for a day is a dead letter with a notice, and is not said when the platform is back",
    async run(house) {
      const { partner, clock } = house;
      const [person = ""] = partner.people(1);
      await partner.say(person, `${SLOW} old`);
      await house.until(() => house.asked === 1, 30_000);
      partner.wires.forEach((wire) => (wire.mode = "refuse"));
      await untilHeld(house, 1);
      // The machine sleeps: what a day of tries would do is in the case before.
      clock.block(24 * 3_600_000);
      await clock.advance(30_000);
      assert.deepEqual(
        (await deliveries(house)).map(({ status }) => status),
        ["failed"],
      );
      assert.ok(house.other.shown.some(({ text }) => text.includes("could not be sent in time")));
      partner.wires.forEach((wire) => (wire.mode = "pass"));
      await untilHealth(house, true);
      await house.ask(person, "new");
      assert.deepEqual(partner.shown(person), ["re: new"]);
    },
  },
  {
    name: "fault-26 fault-47 ten restarts send nothing again, and what was said between them is answered once, also where no session can be resumed",
    async run(house) {
      const { partner, clock } = house;
      const people = partner.people(4);
      const expected = new Map(people.map((person) => [person, [] as string[]]));
      const said = async (person: string, text: string) => {
        await partner.say(person, text);
        expected.get(person)!.push(`re: ${text}`);
      };
      for (let n = 0; n < 100; n += 1) await said(people[n % 4]!, `before ${n}`);
      const settled = () => people.every((person) => partner.shown(person).length >= expected.get(person)!.length);
      await house.until(settled, 120_000);
      for (let round = 1; round <= 10; round += 1) {
        const tries = people.map((person) => partner.tries(person));
        await house.stop();
        await clock.advance(2_000);
        if (round % 3 === 0) {
          await said(people[round % 4]!, `away ${round}`);
          if (round > 5) partner.loseSession?.();
        }
        await house.start();
        await house.until(settled, 60_000);
        await clock.advance(10_000);
        const more = people.map((person, index) => partner.tries(person) - tries[index]!);
        assert.equal(
          more.reduce((sum, one) => sum + one, 0),
          round % 3 === 0 ? 1 : 0,
          `restart ${round}`,
        );
      }
      for (const [person, answers] of expected) assert.deepEqual(partner.shown(person), answers);
    },
  },
  {
    name: "fault-29 what twenty people write in random order over restarts, cuts and time: each answer is in the place of who asked, in order",
    async run(house) {
      const { partner, clock } = house;
      const random = createSeededRandom(29);
      const people = partner.people(20);
      const expected = new Map(people.map((person) => [person, [] as string[]]));
      for (let n = 0; n < 200; n += 1) {
        const person = people[Math.floor(random.number() * people.length)]!;
        await partner.say(person, `${person} says ${n}`);
        expected.get(person)!.push(`re: ${person} says ${n}`);
        if (random.number() < 0.2) await clock.advance(random.number() * 1_000);
        if (n % 50 === 24) partner.wires.forEach((wire) => wire.cut());
        if (n % 50 === 49) {
          await house.stop();
          await house.start();
        }
      }
      await house.until(() => people.every((person) => partner.shown(person).length >= expected.get(person)!.length), 300_000);
      for (const [person, answers] of expected) {
        const doubtful = (await deliveries(house)).some(({ status }) => status === "unknown");
        assert.deepEqual(partner.shown(person), answers, doubtful ? "with doubt" : "");
      }
    },
  },
];

import assert from "node:assert/strict";
import type { FaultHouse } from "./house.ts";
import type { FaultCase } from "./index.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Status and /health/ready tell it in time: not healthy 150 s after the fault at the latest, healthy 60 s after its end (fault-51). */
export async function untilHealth(house: FaultHouse, well: boolean): Promise<void> {
  await house.until(() => (house.status().state === "ready") === well, well ? MINUTE : 150_000);
  const { ready, reasons } = house.ready();
  assert.equal(ready, well);
  const { state, detail, code } = house.status();
  if (!well) assert.deepEqual(reasons, [`${house.channel.name}:default is ${state}: ${detail}`]);
  assert.equal(code === undefined, well);
}

/** Cuts what stands, as a network does that comes back. */
function mend({ partner }: FaultHouse): void {
  for (const wire of partner.wires) {
    wire.cut();
    wire.delayMs = 0;
    wire.loss = 0;
    wire.mode = "pass";
  }
}

export const livenessCases: readonly FaultCase[] = [
  {
    name: "fault-43 fault-51 a connection that stands and says nothing is noticed; only that account is made anew, others go on, and it is well again when the platform is",
    async run(house) {
      const [person = ""] = house.partner.people(1);
      await house.ask(person, "before");
      house.partner.wires.forEach((wire) => (wire.mode = "stall"));
      await untilHealth(house, false);
      await house.askOther("meanwhile");
      assert.equal(house.other.status().state, "ready");
      mend(house);
      await untilHealth(house, true);
      await house.ask(person, "after");
      assert.equal(house.starts, 1);
    },
  },
  {
    name: "fault-44 a platform that needs 200 s for its first answer makes no livelock: tries are few, the account is started once and is ready when it answers",
    cold: true,
    async run(house) {
      const { partner, clock } = house;
      partner.wires.forEach((wire) => (wire.delayMs = 100_000));
      await house.start({ ready: false });
      for (let waited = 0; waited < 200_000; waited += 5_000) {
        await clock.advance(5_000);
        assert.notEqual(house.status().state, "ready");
      }
      assert.equal(house.ready().ready, false);
      const tries = partner.wires.reduce((sum, wire) => sum + wire.opened, 0);
      assert.ok(tries <= 25, `${tries} connections`);
      mend(house);
      await untilHealth(house, true);
      const [person = ""] = partner.people(1);
      await house.ask(person, "at last");
      assert.equal(house.starts, 1);
    },
  },
  {
    name: "fault-44 an event loop that is blocked for 40 s, six times in an hour, restarts the account not once; it is well within a minute of each and answers",
    async run(house) {
      const { partner, clock } = house;
      const [person = ""] = partner.people(1);
      const before = partner.wires.reduce((sum, wire) => sum + wire.opened, 0);
      for (let round = 1; round <= 6; round += 1) {
        await partner.say(person, `round ${round}`);
        clock.block(40_000);
        await house.until(() => partner.shown(person).includes(`re: round ${round}`), MINUTE);
        await untilHealth(house, true);
        await clock.advance(9 * MINUTE);
      }
      assert.equal(house.starts, 1);
      assert.deepEqual(
        partner.shown(person),
        [1, 2, 3, 4, 5, 6].map((round) => `re: round ${round}`),
      );
      const reconnects = partner.wires.reduce((sum, wire) => sum + wire.opened, 0) - before;
      assert.ok(reconnects <= 6 * (partner.connectsPerHour ?? 8), `${reconnects} connections in an hour`);
    },
  },
  {
    name: "fault-45 fault-51 another program with the same credentials for ten minutes: said so where it is a conflict, not fought with, and well again within a minute",
    async run(house) {
      const { rival, ...partner } = house.partner;
      const [person = ""] = partner.people(1);
      await house.ask(person, "before");
      if ("cannotOccur" in rival) return;
      const tries = rival.tries();
      rival.set(true);
      await house.until(() => house.status().code === rival.code, 150_000);
      assert.equal(house.ready().ready, false);
      await house.clock.advance(10 * MINUTE);
      assert.ok(rival.tries() - tries <= rival.mostTries, `${rival.tries() - tries} tries in ten minutes`);
      rival.set(false);
      await untilHealth(house, true);
      await house.ask(person, "after");
      assert.equal(house.starts, 1);
    },
  },
  {
    name: "fault-48 a channel where nothing happens for six hours is started and connected once, stays ready, and shows when it last heard from the platform",
    async run(house) {
      const { partner, clock } = house;
      const [person = ""] = partner.people(1);
      await house.ask(person, "before");
      for (let hour = 1; hour <= 6; hour += 1) {
        await clock.advance(HOUR);
        const { state, lastAliveAt = 0 } = house.status();
        assert.equal(state, "ready");
        assert.ok(clock.now() - lastAliveAt <= 150_000, `last heard ${clock.now() - lastAliveAt} ms ago`);
      }
      assert.equal(house.starts, 1);
      await house.ask(person, "after");
    },
  },
  {
    name: "fault-50 fault-51 after ten minutes without a network everything that was said is answered once, within a minute",
    async run(house) {
      const { partner, clock } = house;
      const people = partner.people(3);
      for (const person of people) await house.ask(person, "before");
      partner.wires.forEach((wire) => (wire.mode = "refuse"));
      await untilHealth(house, false);
      for (const person of people) await partner.say(person, "during");
      await clock.advance(10 * MINUTE);
      partner.wires.forEach((wire) => (wire.mode = "pass"));
      await house.until(() => people.every((person) => partner.shown(person).length === 2), MINUTE);
      await untilHealth(house, true);
      for (const person of people) assert.deepEqual(partner.shown(person), ["re: before", "re: during"]);
      assert.equal(house.starts, 1);
    },
  },
  {
    name: "fault-50 over a wire that loses three of ten packets, and one that takes 5 s, everything is answered once and in order",
    async run(house) {
      const { partner, clock } = house;
      const [person = ""] = partner.people(1);
      const said: string[] = [];
      for (const [loss, delayMs] of [
        [0.3, 0],
        [0, 2_500],
      ] as const) {
        partner.wires.forEach((wire) => Object.assign(wire, { loss, delayMs }));
        for (let n = 0; n < 3; n += 1) {
          said.push(`${loss} ${delayMs} ${n}`);
          await partner.say(person, said.at(-1)!);
          await clock.advance(20_000);
        }
      }
      mend(house);
      await house.until(() => partner.shown(person).length >= said.length, MINUTE);
      await untilHealth(house, true);
      assert.deepEqual(
        partner.shown(person),
        said.map((text) => `re: ${text}`),
      );
      assert.equal(house.starts, 1);
    },
  },
];

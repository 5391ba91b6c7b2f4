import assert from "node:assert/strict";
import { test } from "node:test";
import { messageText } from "../../src/core/message.ts";
import { createScripted, reply, type Script } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse, type House } from "../fakes/house.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

test("who was under way at two deaths is tried alone, so that the innocent are answered before the next one (fault-11)", async () => {
  const store = createMemoryStore();
  const houses: House[] = [];
  let living = 0;
  /** A process that dies at the poison: from then on nothing of it is heard, and the next one takes over. */
  const live = async () => {
    living += 1;
    const me = living;
    const clock = createManualClock();
    const script: Script = ({ entries }) => {
      const content = entries.findLast((entry) => entry.content.role === "user")!.content;
      const text = content.role === "user" ? messageText(content.message) : "";
      // Whoever talks at the same time as the poison hangs with it.
      if (text.includes("poison")) living += 1;
      return living === me ? [{ type: "delay", ms: 1_000 }, ...reply("fine")] : [{ type: "hang" }];
    };
    const house = await openHouse({ store, clock, provider: createScripted(script, { clock }), place: { policy: OPEN } });
    houses.push(house);
    return house;
  };
  const first = await live();
  await first.say("poison", { sender: { id: "1" } });
  for (const id of ["2", "4", "5"]) await first.say("hello", { sender: { id } });
  for (let life = 0; life < 7; life += 1) await (await live()).clock.advance(20_000);
  const turns = await store.listTurns({ limit: 10 });
  assert.deepEqual(turns.map(({ status }) => status).toSorted(), ["done", "done", "done", "failed"]);
  assert.ok(
    turns.every(({ status, attempts }) => status === "failed" || attempts <= 3),
    "the innocent are finished long before they would be given up",
  );
  assert.equal(turns.find(({ status }) => status === "failed")?.principal.person, "owner");
  // The dead ones do nothing any more: their clocks stand still.
  await houses.at(-1)!.stop();
  await store.close();
});

const OPEN = {
  ownerIds: ["1"],
  allowedUsers: ["2", "4", "5"],
  dmPolicy: "allowlist",
  groups: { policy: "off", allowed: [], requireMention: true, trusted: [] },
} as const;

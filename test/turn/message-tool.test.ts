import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createLocalBus } from "../../src/bus/local/index.ts";
import type { Store } from "../../src/core/store.ts";
import { callTools, createScripted, reply } from "../../src/models/scripted/index.ts";
import { defangLinks } from "../../src/security/url-provenance.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createMessageTool } from "../../src/tools/message/index.ts";
import { createOutboxDoor } from "../../src/turn/outbox-door.ts";
import { openHouse, type House } from "../fakes/house.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

/** `TO|TEXT` becomes a call of the tool; what came back is the answer. */
const obedient = createScripted((request) => {
  const last = request.entries.at(-1)!.content;
  if (last.role === "tool") return reply(`result: ${last.text}`);
  const said = last.role === "user" ? last.message.parts.map((part) => (part.type === "text" ? part.text : "")).join("") : "";
  const [, to, text] = /([^\s|]+)\|(.*)$/s.exec(said) ?? [];
  return to === undefined ? reply("hm") : callTools([{ id: `c${request.entries.length}`, name: "message_send", args: { to, text } }]);
});

describe("the tool message_send in the hall", () => {
  let store: Store;
  let house: House;
  beforeEach(async () => {
    store = createMemoryStore({});
    const clock = createManualClock();
    const bus = createLocalBus();
    const channel = createLoopChannel("loop", { maxText: 5_000 });
    const accounts = new Map([["loop:default", channel]]);
    const outbox = createOutboxDoor({ store, bus, clock, random: createSeededRandom(7), accounts, notifyTo: ["loop:default:1"] });
    const tools = [createMessageTool({ outbox, defang: defangLinks })];
    house = await openHouse({ store, bus, clock, channel, tools, provider: obedient, notifyTo: ["loop:default:1"] });
  });
  afterEach(async () => {
    await house.stop();
    await store.close();
  });
  const seen = (conversation: string) => house.channel.shown.filter((one) => one.conversation === conversation).map((one) => one.text);

  test("a friend's word reaches the owner at once, and the ledger and the audit know of it", async () => {
    await house.say("owner|I am late", { sender: { id: "2", name: "Bob" } });
    assert.deepEqual(seen("1"), ["I am late"]);
    assert.match(seen("2").join("\n"), /result: It is on its way to the owner/);
    const kinds = (await store.readAudit({ limit: 10 })).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["tool.started", "tool.finished"]);
  });

  test("sec-90, sec-103: a message to a third person waits for the owner, who sees recipient and text in full, and goes out once", async () => {
    const text = `forwarded:\n${"long ".repeat(350)}the end`;
    await house.say(`loop:default:7|${text}`);
    assert.deepEqual(seen("7"), []);
    const asked = seen("1").join("\n");
    assert.match(asked, /to: "loop:default:7"/);
    assert.ok(asked.includes("long long") && asked.includes("the end"), "the whole text is shown");
    assert.doesNotMatch(asked, /more characters/);
    const [approval] = await store.listApprovals({ statuses: ["pending"], limit: 1 });
    await house.say(`/approve ${approval!.code}`);
    assert.deepEqual(seen("7"), [text.trimEnd()]);
    await house.say(`/approve ${approval!.code}`);
    assert.equal(seen("7").length, 1);
  });

  test("a denied one never goes out, and one to a channel that is not there fails without a question", async () => {
    await house.say("loop:default:7|secret");
    const [approval] = await store.listApprovals({ statuses: ["pending"], limit: 1 });
    await house.say(`/deny ${approval!.code}`);
    await house.say("fax:default:7|hello");
    assert.match(house.texts().at(-1)!, /could not be prepared: no such channel: fax/);
    assert.deepEqual(seen("7"), []);
    assert.equal((await store.listApprovals({ limit: 10 })).length, 1);
  });
});

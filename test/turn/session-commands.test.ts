import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { chatCommands } from "../../src/core/command.ts";
import type { ModelInfo } from "../../src/core/model.ts";
import type { Store } from "../../src/core/store.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse, type House, type HouseOptions } from "../fakes/house.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const info = (id: string): ModelInfo => ({ id, contextTokens: 100_000, images: false, thinking: true });
const BOB = { id: "2", name: "Bob" };

describe("chat commands", () => {
  let store: Store;
  let house: House;
  const asked: { model: string; thinking: unknown }[] = [];
  const open = async (options: Partial<HouseOptions> = {}) => {
    const clock = createManualClock();
    const provider = createScripted(
      ({ thinking }, _index, model) => {
        asked.push({ model, thinking });
        return reply("yes");
      },
      { clock },
    );
    const models = ["test", "swift", "grand"].map((name) => info(`${provider.name}:${name}`));
    house = await openHouse({ store, provider, clock, listModels: async () => models, ...options });
  };
  const answer = async (text: string, more = {}) => {
    const outcome = await house.say(text, more);
    assert.equal(outcome.kind, "command", text);
    return outcome.kind === "command" ? outcome.reply : "";
  };
  beforeEach(() => {
    store = createMemoryStore({});
    asked.length = 0;
  });
  afterEach(async () => {
    await house.stop();
    await store.close();
  });

  test("/help shows every command of the table, the owner's to the owner alone", async () => {
    await open();
    const own = await answer("/help");
    for (const { name } of chatCommands) assert.match(own, new RegExp(`^/${name}\\b`, "m"));
    const guest = await answer("/help", { sender: BOB });
    assert.doesNotMatch(guest, /\/approve|\/pair/);
    assert.match(guest, /\/model/);
    assert.ok(
      chatCommands.every(({ what }) => what.length <= 100),
      "Discord's limit",
    );
  });

  test("/model lists, sets, goes back, and names the nearest of what it does not know", async () => {
    await open();
    assert.match(await answer("/model"), /answered by scripted:test[\s\S]*scripted:swift/);
    assert.match(await answer("/model scripted:swfit"), /no model scripted:swfit.*Did you mean scripted:swift/);
    assert.match(await answer("/model Zebra"), /no model Zebra/);
    assert.equal(await store.getSession({ key: "agent:main:main" }).then((session) => session?.settings.model), undefined);
    assert.match(await answer("/model swift"), /From now on .* scripted:swift; \/model default/);
    await house.say("hello");
    assert.equal(asked.at(-1)?.model, "swift");
    assert.match(await answer("/status"), /scripted:swift/);
    await answer("/new");
    await house.say("hello");
    assert.equal(asked.at(-1)?.model, "swift", "a new conversation keeps it");
    assert.match(await answer("/model default"), /scripted:test again/);
    await house.say("hello");
    assert.equal(asked.at(-1)?.model, "test");
  });

  test("/model believes a provider that cannot list its models", async () => {
    await open({ listModels: async () => [] });
    assert.match(await answer("/model scripted:secret"), /From now on/);
  });

  test("/think shows and sets the level", async () => {
    await open();
    assert.match(await answer("/think"), /I think here: off/);
    assert.match(await answer("/think LOW"), /From now on I think here: low/);
    await house.say("hello");
    assert.equal(asked.at(-1)?.thinking, "low");
    assert.match(await answer("/think enormously"), /no level.*off, low, medium, high/);
    assert.match(await answer("/think"), /low \(the agent's own level: off\)/);
    assert.match(await answer("/think default"), /as the agent does: off/);
    await house.say("hello");
    assert.equal(asked.at(-1)?.thinking, "off");
  });

  test("people who are trusted may set them for their own conversation; guests may not", async () => {
    await open();
    assert.match(await answer("/model swift", { sender: BOB }), /From now on/);
    assert.equal((await store.getSession({ key: "agent:main:main" }))?.settings.model, undefined);
    const guest = { sender: { id: "3", name: "Eve" }, address: { channel: "loop", account: "default", conversation: "-5" } };
    assert.match(await answer("/model swift", guest), /^Only the owner/);
    assert.match(await answer("/think high", guest), /^Only the owner/);
  });

  test("a command that comes again answers the same and changes nothing", async () => {
    await open();
    const first = house.message("/model swift");
    await house.hall.intake.receive([first]);
    await answer("/model grand");
    const [again] = await house.hall.intake.receive([first]);
    assert.match(again?.kind === "command" ? again.reply : "", /scripted:swift/);
    assert.equal((await store.getSession({ key: "agent:main:main" }))?.settings.model, "scripted:grand");
  });
});

import assert from "node:assert/strict";
import { QUICK } from "../quick.ts";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Store } from "../../src/core/store.ts";
import type { Tool } from "../../src/core/tool.ts";
import { callTools, createScripted, reply, type Script, type ScriptedProvider } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { NO_BUDGETS, type Budgets } from "../../src/turn/spending.ts";
import { openHouse, type House, type HouseOptions } from "../fakes/house.ts";
import { createManualClock, type ManualClock } from "../fakes/manual-clock.ts";

const usage = { input: 80, output: 20, cacheRead: 1_000, cacheWrite: 0 };
const PRICE = { input: 10_000, output: 10_000, cacheRead: 1_000, cacheWrite: 0 };

describe("budgets", () => {
  let store: Store;
  let clock: ManualClock;
  let house: House;
  let provider: ScriptedProvider;
  let budgets: Budgets;
  let made = 0;
  const look: Tool = {
    spec: { name: "look", description: "looks", parameters: { type: "object", properties: {}, additionalProperties: true } },
    effects: [],
    idempotent: true,
    parallel: true,
    timeoutMs: 1_000,
    run: async () => ({ text: "seen", error: false }),
  };
  const open = async (script: Script = () => reply("yes", { usage }), options: Partial<HouseOptions> = {}) => {
    provider = createScripted(script, { clock });
    const limits = { budgets: () => budgets, priceOf: (model: string) => (model === "scripted:test" ? PRICE : undefined) };
    house = await openHouse({ store, provider, clock, tools: [look], limits, ...options });
  };
  beforeEach(() => {
    store = createMemoryStore({});
    // 2026-01-01 22:00 UTC.
    clock = createManualClock(Date.UTC(2026, 0, 1, 22));
    budgets = NO_BUDGETS;
  });
  afterEach(async () => {
    await house.stop();
    await store.close();
  });

  test("fault-42: a day's tokens that are spent in the middle of a turn end it with a notice that names the key; commands still work", async () => {
    budgets = { ...NO_BUDGETS, dayTokens: 250 };
    await open(() => callTools([{ id: `c${++made}`, name: "look", args: { made } }], { usage }));
    await house.say("look around");
    // 100, 200, 300: one call passed the limit, none came after it.
    assert.equal(provider.requests.length, 3);
    assert.match(
      house.texts().join(""),
      /I could not answer: today's budget of 250 tokens is spent\. It begins anew at midnight; the owner can raise usage\.day_tokens\./,
    );
    const [turn] = await store.listTurns({ limit: 1 });
    assert.equal(turn!.error?.code, "budget_spent");
    await house.say("/usage");
    assert.match(
      house.texts().slice(-4).join(""),
      /This conversation: 1 turn, 300 tokens and 3000 read from a cache, \$6\.00\nToday, everywhere: 1 turn, 300 tokens .*\(limit: 250 tokens\)/,
    );
  });

  test("fault-42: it begins anew at local midnight, once; a restart forgets nothing", async () => {
    budgets = { ...NO_BUDGETS, dayTokens: 100 };
    await open();
    await house.say("one");
    await house.say("two");
    assert.equal(provider.requests.length, 1);
    await house.stop();
    await open(undefined, { seed: 2 });
    await house.say("three");
    assert.equal(provider.requests.length, 0);
    await clock.advance(2 * 3600_000 - 1_000);
    await house.say("four");
    assert.equal(provider.requests.length, 0);
    await clock.advance(1_000);
    await house.say("five");
    await house.say("six");
    assert.equal(provider.requests.length, 1);
  });

  test("money is counted by the price of the model; a raised limit holds at once", async () => {
    budgets = { ...NO_BUDGETS, dayUsd: 2 };
    await open();
    await house.say("one");
    await house.say("two");
    assert.match(house.texts().at(-1)!, /today's budget of \$2\.00 is spent/);
    budgets = { ...NO_BUDGETS, dayUsd: 10 };
    await house.say("three");
    assert.equal(house.texts().at(-1), "yes");
    assert.equal((await house.hall.spending.today()).usd, 4);
  });

  test("a conversation's own budget ends with it", async () => {
    budgets = { ...NO_BUDGETS, sessionUsd: 1 };
    await open();
    await house.say("one");
    await house.say("two");
    assert.match(
      house.texts().at(-1)!,
      /this conversation's budget of \$1\.00 is spent\. Begin a new conversation with \/new; the owner can raise usage\.session_usd\./,
    );
    await house.say("/new");
    await house.say("three");
    assert.equal(house.texts().at(-1), "yes");
  });

  test("a request without a session counts and is refused like any other", async () => {
    budgets = { ...NO_BUDGETS, dayTokens: 100 };
    await open();
    const ask = () => house.hall.stateless({ agent: "main", entries: [] }, { onEvent: () => {}, signal: new AbortController().signal });
    await ask();
    await assert.rejects(ask(), { code: "budget_spent" });
    await house.say("and I?");
    assert.match(house.texts().at(-1)!, /budget/);
  });

  test("a model without a price has tokens and no money, and that is said", async () => {
    await open(undefined, { limits: { priceOf: () => undefined } });
    await house.say("one");
    await house.say("/usage");
    assert.match(
      house.texts().join(""),
      /100 tokens and 1000 read from a cache, no price known[^]*No price is known for scripted:test: set it in \[usage\.pricing\]\./,
    );
    await house.say("/usage", { sender: { id: "2" } });
    assert.doesNotMatch(house.texts().at(-1)!, /Today/);
  });

  test("fault-41: idle for a day, no model is asked", async () => {
    await open();
    await house.say("one");
    await clock.advance((QUICK ? 1 : 24) * 3600_000);
    assert.equal(provider.requests.length, 1);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemRandom as random } from "../../../src/app/system.ts";
import type { Embedder } from "../../../src/core/embedder.ts";
import { ModelError } from "../../../src/core/errors.ts";
import type { Label } from "../../../src/core/label.ts";
import { silentLog } from "../../../src/core/log.ts";
import { createMemoryStore } from "../../../src/store/memory/index.ts";
import { createMemoryMeaning, createMemoryTools } from "../../../src/tools/memory/index.ts";
import { OWNER, toolContext } from "../../contract/tool-suite.ts";
import { fakeVector } from "../../fakes/model-servers/embeddings.ts";
import { createManualClock } from "../../fakes/manual-clock.ts";

/** The tools over a model of meaning that can be away. */
function setUp(model = "near:embed-small", store = createMemoryStore()) {
  const asked: string[] = [];
  const state: { error?: ModelError | undefined } = {};
  const embedder: Embedder = {
    model,
    embed: async (texts) => {
      asked.push(...texts);
      if (state.error) throw state.error;
      const refused = texts.find((text) => text.includes("REFUSED"));
      if (refused !== undefined) throw new ModelError("model_input_flagged", "no", "invalid");
      return texts.map((text) => Float32Array.from(fakeVector(text)));
    },
  };
  const clock = createManualClock();
  const meaning = createMemoryMeaning({ store, embedder, clock, log: silentLog });
  const tools = createMemoryTools({ store, random, meaning });
  const run = (name: string, args: object, more: Partial<ReturnType<typeof toolContext>> = {}) =>
    tools.find(({ spec }) => spec.name === name)!.run(args, { ...toolContext(), ...more });
  const stopped = new AbortController();
  return {
    store,
    clock,
    asked,
    state,
    run,
    filling: meaning.fill(stopped.signal),
    find: async (query: string, more: Partial<ReturnType<typeof toolContext>> = {}) => {
      const { text } = await run("memory_search", { query }, more);
      return [...text.matchAll(/: "(.*)"$/gm)].map(([, found]) => found);
    },
    stop: async () => {
      stopped.abort();
      await clock.advance(0);
    },
  };
}

const AWAY = new ModelError("model_unreachable", "away", "away");

describe("memories by meaning", () => {
  test("what means the same is found without a word in common, what stands in both lists comes first, and nothing that is unlike", async () => {
    const { run, find, clock, stop, filling } = setUp();
    for (const text of ["The Volvo is parked in Hill Street", "Ann was born in May", "car insurance: call Bob", "The landlord is called Weber"])
      await run("memory_save", { text });
    await clock.advance(0);
    assert.deepEqual(await find("parking my automobile"), ["The Volvo is parked in Hill Street", "car insurance: call Bob"]);
    assert.deepEqual(await find("Weber rent"), ["The landlord is called Weber"]);
    assert.deepEqual(await find("submarine"), []);
    await stop();
    await filling;
  });

  test("a provider that is away costs nothing but the meaning: words find, and vectors are made when it is back", async () => {
    const { run, find, clock, state, asked, stop, filling } = setUp();
    state.error = AWAY;
    assert.equal((await run("memory_save", { text: "The Volvo is red" })).text, "Remembered.");
    await clock.advance(0);
    assert.deepEqual(await find("volvo"), ["The Volvo is red"]);
    assert.deepEqual(await find("automobile"), []);
    const before = asked.length;
    await find("automobile");
    assert.equal(asked.length, before, "it is not asked again at once");
    state.error = undefined;
    await clock.advance(70_000);
    assert.deepEqual(await find("automobile"), ["The Volvo is red"]);
    await stop();
    await filling;
  });

  test("a memory that the model refuses holds up no other and is found by its words", async () => {
    const { run, find, clock, stop, filling, asked } = setUp();
    await run("memory_save", { text: "REFUSED automobile" });
    await run("memory_save", { text: "The Volvo is red" });
    await clock.advance(0);
    assert.deepEqual(await find("vehicle"), ["The Volvo is red"]);
    assert.deepEqual(await find("refused"), ["REFUSED automobile"]);
    const tries = asked.filter((text) => text.includes("REFUSED")).length;
    await run("memory_save", { text: "Ann was born in May" });
    await clock.advance(0);
    assert.equal(asked.filter((text) => text.includes("REFUSED")).length, tries, "it is not tried for ever");
    await stop();
    await filling;
  });

  test("vectors of another model count for nothing and are made anew", async () => {
    const old = setUp("near:old");
    await old.run("memory_save", { text: "The Volvo is red" });
    await old.clock.advance(0);
    await old.stop();
    await old.filling;
    const fresh = setUp("near:new", old.store);
    await fresh.clock.advance(0);
    assert.ok(fresh.asked.includes("The Volvo is red"));
    assert.deepEqual(await fresh.find("automobile"), ["The Volvo is red"]);
    assert.deepEqual(await old.store.readMemoryVectors({ agent: "main", sight: "private", model: "near:old", limit: 10 }), []);
    await fresh.stop();
    await fresh.filling;
  });

  test("sec-110, sec-91 a search by meaning sees what a search by words may see and taints as it does; secrets are sent to nobody", async () => {
    const { run, find, clock, asked, stop, filling } = setUp();
    const label: Label = { integrity: "EXTERNAL", confidentiality: "PRIVATE" };
    await run("memory_save", { text: "the owner's automobile" }, { label });
    await run("memory_save", { text: "the secret car" }, { label: { integrity: "OWNER", confidentiality: "SECRET" } });
    await clock.advance(0);
    assert.ok(!asked.includes("the secret car"));
    const bob = { person: "bob", class: "trusted", where: { channel: "loop", account: "default", conversation: "2" }, direct: true } as const;
    assert.deepEqual(await find("vehicle", { principal: bob }), []);
    assert.deepEqual(await find("vehicle", { principal: OWNER }), ["the owner's automobile"]);
    assert.deepEqual((await run("memory_search", { query: "vehicle" })).label, label);
    const before = asked.length;
    await find("vehicle", { label: { integrity: "OWNER", confidentiality: "SECRET" } });
    assert.equal(asked.length, before, "nor is the question of a secret conversation");
    await stop();
    await filling;
  });
});

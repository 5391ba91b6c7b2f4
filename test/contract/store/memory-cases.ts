import assert from "node:assert/strict";
import { test } from "node:test";
import type { Confidentiality } from "../../../src/core/label.ts";
import type { Memory } from "../../../src/core/memory.ts";
import type { World } from "./world.ts";

export function memoryCases(world: () => World): void {
  const memory = (w: World, text: string, given: { confidentiality?: Confidentiality; person?: string } = {}): Memory => ({
    id: w.id("m"),
    agent: w.name,
    person: given.person ?? "owner",
    text,
    label: { integrity: "EXTERNAL", confidentiality: given.confidentiality ?? "PRIVATE" },
    sessionId: "s",
    at: w.now,
  });
  const save = async (w: World, text: string, given: Parameters<typeof memory>[2] = {}) => {
    const saved = memory(w, text, given);
    assert.equal(await w.store.saveMemory({ memory: saved }), "saved");
    return saved;
  };
  const find = async (w: World, query: string, limit = 5) =>
    (await w.store.searchMemories({ agent: w.name, sight: "private", query, limit })).map((one) => one.text);

  test("a memory comes back as it was saved, with its label, and is saved once (sec-91)", async () => {
    const w = world();
    const saved = await save(w, "The garage code is in the blue folder");
    assert.equal(await w.store.saveMemory({ memory: { ...saved, id: w.id("m") } }), "known");
    assert.deepEqual(await w.store.listMemories({ agent: w.name, sight: "private", limit: 10 }), [saved]);
    assert.deepEqual(await w.store.searchMemories({ agent: w.name, sight: "private", query: "garage", limit: 10 }), [saved]);
  });

  test("words, beginnings of words, accents and misspellings find; operators of the search language are words like others", async () => {
    const w = world();
    await save(w, "Grandmother's birthday is on 4 March");
    await save(w, "The café in Lisbon has good coffee");
    await save(w, "Rent is due on the first");
    assert.deepEqual(await find(w, "birthday"), ["Grandmother's birthday is on 4 March"]);
    assert.deepEqual(await find(w, "BIRTH"), ["Grandmother's birthday is on 4 March"]);
    assert.deepEqual(await find(w, "grandmohter"), ["Grandmother's birthday is on 4 March"]);
    assert.deepEqual(await find(w, "cafe lisbon"), ["The café in Lisbon has good coffee"]);
    for (const query of ['" OR 1=1 --', "NEAR(", "a* & !b | :*", "'", "\0", "***"]) assert.ok(Array.isArray(await find(w, query)), query);
    assert.deepEqual(await find(w, ""), []);
    assert.deepEqual(await find(w, "submarine"), []);
  });

  test("the best match comes first, and no more than asked for", async () => {
    const w = world();
    await save(w, "red bicycle");
    await save(w, "red bicycle in the cellar, with a red lamp");
    await save(w, "green boat");
    assert.equal((await find(w, "red bicycle cellar"))[0], "red bicycle in the cellar, with a red lamp");
    assert.equal((await find(w, "red", 1)).length, 1);
  });

  test("vectors are kept with their memory, by model, seen only where the memory is, and gone with it", async () => {
    const w = world();
    const model = `near:${w.name}`;
    const here = await save(w, "one", { confidentiality: "CONVERSATION:fake:a:1" });
    const there = await save(w, "two", { confidentiality: "CONVERSATION:fake:a:2" });
    const secret = await save(w, "three", { confidentiality: "SECRET" });
    const waiting = async (name = model) =>
      (await w.store.memoriesToEmbed({ model: name, limit: 10_000 })).map(({ id }) => id).filter((id) => id.startsWith(`${w.name}-`));
    const read = async (sight: Parameters<typeof w.store.readMemoryVectors>[0]["sight"], more: { before?: string; limit?: number } = {}) =>
      (await w.store.readMemoryVectors({ agent: w.name, sight, model, limit: 10, ...more })).map(({ id, vector }) => [id, [...vector]]);
    assert.deepEqual(await waiting(), [there.id, here.id], "newest first, no secrets");
    await w.store.setMemoryVector({ id: here.id, model, vector: new Uint8Array([0, 255, 0, 1]) });
    await w.store.setMemoryVector({ id: there.id, model, vector: new Uint8Array([2]) });
    assert.deepEqual(await waiting(), []);
    assert.deepEqual(await waiting("near:other"), [there.id, here.id]);
    assert.deepEqual(await read("private"), [
      [there.id, [2]],
      [here.id, [0, 255, 0, 1]],
    ]);
    assert.deepEqual(await read("private", { before: there.id, limit: 1 }), [[here.id, [0, 255, 0, 1]]]);
    assert.deepEqual(await read(["CONVERSATION:fake:a:1"]), [[here.id, [0, 255, 0, 1]]]);
    const get = async (ids: string[], sight: Parameters<typeof read>[0] = "private") =>
      (await w.store.getMemories({ agent: w.name, sight, ids })).map(({ id }) => id);
    assert.deepEqual(await get([here.id, there.id]), [here.id, there.id]);
    assert.deepEqual(await get([there.id, secret.id, "none", here.id]), [there.id, here.id]);
    assert.deepEqual(await get([here.id, there.id], ["CONVERSATION:fake:a:2"]), [there.id]);
    assert.deepEqual(await get([]), []);
    await w.store.setMemoryVector({ id: there.id, model });
    assert.deepEqual(await waiting(), [], "what will never have one is not asked for again");
    assert.equal(await w.store.forgetMemory({ id: here.id, agent: w.name, sight: "private" }), true);
    assert.deepEqual(await read("private"), []);
  });

  test("sec-110: what was said elsewhere is not seen, listed or forgotten here", async () => {
    const w = world();
    const here = await save(w, "door code one", { confidentiality: "CONVERSATION:fake:a:1", person: "ann" });
    const there = await save(w, "door code two", { confidentiality: "CONVERSATION:fake:a:2", person: "bob" });
    await save(w, "door code three", { confidentiality: "SECRET" });
    const sight = ["PUBLIC", "CONVERSATION:fake:a:1"] as const;
    assert.deepEqual(await w.store.searchMemories({ agent: w.name, sight, query: "door code", limit: 9 }), [here]);
    assert.deepEqual(await w.store.listMemories({ agent: w.name, sight, limit: 9 }), [here]);
    assert.equal(await w.store.forgetMemory({ id: there.id, agent: w.name, sight }), false);
    assert.equal(await w.store.forgetMemory({ id: here.id, agent: w.name, sight, person: "bob" }), false);
    assert.deepEqual(await w.store.searchMemories({ agent: "another", sight: "private", query: "door", limit: 9 }), []);
    assert.deepEqual((await find(w, "door code")).toSorted(), ["door code one", "door code two"]);
    assert.equal(await w.store.forgetMemory({ id: here.id, agent: w.name, sight, person: "ann" }), true);
    assert.deepEqual(await w.store.searchMemories({ agent: w.name, sight, query: "door", limit: 9 }), []);
  });

  test("the list goes back page by page", async () => {
    const w = world();
    const all = [];
    for (const text of ["one", "two", "three"]) all.push(await save(w, text));
    const first = await w.store.listMemories({ agent: w.name, sight: "private", limit: 2 });
    assert.deepEqual(first, [all[2], all[1]]);
    assert.deepEqual(await w.store.listMemories({ agent: w.name, sight: "private", before: first[1]!.id, limit: 2 }), [all[0]]);
  });
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createEntries } from "../../../src/channels/whatsapp/linked/entries.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { memoryKeep } from "../harness.ts";

const of = async (entries: ReturnType<typeof createEntries>) => Object.fromEntries(await entries.all());

describe("the entries of a linked account", () => {
  test("stay until they are taken out, over a restart, and are gone when all is forgotten", async () => {
    const keep = memoryKeep();
    const entries = createEntries(keep);
    assert.deepEqual(await of(entries), {});
    await Promise.all([entries.put({ a: "1", b: "2" }), entries.put({ b: null, c: "3" })]);
    assert.deepEqual(await of(entries), { a: "1", c: "3" });
    assert.deepEqual(await of(createEntries(keep)), { a: "1", c: "3" });
    await entries.clear();
    assert.deepEqual(await of(entries), {});
    assert.deepEqual(await of(createEntries(keep)), {});
  });

  test("fault-58 a batch that was not kept has changed nothing", async () => {
    const keep = memoryKeep();
    const entries = createEntries(keep);
    await entries.put({ a: "1" });
    const append = keep.append;
    keep.append = () => Promise.reject(new StoreError("keep_failed", "no space left"));
    await assert.rejects(entries.put({ a: "2", b: "3" }), { code: "keep_failed" });
    assert.deepEqual(await of(entries), { a: "1" });
    keep.append = append;
    await entries.put({ c: "4" });
    assert.deepEqual(await of(createEntries(keep)), { a: "1", c: "4" });
  });

  test("what is put again and again does not make the log grow without end", async () => {
    const records: Uint8Array[] = [];
    const entries = createEntries(memoryKeep(records));
    for (let round = 0; round < 20; round++) {
      await entries.put({ a: "x".repeat(300_000), [`n${round}`]: "y" });
      assert.ok(records.reduce((sum, { length }) => sum + length, 0) < 1_700_000);
    }
    const all = await of(createEntries(memoryKeep(records)));
    assert.deepEqual(all, await of(entries));
    assert.equal(Object.keys(all).length, 21);
  });
});

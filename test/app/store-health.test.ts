import assert from "node:assert/strict";
import { test } from "node:test";
import { watchStore } from "../../src/app/store-health.ts";
import { StoreError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Store } from "../../src/core/store.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

test("a store that fails is told once in the log and stands in the reasons until the same operation works, or nobody tries it any more (fault-58)", async () => {
  const clock = createManualClock();
  const lines: string[] = [];
  const log = { ...silentLog, error: (message: string) => void lines.push(message), info: (message: string) => void lines.push(message) };
  let code = "disk_full";
  const real = createMemoryStore();
  const broken = {
    ...real,
    setSetting: async (input: Parameters<Store["setSetting"]>[0]) => {
      if (code !== "") throw new StoreError(code, "no space", { hint: "Free space." });
      return await real.setSetting(input);
    },
  } as Store;
  const { store, reasons } = watchStore(broken, { clock, log });
  const set = () => store.setSetting({ name: "a", value: "1" });
  await assert.rejects(set(), { code: "disk_full" });
  await assert.rejects(set(), { code: "disk_full" });
  // Reading goes on, and says nothing about writing.
  assert.equal(await store.getSetting({ name: "a" }), undefined);
  assert.deepEqual(reasons(), ["the store is in trouble: disk_full (Free space.)"]);
  assert.deepEqual(lines, ["the store is in trouble"]);
  code = "";
  await set();
  assert.deepEqual(reasons(), []);
  assert.deepEqual(lines, ["the store is in trouble", "the store works again"]);
  code = "store_failed";
  await assert.rejects(set());
  await clock.advance(31_000);
  assert.deepEqual(reasons(), []);
  // A caller's own mistake is no trouble of the store.
  code = "lease_lost";
  await assert.rejects(set(), { code: "lease_lost" });
  assert.deepEqual(reasons(), []);
  await store.close();
});

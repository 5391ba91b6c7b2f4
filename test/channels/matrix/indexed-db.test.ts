import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { fromPlain, toPlain } from "../../../src/channels/matrix/indexed-db/encode.ts";
import { installIndexedDb } from "../../../src/channels/matrix/indexed-db/index.ts";
import type { Keep } from "../../../src/core/keep.ts";
import { StoreError } from "../../../src/core/errors.ts";
import { memoryKeep } from "../harness.ts";

const idb = installIndexedDb();
const factory = idb as unknown as IDBFactory;

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("failed"));
  });

const over = (transaction: IDBTransaction): Promise<string> =>
  new Promise((resolve) => {
    transaction.oncomplete = () => resolve("complete");
    transaction.onabort = () => resolve("abort");
  });

function open(name: string, version: number, upgrade: (db: IDBDatabase, request: IDBOpenDBRequest) => void = () => {}): Promise<IDBDatabase> {
  const request = factory.open(name, version);
  request.onupgradeneeded = () => upgrade(request.result, request);
  return done(request);
}

const things = (db: IDBDatabase) => {
  const store = db.createObjectStore("things");
  store.createIndex("by_size", "size");
};

/** A mounted database of one store, `things`. */
async function withDatabase(body: (db: IDBDatabase, keep: Keep, records: Uint8Array[]) => Promise<void>, more: Partial<Keep> = {}): Promise<void> {
  const records: Uint8Array[] = [];
  const keep = { ...memoryKeep(records), ...more };
  const mount = await idb.mount("test/", keep);
  try {
    await body(await open("test/db", 1, things), keep, records);
  } finally {
    await mount.unmount();
  }
}

const put = async (db: IDBDatabase, key: IDBValidKey, value: unknown) => {
  const transaction = db.transaction("things", "readwrite");
  transaction.objectStore("things").put(value, key);
  return over(transaction);
};

const all = (db: IDBDatabase) => done(db.transaction("things").objectStore("things").getAll());

describe("the IndexedDB of the crypto library", () => {
  test("what a transaction has written is there after a restart, and what was aborted never was", () =>
    withDatabase(async (db, _keep, records) => {
      assert.equal(await put(db, "a", { size: 2, bytes: new Uint8Array([1, 2]) }), "complete");
      const aborted = db.transaction("things", "readwrite");
      aborted.objectStore("things").clear();
      aborted.objectStore("things").put({ size: 9 }, "b");
      await done(aborted.objectStore("things").count());
      aborted.abort();
      assert.equal(await over(aborted), "abort");
      assert.equal((await all(db)).length, 1);
      const again = await idb.mount(
        "again/",
        memoryKeep(records.map((record) => new TextEncoder().encode(new TextDecoder().decode(record).replace("test/", "again/")))),
      );
      const reopened = await open("again/db", 1, () => assert.fail("it was made before"));
      assert.deepEqual(await all(reopened), [{ size: 2, bytes: new Uint8Array([1, 2]) }]);
      assert.deepEqual([...reopened.objectStoreNames], ["things"]);
      await again.unmount();
    }));

  test("a transaction that could not be kept is aborted and has changed nothing", async () => {
    let broken = false;
    const records: Uint8Array[] = [];
    const append = async (record: Uint8Array) => {
      if (broken) throw new StoreError("keep_failed", "no space left");
      records.push(record);
    };
    await withDatabase(
      async (db) => {
        await put(db, "a", { size: 1 });
        broken = true;
        assert.equal(await put(db, "a", { size: 2 }), "abort");
        broken = false;
        assert.deepEqual(await all(db), [{ size: 1 }]);
        assert.equal(await put(db, "a", { size: 3 }), "complete");
        assert.deepEqual(await all(db), [{ size: 3 }]);
      },
      { append },
    );
  });

  test("a writer waits for those before it, so nobody sees half of what another does", () =>
    withDatabase(async (db) => {
      await put(db, "n", { size: 0 });
      const raise = async () => {
        const transaction = db.transaction("things", "readwrite");
        const store = transaction.objectStore("things");
        const { size } = (await done(store.get("n"))) as { size: number };
        store.put({ size: size + 1 }, "n");
        await over(transaction);
      };
      await Promise.all(Array.from({ length: 20 }, raise));
      assert.deepEqual(await all(db), [{ size: 20 }]);
    }));

  test("ranges, indexes, cursors and constraints do as the standard says", () =>
    withDatabase(async (db) => {
      for (const [key, size] of [
        ["c", 1],
        ["a", 3],
        ["b", 2],
        ["d", undefined],
      ] as const)
        await put(db, key, size === undefined ? {} : { size });
      const store = () => db.transaction("things").objectStore("things");
      assert.deepEqual(await done(store().getAllKeys()), ["a", "b", "c", "d"]);
      assert.deepEqual(await done(store().getAllKeys(IDBKeyRange.bound("a", "c", true, false))), ["b", "c"]);
      assert.deepEqual(await done(store().getAll(IDBKeyRange.lowerBound("c"))), [{ size: 1 }, {}]);
      assert.equal(await done(store().get("zz")), undefined);
      assert.deepEqual(await done(store().index("by_size").getAll(IDBKeyRange.upperBound(2))), [{ size: 1 }, { size: 2 }]);
      assert.equal(await done(store().index("by_size").count()), 3);
      const transaction = db.transaction("things", "readwrite");
      const seen: unknown[] = [];
      await new Promise<void>((resolve) => {
        const request = transaction.objectStore("things").openCursor();
        request.onsuccess = () => {
          const cursor = request.result;
          if (cursor === null) return resolve();
          seen.push(cursor.key);
          if (cursor.key === "b") cursor.delete();
          if (cursor.key === "c") cursor.update({ size: 7 });
          cursor.continue();
        };
      });
      assert.deepEqual(seen, ["a", "b", "c", "d"]);
      assert.deepEqual(await all(db), [{ size: 3 }, { size: 7 }, {}]);
      const refused = db.transaction("things", "readwrite");
      refused.objectStore("things").put({ size: 5 }, "e");
      const added = refused.objectStore("things").add({ size: 6 }, "a");
      await assert.rejects(done(added), { name: "ConstraintError" });
      assert.equal(await over(refused), "abort");
      assert.deepEqual(await done(store().getAllKeys()), ["a", "c", "d"]);
    }));

  test("a new version adds and drops stores, or leaves all as it was", () =>
    withDatabase(async (db) => {
      await put(db, "a", { size: 1 });
      db.close();
      const failed = open("test/db", 2, (upgraded, request) => {
        upgraded.deleteObjectStore("things");
        request.transaction!.abort();
      });
      await assert.rejects(failed);
      const second = await open("test/db", 2, (upgraded) => upgraded.createObjectStore("more"));
      assert.deepEqual([...second.objectStoreNames], ["more", "things"]);
      assert.deepEqual(await all(second), [{ size: 1 }]);
      await assert.rejects(open("test/db", 1), { name: "VersionError" });
      await assert.rejects(open("nowhere/db", 1), { name: "UnknownError" });
    }));

  test("the log is written anew when it has grown, and says the same", async () => {
    const records: Uint8Array[] = [];
    let rewritten = 0;
    const keep = memoryKeep(records);
    const replace = async (fresh: readonly Uint8Array[]) => {
      rewritten += 1;
      await keep.replace(fresh);
    };
    await withDatabase(
      async (db) => {
        const store = () => db.transaction("things", "readwrite").objectStore("things");
        for (let number = 0; number < 2_100; number++) store().put({ size: number }, "n");
        await put(db, "last", {});
        assert.equal(rewritten, 1);
        assert.ok(records.length < 200);
        assert.deepEqual(await all(db), [{}, { size: 2_099 }]);
      },
      { ...keep, replace },
    );
  });

  test("a fact is in the log also when that is written anew because of it, and a log that cannot be is only longer", async () => {
    const records: Uint8Array[] = [];
    const keep = memoryKeep(records);
    let full = true;
    const replace = async (fresh: readonly Uint8Array[]) => {
      if (full) throw new StoreError("keep_failed", "no space left");
      await keep.replace(fresh);
    };
    const mount = await idb.mount("facts/", { ...keep, replace });
    for (let number = 0; number <= 2_001; number++) await mount.setFact("n", number);
    assert.ok(records.length > 2_000);
    full = false;
    await mount.setFact("last", "of all");
    assert.ok(records.length < 10);
    await mount.unmount();
    const again = await idb.mount("facts/", memoryKeep(records));
    assert.equal(again.fact("n"), 2_001);
    assert.equal(again.fact("last"), "of all");
    await again.unmount();
  });

  test("what was forgotten is not in the log any more, nor is what a transaction has not committed", async () => {
    const records: Uint8Array[] = [];
    const mount = await idb.mount("shrunk/", memoryKeep(records));
    const db = await open("shrunk/db", 1, things);
    await put(db, "a", { size: 1 });
    await mount.setFact("secret", "canary");
    await mount.setFact("secret", undefined);
    const aborted = db.transaction("things", "readwrite");
    aborted.objectStore("things").put({ size: 2 }, "a");
    const shrunk = mount.shrink();
    await done(aborted.objectStore("things").count());
    aborted.abort();
    await shrunk;
    const log = records.map((record) => new TextDecoder().decode(record)).join();
    assert.ok(!log.includes("canary"));
    await mount.unmount();
    const again = await idb.mount("shrunk/", memoryKeep(records));
    assert.deepEqual(await all(await open("shrunk/db", 1)), [{ size: 1 }]);
    await again.unmount();
  });

  test("any value comes back as it was", () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.double().map((number) => number + 0),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.bigInt(),
      fc.uint8Array(),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        leaf,
        fc.array(tie("any"), { maxLength: 4 }),
        fc.dictionary(
          fc.oneof(
            fc.string().filter((name) => name !== "__proto__"),
            fc.constant("$"),
          ),
          tie("any"),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    })).any;
    fc.assert(
      fc.property(value, (one) => {
        const back = fromPlain(JSON.parse(JSON.stringify(toPlain(one))) as ReturnType<typeof toPlain>);
        assert.deepEqual(back, one);
      }),
      { numRuns: 200 },
    );
    assert.deepEqual(
      fromPlain(JSON.parse(JSON.stringify(toPlain(new Map([["a", new Map([[1, new Uint8Array([1])]])]]))))),
      new Map([["a", new Map([[1, new Uint8Array([1])]])]]),
    );
    assert.deepEqual(fromPlain(toPlain({ $: ["bytes", "AA=="] })), { $: ["bytes", "AA=="] });
  });
});

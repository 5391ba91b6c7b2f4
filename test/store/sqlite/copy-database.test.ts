import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { checkDatabase, copyDatabase, createSqliteStore } from "../../../src/store/sqlite/index.ts";
import { World } from "../../contract/store/world.ts";

const clock = { now: () => 1_800_000_000_000 };
const folder = mkdtempSync(join(tmpdir(), "clanker-copy-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("the copy of a database", () => {
  test("fault-64 is of one moment while others write: whole, without a gap, and what was acknowledged before it is in it", async () => {
    const path = join(folder, "clanker.db");
    const store = await createSqliteStore({ path, clock });
    const w = new World(store);
    let written = 0;
    const until = { stop: false };
    const writing = (async () => {
      while (!until.stop) {
        // Both or none: one operation is one transaction.
        await store.setSetting({ name: `n${written}`, value: String(written) });
        written += 1;
      }
    })();
    await w.begin("before the copy");
    while (written < 50) await new Promise((resolve) => setImmediate(resolve));
    const atLeast = written;
    const facts = await copyDatabase(path, join(folder, "copy.db"));
    until.stop = true;
    await writing;
    await store.close();

    assert.equal(facts.newest_message_at, w.now);
    assert.equal(statSync(join(folder, "copy.db")).mode & 0o777, 0o600);
    assert.deepEqual(await checkDatabase(join(folder, "copy.db")), facts);
    const copy = new DatabaseSync(join(folder, "copy.db"), { readOnly: true });
    const numbers = (copy.prepare("SELECT value FROM settings").all() as { value: string }[]).map(({ value }) => Number(value)).toSorted((a, b) => a - b);
    copy.close();
    assert.ok(numbers.length >= atLeast, `${numbers.length} of ${atLeast}`);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index),
    );
    // It opens as any database does.
    const again = await createSqliteStore({ path: join(folder, "copy.db"), clock });
    assert.equal(await again.getSetting({ name: "n0" }), "0");
    await again.close();
  });

  test("a damaged copy is told, and one is never made over something that is there", async () => {
    const path = join(folder, "other.db");
    const store = await createSqliteStore({ path, clock });
    await store.putBlob({ id: "b", bytes: new Uint8Array(200_000), type: "x/y", sha256: "", now: 1 });
    await store.close();
    await copyDatabase(path, join(folder, "damaged.db"));
    const bytes = readFileSync(join(folder, "damaged.db"));
    bytes.fill(0xff, 8_192, 60_000);
    writeFileSync(join(folder, "damaged.db"), bytes);
    await assert.rejects(checkDatabase(join(folder, "damaged.db")), { code: "store_corrupt" });
    await assert.rejects(copyDatabase(path, join(folder, "damaged.db")));
    await assert.rejects(copyDatabase(join(folder, "none.db"), join(folder, "of-none.db")), { code: "store_failed" });
  });
});

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import type { AuditCheckpoint } from "../../src/core/records.ts";
import { sha256Hex } from "../../src/lib/digest/index.ts";
import { makeCheckpoint, verifyAudit, type AuditKey } from "../../src/security/audit.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";

/** Stands for a key: whoever lacks it cannot sign. */
const key: AuditKey = { sign: (text) => sha256Hex(`key${text}`), verify: (text, signature) => signature === sha256Hex(`key${text}`) };

/** Ten records with a checkpoint behind the sixth and the last; then somebody is at the database. */
async function damaged(damage: (database: DatabaseSync) => void, options: { outside?: boolean } = {}) {
  const database = new DatabaseSync(":memory:");
  const store = createMemoryStore({ database });
  let outside: AuditCheckpoint | undefined;
  for (let i = 1; i <= 10; i += 1) {
    await store.appendAudit({ event: { kind: "test", actor: "owner", data: { i } }, now: i });
    if (i === 6 || i === 10) outside = await makeCheckpoint(store, key, i);
  }
  damage(database);
  const verdict = await verifyAudit(store, key, options.outside ? outside : undefined);
  await store.close();
  database.close();
  return verdict;
}

describe("sec-113 the audit", () => {
  test("is whole when nobody has touched it, and a checkpoint is made only when something came", async () => {
    assert.deepEqual(await damaged(() => {}), { ok: true, records: 10, checkpoints: 2 });
    const store = createMemoryStore({});
    assert.equal(await makeCheckpoint(store, key, 1), undefined);
    assert.deepEqual(await verifyAudit(store, key), { ok: true, records: 0, checkpoints: 0 });
    await store.close();
  });

  test("names the first record that was changed, in any of its fields", async () => {
    for (const change of ["data = '{\"i\":99}'", "actor = 'eve'", "kind = 'other'", "at = 77", "session_id = 'x'", "turn_id = 'x'", "hash = 'x'"]) {
      const { ok, firstBad } = await damaged((database) => database.exec(`UPDATE audit SET ${change} WHERE seq = 4`));
      assert.deepEqual([ok, firstBad], [false, 4], change);
    }
  });

  test("names the place of a record that was taken out, put in or moved", async () => {
    assert.equal((await damaged((database) => database.exec("DELETE FROM audit WHERE seq = 5"))).firstBad, 5);
    const moved = await damaged((database) =>
      database.exec("UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 99"),
    );
    assert.equal(moved.firstBad, 3);
    const inserted = await damaged((database) =>
      database.exec("INSERT INTO audit SELECT 11, at, kind, actor, session_id, turn_id, data, hash FROM audit WHERE seq = 10"),
    );
    assert.equal(inserted.firstBad, 11);
  });

  test("finds a tail that was cut off, by the checkpoints in it, and with those cut too by the one that is kept outside", async () => {
    const cut = (database: DatabaseSync) => database.exec("DELETE FROM audit WHERE seq > 7");
    assert.deepEqual(await damaged(cut), { ok: false, records: 7, checkpoints: 2, firstBad: 8, problem: "the end is cut off: 10 records were signed" });
    const both = (database: DatabaseSync) => database.exec("DELETE FROM audit WHERE seq > 7; DELETE FROM audit_checkpoints WHERE seq > 7");
    assert.equal((await damaged(both)).ok, true, "the database alone cannot know");
    assert.equal((await damaged(both, { outside: true })).firstBad, 8);
  });

  test("finds a chain that was written anew without the key", async () => {
    const forged = await damaged((database) => database.exec("UPDATE audit_checkpoints SET hash = 'x' WHERE seq = 6"));
    assert.match(forged.problem ?? "", /signature of checkpoint 6/);
    const resigned = await damaged((database) => database.exec("UPDATE audit_checkpoints SET signature = 'x'"));
    assert.equal(resigned.ok, false);
  });
});

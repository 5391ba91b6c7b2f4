import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { migrateSqlite } from "../../../src/store/operations/migrate-sqlite.ts";
import { SCHEMA_VERSION } from "../../../src/store/operations/migrations/migrate.ts";
import { acquireHomeLock, checkSqliteVersion, createSqliteStore } from "../../../src/store/sqlite/index.ts";
import { rejectsWith, World } from "../../contract/store/world.ts";

const clock = { now: () => 1_800_000_000_000 };
const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "clanker-sqlite-"));
  folders.push(folder);
  return folder;
}

const children: ChildProcess[] = [];
// A child that a failed test left would keep this file from ending.
after(() => children.forEach((child) => child.kill("SIGKILL")));

function startChild(script: string, argument: string) {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ["--expose-gc", file, argument], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  return child;
}

describe("the SQLite file", () => {
  test("fault-2 kill -9 in the middle of writes loses no acknowledged row", async () => {
    const path = join(newFolder(), "clanker.db");
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const child = startChild("./writing-child.ts", path);
      const wanted = acknowledged.size + 200;
      let rest = "";
      for await (const chunk of child.stdout) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop()!;
        for (const line of lines) acknowledged.add(line);
        if (acknowledged.size >= wanted) child.kill("SIGKILL");
      }
    }
    const store = await createSqliteStore({ path, clock });
    const kept = new Set((await store.listInbox({ limit: 1_000_000 })).map((item) => item.id));
    await store.close();
    assert.deepEqual(
      [...acknowledged].filter((id) => !kept.has(id)),
      [],
    );
    const database = new DatabaseSync(path);
    assert.deepEqual(
      database
        .prepare("PRAGMA integrity_check")
        .all()
        .map((row) => row["integrity_check"]),
      ["ok"],
    );
    database.close();
  });

  test("file and folder are the owner's alone, and a clean end leaves one file", async () => {
    const folder = join(newFolder(), "deep", "data");
    const store = await createSqliteStore({ path: join(folder, "clanker.db"), clock });
    await new World(store).begin();
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    await store.close();
    await store.close();
    assert.deepEqual(readdirSync(folder), ["clanker.db"]);
  });

  test("an older file is migrated after a copy of it was made", async () => {
    const path = join(newFolder(), "clanker.db");
    const old = new DatabaseSync(path);
    migrateSqlite(old, { now: 1, upTo: 1 });
    old.exec("INSERT INTO settings VALUES ('kept', 'yes')");
    old.close();
    // A copy that an interrupted upgrade left unfinished is made anew.
    writeFileSync(`${path}.schema-1.backup.part`, "half");
    const store = await createSqliteStore({ path, clock });
    assert.equal(await store.getSetting({ name: "kept" }), "yes");
    assert.deepEqual(await store.listDeliveries({ limit: 1 }), []);
    await store.close();
    const copy = new DatabaseSync(`${path}.schema-1.backup`, { readOnly: true });
    assert.deepEqual(copy.prepare("SELECT MAX(number) AS version FROM schema_migrations").get()?.["version"], 1);
    assert.equal(copy.prepare("SELECT value FROM settings").get()?.["value"], "yes");
    copy.close();
    assert.equal(statSync(`${path}.schema-1.backup`).mode & 0o777, 0o600);
    assert.equal(existsSync(`${path}.schema-1.backup.part`), false);
  });

  test("fault-8 an upgrade that stopped in the middle goes on where it stopped", async () => {
    const path = join(newFolder(), "clanker.db");
    const broken = new DatabaseSync(path);
    migrateSqlite(broken, { now: 1, upTo: 1 });
    // A table in the way makes the second migration fail halfway.
    broken.exec("CREATE TABLE blobs (x)");
    assert.throws(() => migrateSqlite(broken, { now: 2 }));
    assert.equal(broken.prepare("SELECT 1 FROM sqlite_master WHERE name = 'deliveries'").get(), undefined, "rolled back whole");
    broken.exec("DROP TABLE blobs");
    assert.deepEqual(migrateSqlite(broken, { now: 3 }), { from: 1, to: SCHEMA_VERSION });
    broken.close();
  });

  test("fault-80 a file of a newer version is refused and left as it is", async () => {
    const path = join(newFolder(), "clanker.db");
    await (await createSqliteStore({ path, clock })).close();
    const newer = new DatabaseSync(path);
    newer.exec("INSERT INTO schema_migrations VALUES (999, 'future', 0)");
    newer.close();
    await rejectsWith("schema_newer", createSqliteStore({ path, clock }));
  });

  for (const [what, bytes] of [
    ["with a zeroed header", Buffer.alloc(8192)],
    ["that has become empty", Buffer.alloc(0)],
  ] as const) {
    test(`fault-59 a file ${what} is refused and left as it is, and one copy of it is kept however often that is tried`, async () => {
      const folder = newFolder();
      const path = join(folder, "clanker.db");
      writeFileSync(path, bytes);
      writeFileSync(`${path}-wal`, "its log");
      for (let start = 0; start < 3; start += 1) await rejectsWith("store_corrupt", createSqliteStore({ path, clock: { now: () => 1000 * start } }));
      assert.deepEqual(readFileSync(path), bytes);
      assert.equal(readFileSync(`${path}-wal`, "utf8"), "its log");
      const copies = readdirSync(folder).filter((name) => name.includes("damaged"));
      assert.deepEqual(copies, ["clanker.db.damaged-1970-01-01T000000.000Z", "clanker.db.damaged-1970-01-01T000000.000Z-wal"]);
      assert.deepEqual(readFileSync(join(folder, copies[0]!)), bytes);
    });
  }

  for (const [word, damaged] of [
    ["content_rowid", "content_sowid"],
    ["confidentiality TEXT", "confidentialitx TEXT"],
    ["received_at BIGINT", "recgived_at BIGINT"],
  ] as const) {
    test(`fault-59 a schema in which ${word} has become ${damaged} is damage of the file, found at the start or at the first read`, async () => {
      const path = join(newFolder(), "clanker.db");
      const store = await createSqliteStore({ path, clock });
      await new World(store).begin("hello");
      await store.close();
      const text = readFileSync(path).toString("latin1");
      if (!text.includes(word)) return assert.fail(`no ${word} in the schema`);
      writeFileSync(path, Buffer.from(text.replaceAll(word, damaged), "latin1"));
      const use = async () => {
        const opened = await createSqliteStore({ path, clock });
        await opened.listInbox({ limit: 10 }).finally(() => opened.close());
      };
      await rejectsWith("store_corrupt", use());
    });
  }

  test("fault-59 damage that a crash left is refused at every start, not at the first one only", async () => {
    const folder = newFolder();
    const path = join(folder, "clanker.db");
    const child = startChild("./writing-child.ts", path);
    let lines = 0;
    for await (const chunk of child.stdout) if ((lines += String(chunk).split("\n").length) > 3_000) child.kill("SIGKILL");
    const file = readFileSync(path);
    // So many pages that some of them are not in the log any more.
    file.fill(0xff, 4096 * 4);
    writeFileSync(path, file);
    for (let start = 0; start < 3; start += 1) await rejectsWith("store_corrupt", createSqliteStore({ path, clock }));
    assert.deepEqual(readFileSync(path), file);
  });
});

describe("the SQLite writer", () => {
  test("an operation that fails takes nothing of its batch with it", async () => {
    const store = await createSqliteStore({ path: join(newFolder(), "clanker.db"), clock });
    const results = await Promise.allSettled([
      store.setSetting({ name: "a", value: "1" }),
      store.releaseLease({ fence: { lease: "none", owner: "me", fence: 1 } }),
      store.setSetting({ name: "b", value: (() => 1) as unknown as string }),
      store.setSetting({ name: "c", value: "3" }),
    ]);
    assert.deepEqual(
      results.map((result) => result.status),
      ["fulfilled", "rejected", "rejected", "fulfilled"],
    );
    assert.deepEqual(await Promise.all(["a", "b", "c"].map((name) => store.getSetting({ name }))), ["1", undefined, "3"]);
    await store.close();
  });

  test("at the cap it refuses with a time to try again, and works on afterwards", async () => {
    const store = await createSqliteStore({ path: join(newFolder(), "clanker.db"), clock, queueCap: 5 });
    const set = (value: number) => store.setSetting({ name: `n${value}`, value: "x" });
    const results = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7].map(set));
    const refused = results.filter((result) => result.status === "rejected").map((result) => result.reason as { code: string; retryAfterMs: number });
    assert.deepEqual(
      refused.map(({ code, retryAfterMs }) => [code, retryAfterMs]),
      [
        ["store_full", 1000],
        ["store_full", 1000],
      ],
    );
    await set(8);
    assert.equal(await store.getSetting({ name: "n8" }), "x");
    await store.close();
  });

  test("fault-60 a reader that never ends makes writing stop at the cap of the log, and writing goes on when it has gone", async () => {
    const path = join(newFolder(), "clanker.db");
    const cap = 2_000_000;
    const store = await createSqliteStore({ path, clock, logCapBytes: cap });
    const set = (n: number) => store.setSetting({ name: `n${n % 20}`, value: `${n} `.padEnd(50_000, String(n)) });
    await set(0);
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM settings").get();
    let refused: { code?: string; retryAfterMs?: number } | undefined;
    for (let n = 0; n < 200 && refused === undefined; n += 1) await set(n).catch((error: object) => (refused = error));
    assert.equal(refused?.code, "log_full");
    assert.equal(refused?.retryAfterMs, 5_000);
    assert.ok(statSync(`${path}-wal`).size < cap + 200_000);
    await rejectsWith("log_full", set(1));
    reader.exec("COMMIT");
    await set(2);
    assert.ok(statSync(`${path}-wal`).size < cap);
    reader.close();
    await store.close();
  });

  test("fault-58 a full disk is said as such, and writing goes on when there is space again", async () => {
    const path = join(newFolder(), "clanker.db");
    const store = await createSqliteStore({ path, clock });
    const w = new World(store);
    await w.begin("before");
    // The engine's own limit of pages stands for the quota of a disk.
    const { createWriter } = await import("../../../src/store/sqlite/writer.ts");
    await store.close();
    const database = new DatabaseSync(path);
    const write = createWriter(database);
    const { page_count: pages } = database.prepare("PRAGMA page_count").get() as { page_count: number };
    const blob = { id: "b", bytes: new Uint8Array(1_000_000), type: "x/y", sha256: "", now: 1 };
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const answers = write([
      { id: 1, name: "setSetting", input: { name: "a", value: "1" } },
      { id: 2, name: "putBlob", input: blob },
    ]);
    const codes = answers.map((answer) => ("error" in answer ? answer.error.code : "ok"));
    assert.equal(codes[1], "disk_full");
    database.exec("PRAGMA max_page_count = 1000000");
    assert.ok("output" in write([{ id: 3, name: "putBlob", input: blob }])[0]!);
    const kept = database.prepare("SELECT value FROM settings WHERE name = 'a'").get();
    assert.equal(kept === undefined, codes[0] !== "ok", "what was answered is what was kept");
    database.close();
  });

  test("closing finishes what is queued", async () => {
    const path = join(newFolder(), "clanker.db");
    const store = await createSqliteStore({ path, clock });
    const writes = Array.from({ length: 50 }, (_, index) => store.setSetting({ name: `n${index}`, value: "x" }));
    await Promise.all([...writes, store.close()]);
    const again = await createSqliteStore({ path, clock });
    assert.equal(await again.getSetting({ name: "n49" }), "x");
    await again.close();
  });
});

test("fault-62 versions of SQLite that can lose data are refused with what to do", () => {
  for (const good of ["3.51.3", "3.52.0", "3.53.4", "4.0.0", "3.50.7", "3.50.9", "3.44.6"]) checkSqliteVersion(good);
  for (const bad of ["3.51.2", "3.51.0", "3.50.6", "3.49.9", "3.45.1", "3.44.5", "3.7.0", ""]) {
    assert.throws(
      () => checkSqliteVersion(bad),
      (error: { code?: string; hint?: string }) => error.code === "sqlite_too_old" && /Upgrade Node/.test(error.hint ?? ""),
      bad,
    );
  }
});

test("fault-61 a home folder has one daemon; the second is told the first one's pid, and a dead one holds nothing", async () => {
  const folder = newFolder();
  const child = startChild("./locking-child.ts", folder);
  await once(child.stdout, "data");
  assert.throws(
    () => acquireHomeLock(folder),
    (error: { code?: string; message: string }) => error.code === "home_locked" && error.message.includes(String(child.pid)),
  );
  child.kill("SIGKILL");
  await once(child, "exit");
  const lock = acquireHomeLock(folder);
  assert.throws(() => acquireHomeLock(folder), { code: "home_locked" });
  lock.release();
  lock.release();
  acquireHomeLock(folder).release();
});

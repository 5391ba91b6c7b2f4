import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { finishRestore, JOURNAL, listBackups, makeBackup, restoreBackup, verifyBackup, type Home } from "../../src/backup/index.ts";
import { makeFolder } from "../../src/backup/make-folder.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const roots: string[] = [];
after(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));

function newRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "clanker-backup-"));
  roots.push(root);
  return root;
}

function write(root: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o600 });
  }
}

/** The database is any file here: its copy and its check are the store's. */
function newHome(): Home & { root: string } {
  const root = newRoot();
  write(root, {
    "config.toml": 'include = ["more/people.toml"]',
    "more/people.toml": "x = 1",
    "unrelated.toml": "not ours",
    ".env": "KEY=1",
    "data/clanker.db": "the database",
    "data/clanker.db-wal": "its log",
    "data/audit-key.pem": "key",
    "data/lock.db": "",
    "data/gateway.json": "{}",
    "data/logs/gateway.log": "line",
    "data/keeps/matrix.default.keep": "keys of now",
    "data/libraries/node_modules/baileys/index.js": "code",
    "data/backups/old/manifest.json": "{}",
    "data/workspaces/main/notes.md": "my notes",
    "data/workspaces/main/half.part": "a name like any other",
  });
  const database = join(root, "data/clanker.db");
  const configFiles = ["config.toml", "more/people.toml", ".env", "gone.toml"].map((name) => join(root, name));
  return { root, configFolder: root, configFiles: [...configFiles, "/etc/passwd"], dataFolder: join(root, "data"), database };
}

const checkDatabase = async (file: string) => {
  assert.match(readFileSync(file, "utf8"), /^the database/);
  return { schema: 6 };
};

function make(home: Home & { root: string }, into = join(newRoot(), "backups"), workspaces = true) {
  const copyDatabase = async (target: string) => {
    writeFileSync(target, readFileSync(home.database!));
    return { schema: 6 };
  };
  return makeBackup(home, { into, workspaces, by: "person" }, { clock: createManualClock(), version: "1.2.3", copyDatabase });
}

const paths = (files: readonly { path: string }[]) => files.map(({ path }) => path);

describe("a backup", () => {
  test("holds database, config and data, but nothing that is passing, nobody else's file and no other backup", async () => {
    const home = newHome();
    const { folder, manifest } = await make(home);
    assert.deepEqual(paths(manifest.config), [".env", "config.toml", "more", "more/people.toml"]);
    assert.deepEqual(paths(manifest.data), ["audit-key.pem", "workspaces", "workspaces/main", "workspaces/main/half.part", "workspaces/main/notes.md"]);
    assert.deepEqual(await verifyBackup(folder, checkDatabase), manifest);
    assert.equal(readFileSync(join(folder, "data/workspaces/main/notes.md"), "utf8"), "my notes");
    assert.deepEqual(await listBackups(dirname(folder)), [{ folder, manifest }]);
  });

  test("is its owner's alone, whatever the modes were, and remembers them (sec-74)", async () => {
    const home = newHome();
    chmodSync(join(home.dataFolder, "workspaces/main/notes.md"), 0o644);
    const { folder, manifest } = await make(home);
    for (const name of readdirSync(folder, { recursive: true }) as string[]) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
    const notes = manifest.data.find(({ path }) => path === "workspaces/main/notes.md");
    assert.equal(notes !== undefined && "mode" in notes && notes.mode, 0o644);
  });

  test("without workspaces leaves them where they are when it is restored", async () => {
    const home = newHome();
    const { folder, manifest } = await make(home, undefined, false);
    assert.deepEqual(paths(manifest.data), ["audit-key.pem"]);
    write(home.root, { "data/workspaces/main/notes.md": "newer notes" });
    await restoreBackup(folder, home, { now: 5, checkDatabase });
    assert.equal(readFileSync(join(home.dataFolder, "workspaces/main/notes.md"), "utf8"), "newer notes");
  });

  test("leaves out the keys that change with every message, and a restore those that are there", async () => {
    const home = newHome();
    const { folder } = await make(home);
    write(home.root, { "data/keeps/matrix.default.keep": "newer keys", "data/audit-key.pem": "another" });
    await restoreBackup(folder, home, { now: 5, checkDatabase });
    assert.equal(readFileSync(join(home.dataFolder, "audit-key.pem"), "utf8"), "key");
    assert.equal(readFileSync(join(home.dataFolder, "keeps/matrix.default.keep"), "utf8"), "newer keys");
  });

  test("keeps links as links and waits for no pipe, so that a workspace cannot put another file into it (sec-66)", async () => {
    const home = newHome();
    const outside = newRoot();
    write(outside, { "secret.txt": "somebody else's" });
    const workspace = join(home.dataFolder, "workspaces/main");
    symlinkSync(join(outside, "secret.txt"), join(workspace, "file"));
    symlinkSync(outside, join(workspace, "folder"));
    execFileSync("mkfifo", [join(workspace, "pipe")]);
    const { folder, manifest } = await make(home);
    assert.deepEqual(
      manifest.data.filter((file) => "link" in file),
      [
        { path: "workspaces/main/file", link: join(outside, "secret.txt") },
        { path: "workspaces/main/folder", link: outside },
      ],
    );
    assert.ok(!paths(manifest.data).some((path) => path.endsWith("pipe") || path.endsWith("secret.txt")));
    rmSync(workspace, { recursive: true });
    await restoreBackup(folder, home, { now: 5, checkDatabase });
    assert.equal(readlinkSync(join(workspace, "folder")), outside);
  });

  test("that cannot be made leaves nothing and says why", async () => {
    const home = newHome();
    const into = join(newRoot(), "file");
    writeFileSync(into, "");
    await assert.rejects(make(home, into), { code: "backup_failed" });
    const place = newRoot();
    const failing = { clock: createManualClock(), version: "1", copyDatabase: () => Promise.reject(new Error("no space")) };
    await assert.rejects(makeBackup(home, { into: place, workspaces: true, by: "person" }, failing), { code: "backup_failed", message: /no space/ });
    assert.deepEqual(readdirSync(place), []);
  });

  test("makes the folders above its own, and ends where none can ever be made", async () => {
    const root = newRoot();
    const deep = join(root, "a/b/c");
    await makeFolder(deep);
    await makeFolder(deep);
    assert.deepEqual(readdirSync(deep), []);
    writeFileSync(join(root, "file"), "");
    await assert.rejects(makeFolder(join(root, "file/below")), { code: "ENOTDIR" });
    if (process.platform === "linux") await assert.rejects(makeFolder("/proc/nowhere/deep"), { code: "ENOENT" });
  });

  test("that was changed, cut or lost a file is not trusted, and nothing is replaced by it", async () => {
    const harms: Record<string, (folder: string) => void> = {
      "a changed byte": (folder) => writeFileSync(join(folder, "data/audit-key.pem"), "kez"),
      "a cut file": (folder) => writeFileSync(join(folder, "clanker.db"), "the data"),
      "a missing file": (folder) => rmSync(join(folder, "config/.env")),
      "a link in a file's place": (folder) => {
        rmSync(join(folder, "data/audit-key.pem"));
        symlinkSync("/etc/hostname", join(folder, "data/audit-key.pem"));
      },
    };
    for (const [what, harm] of Object.entries(harms)) {
      const home = newHome();
      const { folder } = await make(home);
      harm(folder);
      write(home.root, { "data/audit-key.pem": "newer" });
      await assert.rejects(restoreBackup(folder, home, { now: 5, checkDatabase }), { code: "backup_damaged" }, what);
      assert.equal(readFileSync(join(home.dataFolder, "audit-key.pem"), "utf8"), "newer", what);
    }
    const home = newHome();
    const { folder } = await make(home);
    const manifest = readFileSync(join(folder, "manifest.json"), "utf8");
    for (const [what, text] of [
      ["no JSON", manifest.slice(0, 100)],
      ["a way out of the folder", manifest.replace('"audit-key.pem"', '"../../audit-key.pem"')],
      ["another format", manifest.replace('"format": 1', '"format": 2')],
    ] as const) {
      writeFileSync(join(folder, "manifest.json"), text);
      await assert.rejects(verifyBackup(folder, checkDatabase), { code: "backup_unreadable" }, what);
    }
    assert.deepEqual(await listBackups(dirname(folder)), []);
  });
});

describe("a restore", () => {
  /** What the home says after it, whoever asks. */
  const read = (home: Home) => ({
    database: readFileSync(home.database!, "utf8"),
    wal: existsSync(`${home.database}-wal`),
    config: readFileSync(join(home.configFolder, "config.toml"), "utf8"),
    key: readFileSync(join(home.dataFolder, "audit-key.pem"), "utf8"),
    notes: readFileSync(join(home.dataFolder, "workspaces/main/notes.md"), "utf8"),
  });
  const spoil = (home: Home & { root: string }) =>
    write(home.root, {
      "config.toml": "newer",
      "data/clanker.db": "newer",
      "data/clanker.db-wal": "newer",
      "data/audit-key.pem": "newer",
      "data/workspaces/main/notes.md": "newer",
    });

  test("puts back database, config, keys and files, and keeps what it replaces beside them", async () => {
    const home = newHome();
    const before = { ...read(home), wal: false };
    const { folder } = await make(home);
    spoil(home);
    const { aside, backup_at } = await restoreBackup(folder, home, { now: Date.UTC(2026, 0, 1), checkDatabase });
    assert.deepEqual(read(home), before);
    assert.equal(backup_at, createManualClock().now());
    assert.deepEqual(
      aside.map((path) => path.slice(home.root.length + 1)).toSorted(),
      ["config.toml", "data/audit-key.pem", "data/clanker.db", "data/workspaces"]
        .map((name) => `${name}.replaced-2026-01-01T000000000Z`)
        .concat("data/clanker.db.replaced-2026-01-01T000000000Z-wal")
        .toSorted(),
    );
    for (const path of aside.filter((one) => statSync(one).isFile())) assert.equal(readFileSync(path, "utf8"), "newer", path);
    assert.ok(existsSync(join(home.dataFolder, "workspaces.replaced-2026-01-01T000000000Z/main/notes.md")));
  });

  test("of the database alone leaves the rest as it is", async () => {
    const home = newHome();
    const { folder } = await make(home);
    spoil(home);
    await restoreBackup(folder, home, { now: 5, checkDatabase, databaseOnly: true });
    assert.deepEqual(read(home), { database: "the database", wal: false, config: "newer", key: "newer", notes: "newer" });
  });

  test("makes a home on a machine that has none", async () => {
    const home = newHome();
    const before = { ...read(home), wal: false };
    const { folder } = await make(home);
    const root = join(newRoot(), "fresh");
    const fresh = { configFolder: root, configFiles: [], dataFolder: join(root, "data"), database: join(root, "data/clanker.db") };
    const { aside } = await restoreBackup(folder, fresh, { now: 5, checkDatabase });
    assert.deepEqual(read(fresh), before);
    assert.deepEqual(aside, []);
  });

  test("killed between any two of its renames is completed by the next start, once (fault-59, fault-80)", async () => {
    const home = newHome();
    const before = { ...read(home), wal: false };
    const { folder } = await make(home);
    for (let done = 0; ; done++) {
      spoil(home);
      const journal = join(home.dataFolder, JOURNAL);
      // As if it had died when the journal was written: the renames are ours to do, some of them.
      const text = await prepared(folder, home, done);
      writeFileSync(journal, text);
      const { moves } = JSON.parse(text) as { moves: { name: string; aside: string; next: string }[] };
      const steps = moves.flatMap(({ name, aside, next }) => [
        () => existsSync(name) && renameSync(name, aside),
        ...(next === "" ? [] : [() => renameSync(next, name)]),
      ]);
      for (const step of steps.slice(0, done)) step();
      await finishRestore(home.dataFolder);
      assert.deepEqual(read(home), before, `after ${done} renames`);
      assert.ok(!existsSync(journal));
      assert.equal(await finishRestore(home.dataFolder), undefined);
      if (done === steps.length) break;
    }
  });

  /** The journal of a restore whose renames have been taken back. */
  async function prepared(folder: string, home: Home, round: number): Promise<string> {
    const now = 1000 + round;
    const { aside } = await restoreBackup(folder, home, { now, checkDatabase });
    const moves = aside.map((path) => {
      const name = path.replace(/\.replaced-[^-]*-[^-]*-[^-]*Z/, "");
      const next = name.endsWith("-wal") ? "" : `${name}.restoring`;
      if (next !== "") renameSync(name, next);
      renameSync(path, name);
      return { name, aside: path, next };
    });
    return JSON.stringify({ moves, note: { backup_at: 1, restored_at: now, aside: [] } });
  }
});

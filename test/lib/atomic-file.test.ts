import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync, lstatSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { createFileAtomic, writeFileAtomic } from "../../src/lib/atomic-file/index.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "atomic-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a written file has the bytes, is for its owner alone and leaves nothing beside it", async () => {
  const file = join(folder, "a.toml");
  writeFileSync(file, "old", { mode: 0o644 });
  await writeFileAtomic(file, "new");
  assert.equal(readFileSync(file, "utf8"), "new");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["a.toml"]);
});

test("a symbolic link stays a link and its target is replaced", async () => {
  writeFileSync(join(folder, "real"), "old");
  symlinkSync("real", join(folder, "link"));
  await writeFileAtomic(join(folder, "link"), "new");
  assert.equal(lstatSync(join(folder, "link")).isSymbolicLink(), true);
  assert.equal(readFileSync(join(folder, "real"), "utf8"), "new");
});

test("what a killed writer left is removed once it is old, never a fresh one", async () => {
  const stale = join(folder, ".a.1.tmp");
  writeFileSync(stale, "secret");
  utimesSync(stale, 1, 1);
  writeFileSync(join(folder, ".a.2.tmp"), "being written");
  await writeFileAtomic(join(folder, "a"), "x");
  assert.deepEqual(readdirSync(folder).toSorted(), [".a.2.tmp", "a"]);
});

test("a failed write leaves the folder as it was", async () => {
  await assert.rejects(writeFileAtomic(join(folder, "missing", "a"), "x"), { code: "ENOENT" });
  assert.deepEqual(readdirSync(folder), []);
});

test("of many that create the same file at once exactly one does", async () => {
  const file = join(folder, "token");
  const made = await Promise.all(Array.from({ length: 8 }, (_, index) => createFileAtomic(file, `value ${index}`)));
  assert.equal(made.filter(Boolean).length, 1);
  assert.equal(readFileSync(file, "utf8"), `value ${made.indexOf(true)}`);
  assert.deepEqual(readdirSync(folder), ["token"]);
});

const WRITER = `
import { writeFileAtomic } from ${JSON.stringify(new URL("../../src/lib/atomic-file/index.ts", import.meta.url).href)};
const texts = ["a", "b"].map((letter) => letter.repeat(2_000_000));
process.stdout.write("ready");
for (let round = 0; ; round++) await writeFileAtomic(process.argv[1], texts[round % 2]);
`;

test("fault-9: a writer that is killed at any moment leaves the old bytes or the new ones", { timeout: 60_000 }, async () => {
  const file = join(folder, "large");
  writeFileSync(file, "a".repeat(2_000_000));
  for (let round = 0; round < 20; round++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER, file], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await wait((round * 3) % 17);
    child.kill("SIGKILL");
    await once(child, "close");
    const text = readFileSync(file, "utf8");
    assert.ok(text === "a".repeat(2_000_000) || text === "b".repeat(2_000_000), `${text.length} characters`);
  }
});

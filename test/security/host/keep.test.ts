import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { StoreError } from "../../../src/core/errors.ts";
import type { Keep } from "../../../src/core/keep.ts";
import { createSecretStore, openKeep } from "../../../src/security/host/secrets/index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const texts = async (keep: Keep) => (await keep.read()).map((record) => new TextDecoder().decode(record));

interface Place {
  readonly folder: string;
  readonly file: string;
  readonly secrets: ReturnType<typeof createSecretStore>;
  /** As a new process does. */
  open(name?: string): Keep;
}

async function withPlace(body: (place: Place) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "clanker-keep-"));
  const folder = join(home, "keeps");
  const secrets = createSecretStore({ folder: home, key: Buffer.alloc(32, 3).toString("base64") });
  try {
    await body({ folder, file: join(folder, "matrix.default.keep"), secrets, open: (name = "matrix.default") => openKeep({ folder, name, secrets }) });
  } finally {
    await rm(home, { recursive: true });
  }
}

async function fill(keep: Keep, ...records: readonly string[]): Promise<void> {
  for (const record of records) await keep.append(bytes(record));
}

const damaged = (error: unknown) => error instanceof StoreError && error.code === "keep_damaged" && error.hint !== undefined;

describe("a keep", () => {
  test("gives back what was put in, in order, after a restart and after it was written anew", () =>
    withPlace(async ({ open }) => {
      const keep = open();
      assert.deepEqual(await texts(keep), []);
      await Promise.all(["a", "b", "c"].map((text) => keep.append(bytes(text))));
      const again = open();
      assert.deepEqual(await texts(again), ["a", "b", "c"]);
      await again.replace([bytes("whole"), bytes("log")]);
      await fill(again, "more");
      assert.deepEqual(await texts(again), ["whole", "log", "more"]);
      assert.deepEqual(await texts(open()), ["whole", "log", "more"]);
      await again.replace([]);
      await fill(again, "anew");
      assert.deepEqual(await texts(open()), ["anew"]);
    }));

  test("makes nothing before its first record", () =>
    withPlace(async ({ open, folder, secrets }) => {
      await open().read();
      await assert.rejects(stat(folder), { code: "ENOENT" });
      assert.deepEqual(await secrets.list(), []);
    }));

  test("sec-115 nothing of it can be read in the file, which is the owner's alone", () =>
    withPlace(async ({ open, file, folder, secrets }) => {
      await fill(open(), "canary-identity-key", "canary-session-key");
      const sealed = await readFile(file);
      assert.ok(!sealed.includes("canary") && !sealed.includes(Buffer.from("canary-").toString("base64").slice(0, 8)));
      assert.equal((await stat(file)).mode & 0o077, 0);
      assert.equal((await stat(folder)).mode & 0o077, 0);
      assert.deepEqual(await secrets.list(), ["keep.matrix.default"]);
    }));

  test("a record that a crash has cut off is taken away, and the next one comes in its place", () =>
    withPlace(async ({ open, file }) => {
      await fill(open(), "kept");
      const whole = (await stat(file)).size;
      await fill(open(), "half written");
      const good = await readFile(file);
      const zeros = (from: number) => Buffer.concat([good.subarray(0, from), Buffer.alloc(good.length - from)]);
      const cut = [good.length - 1, whole + 20, whole + 8, whole + 5, whole + 1].map((size) => good.subarray(0, size));
      for (const torn of [...cut, zeros(whole), zeros(whole + 8), zeros(good.length - 16)]) {
        await writeFile(file, torn);
        assert.deepEqual(await texts(open()), ["kept"]);
        await fill(open(), "next");
        assert.deepEqual(await texts(open()), ["kept", "next"]);
      }
    }));

  test("records that were changed, moved, left out, put back or never ours are refused, with what to do", () =>
    withPlace(async ({ open, file, folder, secrets }) => {
      const keep = open();
      const ends: number[] = [];
      for (const text of ["one", "two", "three"]) {
        await fill(keep, text);
        ends.push((await stat(file)).size);
      }
      const good = await readFile(file);
      const [one, two, three] = [good.subarray(0, ends[0]), good.subarray(ends[0], ends[1]), good.subarray(ends[1])] as const;
      const refused = async (content: Buffer, why: string) => {
        await writeFile(file, content);
        await assert.rejects(open().read(), damaged, why);
        await assert.rejects(open().append(bytes("x")), damaged, why);
        assert.deepEqual(await readFile(file), content, "it stays as it is");
      };
      for (let at = 0; at < good.length; at++) {
        const changed = Buffer.from(good);
        changed[at]! ^= 1;
        await refused(changed, `byte ${at}`);
      }
      await refused(Buffer.concat([one, three]), "left out");
      await refused(Buffer.concat([two, one, three]), "moved");
      await refused(Buffer.concat([one, two, three, two]), "put back");
      await refused(Buffer.concat([good, Buffer.from("no record at all")]), "not ours");
      // A log that was written anew does not go on with records of the one before.
      await keep.replace([bytes("one"), bytes("two")]);
      const anew = await readFile(file);
      await refused(Buffer.concat([anew, three]), "of the log before");
      await writeFile(file, anew);
      assert.deepEqual(await texts(open()), ["one", "two"]);
      await writeFile(join(folder, "matrix.work.keep"), anew);
      await fill(open("irc.x"), "a key of another");
      await secrets.set("keep.matrix.work", (await secrets.get("keep.irc.x"))!.reveal());
      await assert.rejects(open("matrix.work").read(), damaged, "another account's");
      await secrets.remove("keep.matrix.default");
      await assert.rejects(open().read(), damaged, "its key is gone, as after a restore from before it was made");
      await secrets.set("keep.matrix.default", "short");
      await assert.rejects(open().read(), damaged, "its key is none");
    }));

  test("what is cleared opens for nobody, also when it was damaged, and may be used anew with another key", () =>
    withPlace(async ({ open, file, secrets }) => {
      const keep = open();
      await keep.clear();
      await fill(keep, "secret");
      const before = await readFile(file);
      const key = (await secrets.get("keep.matrix.default"))!.reveal();
      await keep.clear();
      await assert.rejects(stat(file), { code: "ENOENT" });
      assert.deepEqual(await secrets.list(), []);
      assert.deepEqual(await texts(keep), []);
      await fill(keep, "new");
      assert.notEqual((await secrets.get("keep.matrix.default"))!.reveal(), key);
      assert.deepEqual(await texts(open()), ["new"]);
      await writeFile(file, before);
      await assert.rejects(open().read(), damaged);
      await open().clear();
      assert.deepEqual(await texts(open()), []);
    }));

  test("a clear that a crash has cut short leaves nothing, and the next record gets a key of its own", () =>
    withPlace(async ({ open, file, secrets }) => {
      await fill(open(), "secret");
      const key = (await secrets.get("keep.matrix.default"))!.reveal();
      await truncate(file, 0);
      assert.deepEqual(await texts(open()), []);
      await fill(open(), "new");
      assert.notEqual((await secrets.get("keep.matrix.default"))!.reveal(), key);
      assert.deepEqual(await texts(open()), ["new"]);
    }));

  test("fault-58 what could not be written was not taken, and the log goes on behind what was", () =>
    withPlace(async ({ open, file, folder, secrets }) => {
      const failed = (error: unknown) => error instanceof StoreError && error.code === "keep_failed" && error.hint !== undefined;
      const keep = open();
      await fill(keep, "one");
      const good = await readFile(file);
      await rm(file);
      await assert.rejects(keep.append(bytes("two")), failed, "never into a file that is not there");
      await writeFile(file, good);
      await fill(keep, "three");
      assert.deepEqual(await texts(open()), ["one", "three"]);
      await rm(folder, { recursive: true });
      await writeFile(folder, "no folder");
      await assert.rejects(open().append(bytes("x")), failed);
      await assert.rejects(open().clear(), failed);
      const silent = openKeep({
        folder: join(folder, ".."),
        name: "a.b",
        secrets: { ...secrets, set: () => Promise.reject(new Error("no keychain answers")) },
      });
      await assert.rejects(silent.append(bytes("x")), failed);
    }));
});

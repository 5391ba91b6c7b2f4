import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createSealedKeep } from "../../src/app/sealed-keep.ts";
import { StoreError } from "../../src/core/errors.ts";
import { createSecretStore } from "../../src/security/host/secrets/index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const texts = (records: readonly Uint8Array[]) => records.map((record) => new TextDecoder().decode(record));

async function withFolder(body: (folder: string, make: (name?: string) => ReturnType<typeof createSealedKeep>) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "clanker-keep-"));
  const folder = join(home, "keeps");
  const secrets = createSecretStore({ folder: home });
  try {
    await body(folder, (name = "matrix.default") => createSealedKeep({ folder, name, secrets }));
  } finally {
    await rm(home, { recursive: true });
  }
}

const damaged = (error: unknown) => error instanceof StoreError && error.code === "keep_damaged" && error.hint !== undefined;

describe("a sealed keep", () => {
  test("gives back what was put in, in order, after a restart and after it was written anew", () =>
    withFolder(async (_folder, make) => {
      const keep = make();
      assert.deepEqual(await keep.read(), []);
      await Promise.all(["a", "b", "c"].map((text) => keep.append(bytes(text))));
      await keep.close();
      const again = make();
      assert.deepEqual(texts(await again.read()), ["a", "b", "c"]);
      await again.replace([bytes("whole")]);
      await again.append(bytes("more"));
      await again.close();
      const third = make();
      assert.deepEqual(texts(await third.read()), ["whole", "more"]);
      await third.close();
    }));

  test("sec-115 nothing of it can be read in the file, which is the owner's alone", () =>
    withFolder(async (folder, make) => {
      const keep = make();
      await keep.append(bytes("canary-identity-key"));
      await keep.close();
      const file = join(folder, "matrix.default.keep");
      assert.ok(!(await readFile(file)).includes("canary"));
      assert.equal((await stat(file)).mode & 0o077, 0);
    }));

  test("a record that a crash has cut off is taken away, and the next one comes in its place", () =>
    withFolder(async (folder, make) => {
      const file = join(folder, "matrix.default.keep");
      const keep = make();
      await keep.append(bytes("kept"));
      const whole = (await stat(file)).size;
      await keep.append(bytes("half written"));
      await keep.close();
      const end = (await stat(file)).size;
      for (const size of [end - 1, whole + 20, whole + 5, whole + 1]) {
        await truncate(file, size);
        const again = make();
        assert.deepEqual(texts(await again.read()), ["kept"]);
        await again.append(bytes("next"));
        await again.close();
        const third = make();
        assert.deepEqual(texts(await third.read()), ["kept", "next"]);
        await third.close();
      }
    }));

  test("a file that was changed, put in the place of another or sealed with another key is refused", () =>
    withFolder(async (folder, make) => {
      const file = join(folder, "matrix.default.keep");
      const keep = make();
      for (const text of ["one", "two", "three"]) await keep.append(bytes(text));
      await keep.close();
      const good = await readFile(file);
      const changed = Buffer.from(good);
      changed[20]! ^= 1;
      await writeFile(file, changed);
      await assert.rejects(make().read(), damaged);
      // The second record in the place of the first.
      const length = good.length - 2;
      await writeFile(file, Buffer.concat([good.subarray(35, length), good.subarray(0, 35)]));
      await assert.rejects(make().read(), damaged);
      await writeFile(join(folder, "matrix.work.keep"), good);
      await assert.rejects(make("matrix.work").read(), damaged);
    }));
});

import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createSecretStore, openVault } from "../../../src/security/host/secrets/index.ts";

async function withFolder(run: (open: () => ReturnType<typeof openVault>, file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "clanker-vault-"));
  const secrets = createSecretStore({ folder, key: Buffer.alloc(32, 3).toString("base64") });
  const file = join(folder, "vaults/one");
  try {
    await run(() => openVault({ file, secrets, keyName: "vault-one" }), file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const of = async (vault: ReturnType<typeof openVault>) => Object.fromEntries(await vault.entries());

describe("a vault", () => {
  test("keeps what was put until it is taken out, over a restart, unreadable on disk", () =>
    withFolder(async (open, file) => {
      const vault = open();
      assert.deepEqual(await of(vault), {});
      await assert.rejects(stat(file), { code: "ENOENT" });
      await vault.put({ a: "canary", b: "two" });
      await vault.put({ b: null, c: "three" });
      assert.deepEqual(await of(vault), { a: "canary", c: "three" });
      assert.deepEqual(await of(open()), { a: "canary", c: "three" });
      const text = await readFile(file, "utf8");
      assert.ok(!text.includes("canary") && !text.includes(Buffer.from("canary").toString("base64").slice(0, 6)));
      assert.equal((await stat(file)).mode & 0o777, 0o600);
    }));

  test("a torn last batch was never kept, and what follows is", () =>
    withFolder(async (open, file) => {
      await open().put({ a: "1" });
      await open().put({ a: "2" });
      const whole = await readFile(file, "utf8");
      await writeFile(file, whole.slice(0, -10));
      assert.deepEqual(await of(open()), { a: "1" });
      await open().put({ b: "3" });
      assert.deepEqual(await of(open()), { a: "1", b: "3" });
    }));

  test("batches that were changed, moved or left out are noticed", () =>
    withFolder(async (open, file) => {
      const vault = open();
      await vault.put({ a: "1" });
      await vault.put({ a: "2" });
      await vault.put({ a: "3" });
      const [one, two, three] = (await readFile(file, "utf8")).split("\n");
      for (const text of [`${one}\n${three}\n`, `${two}\n${one}\n${three}\n`, `${one}\n${two!.slice(0, -4)}AAAA\n${three}\n`]) {
        await writeFile(file, text);
        await assert.rejects(open().entries(), { code: "vault_damaged" });
      }
      await writeFile(file, `${one}\n`);
      await appendFile(file, "no line");
      assert.deepEqual(await of(open()), { a: "1" });
    }));

  test("a vault that is cleared opens for nobody, and may be used anew", () =>
    withFolder(async (open, file) => {
      const vault = open();
      await vault.put({ a: "1" });
      const before = await readFile(file, "utf8");
      await vault.clear();
      await assert.rejects(stat(file), { code: "ENOENT" });
      await writeFile(file, before);
      assert.deepEqual(await of(open()), {}, "its key is gone");
      await vault.put({ b: "2" });
      assert.deepEqual(await of(open()), { b: "2" });
    }));

  test("what is put again and again does not make the file grow without end", () =>
    withFolder(async (open, file) => {
      const vault = open();
      for (let round = 0; round < 8; round++) await vault.put({ a: "x".repeat(300_000), [`n${round}`]: "y" });
      assert.ok((await stat(file)).size < 2_500_000);
      assert.equal((await vault.entries()).size, 9);
      assert.equal((await open().entries()).size, 9);
    }));
});

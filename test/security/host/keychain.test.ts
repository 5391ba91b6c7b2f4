import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createSecretStore, findKeychain, withKeychain } from "../../../src/security/host/secrets/index.ts";
import { createKeychainTools, type KeychainTools } from "../../fakes/keychain-tools.ts";

const CANARY = "canary value 'with' \"quotes\" $(and) ünï\nlines";

for (const platform of ["linux", "darwin"]) {
  describe(`the keychain on ${platform}`, () => {
    let tools: KeychainTools;
    let folder = "";
    beforeEach(() => {
      tools = createKeychainTools();
      folder = join(mkdtempSync(join(tmpdir(), "secrets-")), "data");
    });
    afterEach(() => {
      tools.close();
      rmSync(join(folder, ".."), { recursive: true, force: true });
    });
    const env = () => ({
      PATH: tools.folder,
      DBUS_SESSION_BUS_ADDRESS: "unix:path=/none",
      HOME: "/home/x",
      OPENAI_API_KEY: "canary-env",
      CLANKER_SECRET_KEY: "canary-key",
    });
    const open = (key?: string, home = folder) =>
      withKeychain(createSecretStore({ folder: home, key }), { folder: home, find: () => findKeychain({ platform, env: env(), folder: home }) });

    test("a secret goes into the keychain where one answers, comes back, is listed by name alone and is removed from it", async () => {
      await open().set("openai", CANARY);
      assert.equal((await open().get("openai"))?.reveal(), CANARY);
      assert.deepEqual(await open().list(), ["openai"]);
      assert.equal(await open().place("openai"), "keychain");
      assert.equal(await open().place("other"), undefined);
      assert.equal(existsSync(join(folder, "secrets.json")), false);
      assert.equal(statSync(join(folder, "keychain-names.json")).mode & 0o777, 0o600);
      assert.equal(Object.keys(tools.items()).length, 1);
      assert.equal(await open().remove("openai"), true);
      assert.equal(await open().remove("openai"), false);
      assert.deepEqual([tools.items(), await open().list()], [{}, []]);
    });

    test("sec-100 no value stands on a command line or in our files, and the tool gets nothing of our environment", async () => {
      await open().set("openai", CANARY);
      await open().get("openai");
      const encoded = Buffer.from(CANARY).toString("base64url");
      for (const { args, env: seen } of tools.calls()) {
        assert.ok(!args.some((arg) => arg.includes("canary") || arg.includes(encoded)));
        assert.doesNotMatch(JSON.stringify(seen), /canary/);
      }
      assert.doesNotMatch(readFileSync(join(folder, "keychain-names.json"), "utf8"), /canary/);
    });

    test("without a keychain the encrypted file is used, and what is in it stays there when one comes", async () => {
      tools.state = "silent";
      await open().set("a", "1");
      assert.equal(await open().place("a"), "file");
      tools.state = "answers";
      assert.equal((await open().get("a"))?.reveal(), "1");
      await open().set("b", "2");
      assert.deepEqual([await open().place("a"), await open().place("b")], ["file", "keychain"]);
      assert.deepEqual(await open().list(), ["a", "b"]);
      await open().set("a", "3");
      assert.equal(`${await open().place("a")} ${(await open().get("a"))?.reveal()}`, "keychain 3");
      assert.deepEqual(await createSecretStore({ folder }).list(), []);
    });

    test("who sets CLANKER_SECRET_KEY wants the file, and a secret that was in the keychain leaves it", async () => {
      await open().set("a", "1");
      await open("ab".repeat(32)).set("a", "2");
      assert.equal(await open("ab".repeat(32)).place("a"), "file");
      assert.deepEqual(tools.items(), {});
    });

    test("a keychain that falls silent is said, never taken for a missing secret", async () => {
      await open().set("a", "1");
      tools.state = "silent";
      await assert.rejects(open().get("a"), { name: "ConfigError", code: "keychain_silent" });
      await assert.rejects(open().remove("a"), { code: "keychain_silent" });
      assert.deepEqual(await open().list(), ["a"]);
    });

    test("reading asks no keychain for secrets that were never put there", async () => {
      assert.equal(await open().get("a"), undefined);
      assert.deepEqual(await open().list(), []);
      assert.deepEqual(tools.calls(), []);
    });

    test("two homes do not share secrets, and blank or badly named ones are refused", async () => {
      await open().set("a", "1");
      const other = join(folder, "../other");
      await open(undefined, other).set("a", "2");
      assert.equal((await open().get("a"))?.reveal(), "1");
      await assert.rejects(open().set("b", " "), { code: "secret_blank" });
      await assert.rejects(open().set("a b", "1"), { code: "secret_bad_name" });
    });
  });
}

test("there is no keychain where its tool is not installed, without a session, and on other systems", async () => {
  const folder = tmpdir();
  const session = { PATH: "/nowhere", DBUS_SESSION_BUS_ADDRESS: "unix:path=/none" };
  assert.equal(await findKeychain({ platform: "linux", env: session, folder }), undefined);
  assert.equal(await findKeychain({ platform: "darwin", env: session, folder }), undefined);
  assert.equal(await findKeychain({ platform: "linux", env: { PATH: process.env["PATH"] }, folder }), undefined);
  assert.equal(await findKeychain({ platform: "win32", env: session, folder }), undefined);
});

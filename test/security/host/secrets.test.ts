import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { inspect } from "node:util";
import { createSecretStore } from "../../../src/security/host/secrets/index.ts";

const HEX = "ab".repeat(32);

let folder = "";
beforeEach(() => void (folder = join(mkdtempSync(join(tmpdir(), "secrets-")), "data")));
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const file = () => join(folder, "secrets.json");

interface Stored {
  secrets: Record<string, { nonce: string; data: string }>;
  check: { data: string };
  derivation: Record<string, unknown>;
  mac: string;
}

function tamper(change: (stored: Stored) => void): void {
  const stored = JSON.parse(readFileSync(file(), "utf8")) as Stored;
  change(stored);
  writeFileSync(file(), JSON.stringify(stored));
}

test("what is stored comes back, as a handle that prints as its name", async () => {
  const store = createSecretStore({ folder, key: HEX });
  await store.set("openai", "sk-canary");
  await store.set("other", "line one\nüñí");
  const again = createSecretStore({ folder, key: HEX });
  const secret = await again.get("openai");
  assert.equal(secret?.reveal(), "sk-canary");
  assert.equal((await again.get("other"))?.reveal(), "line one\nüñí");
  assert.doesNotMatch(inspect(secret) + JSON.stringify(secret) + String(secret), /canary/);
  assert.deepEqual(await again.list(), ["openai", "other"]);
  assert.equal(await again.remove("openai"), true);
  assert.equal(await again.remove("openai"), false);
  assert.equal(await again.get("openai"), undefined);
  assert.equal(again.keySource, "environment");
});

test("nothing that is stored can be read in the file, and the file is for its owner alone", async () => {
  const store = createSecretStore({ folder, key: HEX });
  await store.set("a", "canary-value");
  const text = readFileSync(file(), "utf8");
  assert.doesNotMatch(text, /canary/);
  assert.ok(!text.includes(Buffer.from("canary-value").toString("base64url")));
  assert.equal(statSync(file()).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["secrets.json"]);
});

test("reading makes nothing; the first secret without a key makes a key file for its owner alone", async () => {
  const store = createSecretStore({ folder });
  assert.equal(await store.get("a"), undefined);
  assert.deepEqual(await store.list(), []);
  assert.throws(() => statSync(folder), { code: "ENOENT" });
  await store.set("a", "1");
  assert.equal(store.keySource, "key-file");
  assert.equal(statSync(join(folder, "secret.key")).mode & 0o777, 0o600);
  assert.equal((await createSecretStore({ folder, key: "" }).get("a"))?.reveal(), "1");
});

test("a wrong key, a missing key file and another kind of key are told apart from damage", async () => {
  await createSecretStore({ folder, key: HEX }).set("a", "1");
  for (const key of ["cd".repeat(32), "a passphrase", undefined]) {
    const store = createSecretStore({ folder, key });
    await assert.rejects(store.get("a"), { name: "ConfigError", code: "secret_key_wrong" });
    await assert.rejects(store.set("b", "2"), { code: "secret_key_wrong" });
  }
  assert.deepEqual(await createSecretStore({ folder, key: HEX }).list(), ["a"]);
});

test("the same 32 bytes as hex, base64 and base64url are one key", async () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index));
  await createSecretStore({ folder, key: bytes.toString("hex") }).set("a", "1");
  for (const key of [bytes.toString("base64"), bytes.toString("base64url"), ` ${bytes.toString("hex").toUpperCase()}\n`]) {
    assert.equal((await createSecretStore({ folder, key }).get("a"))?.reveal(), "1");
  }
});

test("a passphrase is stretched with its own salt and opens the store again", async () => {
  await createSecretStore({ folder, key: "correct horse" }).set("a", "1");
  const { derivation } = JSON.parse(readFileSync(file(), "utf8")) as Stored;
  assert.equal(derivation["kind"], "argon2id");
  assert.equal((await createSecretStore({ folder, key: "correct horse" }).get("a"))?.reveal(), "1");
  await assert.rejects(createSecretStore({ folder, key: "wrong horse" }).get("a"), { code: "secret_key_wrong" });
});

test("a file that was changed is noticed: bytes, names, removed and exchanged entries, numbers of the derivation", async () => {
  const store = createSecretStore({ folder, key: HEX });
  await store.set("a", "1");
  await store.set("b", "2");
  const good = readFileSync(file(), "utf8");
  const changes: ((stored: Stored) => void)[] = [
    (stored) => void (stored.secrets["a"]!.data = stored.secrets["a"]!.data.replace(/^./, (first) => (first === "A" ? "B" : "A"))),
    (stored) => void delete stored.secrets["b"],
    (stored) => void (stored.secrets["c"] = stored.secrets["a"]!),
    (stored) => void ([stored.secrets["a"], stored.secrets["b"]] = [stored.secrets["b"]!, stored.secrets["a"]!]),
    (stored) => void (stored.mac = ""),
    (stored) => void (stored.secrets["a"] = { nonce: "", data: "" }),
    (stored) => void (stored.derivation = { kind: "argon2id", salt: "x", memory: 2 ** 31, passes: 3, parallelism: 1 }),
  ];
  for (const change of changes) {
    writeFileSync(file(), good);
    tamper(change);
    await assert.rejects(createSecretStore({ folder, key: HEX }).get("a"), { code: "secret_store_damaged" }, String(change));
  }
  writeFileSync(file(), good.slice(0, -20));
  await assert.rejects(store.list(), { code: "secret_store_damaged" });
  writeFileSync(file(), good);
  assert.equal((await store.get("a"))?.reveal(), "1");
});

test("changes that are asked for at once are all kept", async () => {
  const store = createSecretStore({ folder, key: HEX });
  await Promise.all(Array.from({ length: 10 }, (_, index) => store.set(`s${index}`, `v${index}`)));
  assert.equal((await createSecretStore({ folder, key: HEX }).list()).length, 10);
});

test("sec-104: blank values, blank keys and bad names are refused without repeating the value", async () => {
  const store = createSecretStore({ folder, key: HEX });
  for (const value of ["", "  ", "\n"]) await assert.rejects(store.set("a", value), { code: "secret_blank" });
  for (const name of ["", "__proto__", "constructor", "a/b", "../x", "a b"])
    await assert.rejects(store.set(name, "canary"), { code: "secret_bad_name", message: /^(?!.*canary)/ });
  assert.throws(() => createSecretStore({ folder, key: "  " }), { code: "secret_key_blank" });
  await createSecretStore({ folder }).set("a", "1");
  writeFileSync(join(folder, "secret.key"), "not a key");
  await assert.rejects(createSecretStore({ folder }).get("a"), { code: "secret_key_unusable" });
});

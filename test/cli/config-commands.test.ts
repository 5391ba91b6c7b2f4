import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { createClanker, type Clanker } from "./run-clanker.ts";

let clanker: Clanker = createClanker();
const all = [clanker];
beforeEach(() => {
  clanker = createClanker();
  all.push(clanker);
});
after(() => Promise.all(all.map((one) => one.close())));

const file = () => join(clanker.home, "config.toml");

test("generate prints a config that validate accepts, and overwrites nothing unasked", async () => {
  const { stdout } = await clanker.run(["config", "generate"]);
  assert.match(stdout, /\[gateway\]/);
  assert.equal((await clanker.run(["config-generate", "--output", file()])).code, 0);
  assert.equal(readFileSync(file(), "utf8"), stdout);
  assert.equal(statSync(file()).mode & 0o777, 0o600);
  assert.equal((await clanker.run(["config-validate"])).code, 0);
  assert.match((await clanker.run(["config", "generate", "--output", file()])).stderr, /file_exists[^]*--force/);
});

test("an invalid config is exit code 78 with file, line, key and nearest name, for validate and for every command that reads it", async () => {
  writeFileSync(file(), '[gateway]\nbind_adress = "127.0.0.1"\n');
  const { code, stderr } = await clanker.run(["config", "validate"]);
  assert.equal(code, 78);
  assert.match(stderr, /config\.toml:2: gateway\.bind_adress: unknown key.*bind_address/);
  const { code: jsonCode, document } = await clanker.json(["config", "validate"]);
  assert.equal(jsonCode, 78);
  assert.equal((document["problems"] as { key: string }[])[0]?.key, "gateway.bind_adress");
  for (const args of [["status"], ["config", "show"], ["start"]]) assert.equal((await clanker.run(args)).code, 78, args.join(" "));
});

test("a config file that was named and does not exist is exit code 78", async () => {
  assert.equal((await clanker.run(["config", "validate", "--config", join(clanker.home, "nowhere.toml")])).code, 78);
});

test("set keeps comments, get answers value and source, unset takes the default back", async () => {
  writeFileSync(file(), "# mine\n[agents]\nmax_steps = 5 # few\n");
  assert.equal((await clanker.run(["config", "get", "agents.max_steps"])).stdout, "5\n");
  assert.match((await clanker.run(["config", "set", "agents.max_steps", "7"])).stdout, /written/);
  assert.equal(readFileSync(file(), "utf8"), "# mine\n[agents]\nmax_steps = 7 # few\n");
  const { document } = await clanker.json(["config", "get", "agents.max_steps"]);
  assert.deepEqual(document, { key: "agents.max_steps", value: 7, source: `${file()}:3` });
  assert.equal((await clanker.run(["config", "unset", "agents.max_steps"])).code, 0);
  assert.equal((await clanker.json(["config", "get", "agents.max_steps"])).document["source"], "default");
  assert.match((await clanker.run(["config", "get", "gateway.auth.password"])).stderr, /key_not_found/);
});

test("set KEY+ adds to a list, as the notice to a stranger says, and tells when there was nothing to add", async () => {
  writeFileSync(file(), '[channels.telegram]\ntoken = "1:a"\nallowed_users = [1] # me\n');
  const first = await clanker.run(["config", "set", "channels.telegram.allowed_users+", "123"]);
  assert.equal(first.stdout, "channels.telegram.allowed_users is written; in force after the next start\n", first.stderr);
  assert.deepEqual((await clanker.json(["config", "get", "channels.telegram.allowed_users"])).document["value"], ["1", "123"]);
  assert.match(readFileSync(file(), "utf8"), /# me/);
  assert.equal((await clanker.run(["config", "set", "channels.telegram.allowed_users+", "123"])).stdout, "channels.telegram.allowed_users stays as it is\n");
  const name = await clanker.run(["config", "set", "channels.telegram.allowed_users+", "@bob"]);
  assert.equal(name.code, 78);
  assert.match(name.stderr, /numeric Telegram id/);
  assert.equal((await clanker.run(["config", "set", "agents.max_steps+", "1"])).code, 78);
});

test("set of an unknown key or a bad value changes nothing and names what is possible", async () => {
  writeFileSync(file(), "");
  const unknown = await clanker.run(["config", "set", "agents.max_stepz", "7"]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /config_bad_path[^]*max_steps/);
  assert.equal((await clanker.run(["config", "set", "agents.max_steps", "many"])).code, 78);
  assert.equal(readFileSync(file(), "utf8"), "");
});

test("a name with other characters is quoted, as in the messages about it", async () => {
  writeFileSync(file(), "");
  assert.equal((await clanker.run(["config", "set", 'usage.pricing."mine:a"', '{"input": 1, "output": 2}'])).code, 0);
  assert.equal((await clanker.run(["config", "set", 'usage.pricing."mine:a".output', "3"])).code, 0);
  assert.equal((await clanker.json(["config", "get", 'usage.pricing."mine:a".output'])).document["value"], 3);
  const wrong = await clanker.run(["config", "set", "usage.pricing.mine:a.output", "3"]);
  assert.match(wrong.stderr, /config_bad_path/);
  writeFileSync(file(), "");
});

test("show and get never print a secret", async () => {
  writeFileSync(file(), '[providers.openai]\napi_key = "canary-value-1234567890"\n');
  for (const args of [
    ["config", "show"],
    ["config", "show", "--json"],
    ["config", "get", "providers.openai.api_key"],
    ["config", "get", "providers"],
  ]) {
    const { stdout, stderr, code } = await clanker.run(args);
    assert.equal(code, 0);
    assert.ok(!`${stdout}${stderr}`.includes("canary-value"), args.join(" "));
    assert.match(stdout, /\[secret providers\.openai\.api_key\]/);
  }
});

test("path and schema say where the config is and what may be in it", async () => {
  assert.equal((await clanker.run(["config", "path"])).stdout, `${file()}\n`);
  const { document } = await clanker.json(["config", "schema"]);
  assert.ok("gateway" in (document["properties"] as object));
});

test("edit puts only a valid text in place and keeps a rejected one beside it", async () => {
  const editor = (text: string) => {
    const script = join(clanker.home, "editor.sh");
    writeFileSync(script, `#!/bin/sh\nprintf '%s' '${text}' > "$1"\n`);
    chmodSync(script, 0o700);
    return { env: { EDITOR: script } };
  };
  writeFileSync(file(), "[agents]\nmax_steps = 5\n");
  assert.equal((await clanker.run(["config", "edit"], editor("[agents]\nmax_steps = 0.5\n"))).code, 78);
  assert.equal(readFileSync(file(), "utf8"), "[agents]\nmax_steps = 5\n");
  assert.match(readFileSync(join(clanker.home, "config.rejected.toml"), "utf8"), /0\.5/);
  assert.equal((await clanker.run(["config", "edit"], editor("[agents]\nmax_steps = 9\n"))).code, 0);
  assert.equal(readFileSync(file(), "utf8"), "[agents]\nmax_steps = 9\n");
  assert.ok(!existsSync(join(clanker.home, "config.rejected.toml")));
  assert.equal((await clanker.run(["config", "edit"])).code, 2);
});

test("secrets come from stdin, are listed by name only and can be used and removed", async () => {
  assert.equal((await clanker.run(["secrets", "set", "openai_key"], { input: "canary-value-1234567890\n" })).code, 0);
  assert.equal((await clanker.run(["secrets", "set", "empty"], { input: "\n" })).code, 2);
  assert.deepEqual((await clanker.json(["secrets", "list"])).document, { secrets: ["openai_key"], places: { openai_key: "file" } });
  writeFileSync(file(), '[providers.openai]\napi_key = "secret:openai_key"\n');
  assert.equal((await clanker.run(["config", "validate"])).code, 0);
  assert.equal((await clanker.run(["secrets", "remove", "openai_key"])).code, 0);
  assert.match((await clanker.run(["config", "validate"])).stderr, /no secret openai_key[^]*clanker secrets set openai_key/);
  const gone = await clanker.run(["secrets", "remove", "openai_key"]);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /secret_not_found/);
  const kept = readFileSync(join(clanker.home, "data", "secrets.json"), "utf8");
  assert.ok(!kept.includes("canary"));
});

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import { parse } from "smol-toml";
import { changeKey, createConfigEditor, parseConfigValue, type RunningConfigEditor } from "../../src/config/index.ts";
import { editText } from "../../src/config/edit-text.ts";
import { scratchHome, type ScratchHome } from "./scratch-home.ts";

async function editorOf(home: ScratchHome, env: Record<string, string> = {}): Promise<RunningConfigEditor> {
  const load = { ...home.options, env: { ...home.options.env, ...env } };
  return createConfigEditor({ loaded: await home.load(env), load });
}

const COMMENTED = `# My config.

[gateway] # the door
port = 1 # was 2
# hosts = ["a"]

# Who answers.
[agents]
model = "offline:demo"

[channels.telegram] # my bot
token = "\${TOKEN:-123:abc}"
allowed_users = [
  1, # me
  2, # you
]
`;

test("a change keeps every comment and touches nothing else", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  await editor.set("gateway.port", 5);
  assert.equal(home.read("config.toml"), COMMENTED.replace("port = 1 #", "port = 5 #"));
  await editor.set("agents.max_steps", 7);
  await editor.set("channels.telegram.accounts.work.token", "9:x");
  const text = home.read("config.toml");
  for (const comment of COMMENTED.match(/# .*$/gm) ?? []) assert.ok(text.includes(comment), comment);
  const { config } = await home.load();
  assert.deepEqual([config.gateway.port, config.agents.max_steps, config.channels.telegram?.accounts["work"]?.token?.reveal()], [5, 7, "9:x"]);
  assert.equal(config.channels.telegram?.token?.reveal(), "123:abc", "the reference is still one");
  assert.equal(statSync(`${home.folder}/config.toml`).mode & 0o777, 0o600);
});

test("editing twice, setting and unsetting, ends with the values that were there", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  const before = parse(home.read("config.toml"));
  await editor.set("gateway.auth.mode", "none");
  await editor.set("gateway.auth.mode", "token");
  await editor.set("sessions.scope", "global");
  await editor.unset("gateway.auth.mode");
  await editor.unset("sessions.scope");
  assert.deepEqual(parse(home.read("config.toml")), before);
  assert.match(home.read("config.toml"), /# the door/);
});

test("the first change makes the config file", async () => {
  using home = scratchHome();
  const editor = await editorOf(home);
  const change = await editor.set("gateway.port", 4);
  assert.deepEqual(change.restart_required, ["gateway.port"]);
  assert.equal((await home.load()).config.gateway.port, 4);
  assert.equal((await home.load()).digest, change.digest);
  await editor.patch({ channels: { telegram: { token: "1:a", accounts: { work: { token: "2:b" } } } }, providers: { "my.name": null } });
  assert.deepEqual((await home.load()).config.channels.telegram?.accounts["work"]?.token?.reveal(), "2:b");
});

test("a list is added to where it stands, keeps its comments, and takes nothing twice", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home, { CLANKER__GATEWAY__HOSTS: "a.example" });
  const users = async () => (await home.load()).config.channels.telegram?.allowed_users;
  await editor.append("channels.telegram.allowed_users", ["3"]);
  assert.deepEqual(await users(), ["1", "2", "3"]);
  assert.match(home.read("config.toml"), /1, # me\n\s*2, # you/);
  const text = home.read("config.toml");
  assert.deepEqual((await editor.append("channels.telegram.allowed_users", ["1", "3"])).restart_required, []);
  assert.equal(home.read("config.toml"), text);
  await changeKey(editor, "channels.telegram.allowed_users+", { value: [4, 5] });
  await changeKey(editor, "channels.telegram.owner_ids+", { value: "9" });
  assert.deepEqual(await users(), ["1", "2", "3", "4", "5"]);
  assert.deepEqual((await home.load()).config.channels.telegram?.owner_ids, ["9"]);
  await assert.rejects(editor.append("gateway.port", [1]), { code: "config_bad_value" });
  await assert.rejects(editor.append("channels.telegram.allowed_users", ["Bob"]), { code: "config_invalid" });
  await assert.rejects(editor.append("gateway.hosts", ["b.example"]), { code: "config_elsewhere" });
  await changeKey(editor, "channels.telegram.owner_ids", { value: null });
  assert.deepEqual((await home.load()).config.channels.telegram?.owner_ids, []);
});

test("sec-24: a change that would make the config invalid is refused as a whole and writes nothing", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  await assert.rejects(editor.set("gateway.port", "many"), { code: "config_invalid" });
  await assert.rejects(editor.patch({ gateway: { port: 9, auth: { mode: "none" }, bind_address: "0.0.0.0" } }), { code: "config_invalid" });
  await assert.rejects(editor.set("gateway.auth.token", " "), { code: "config_invalid" });
  await assert.rejects(editor.set("gateway.prot", 1), { code: "config_bad_path", hint: "did you mean gateway.port?" });
  await assert.rejects(editor.set("gateway..port", 1), { code: "config_bad_path" });
  await assert.rejects(editor.set("", {}), { code: "config_bad_path" });
  await assert.rejects(editor.set("gateway.port", null), { code: "config_bad_value" });
  await assert.rejects(editor.validate({ gateway: { port: -1 } }), { code: "config_invalid" });
  await editor.validate({ gateway: { port: 77 } });
  assert.equal(home.read("config.toml"), COMMENTED);
  assert.deepEqual(readdirSync(home.folder), ["config.toml"]);
});

test("a refused change tells its key without lines of a text that nobody sees, and that nothing was changed", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const refused = (await (await editorOf(home)).set("gateway.port", "many").catch((error: unknown) => error)) as { message: string; hint: string };
  assert.match(refused.message, /^gateway\.port: expected a number/);
  assert.match(refused.hint, /^nothing was changed/);
});

test("a file that was wrong before is told with its line", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  home.write("config.toml", `${COMMENTED}\n[sessions]\nscope = "nobody"\n`);
  const refused = (await editor.set("gateway.port", 77).catch((error: unknown) => error)) as { message: string };
  assert.match(refused.message, /config\.toml:\d+: sessions\.scope/);
});

test("sec-20: names that reach a prototype are refused in paths, values and patches", async () => {
  using home = scratchHome();
  const editor = await editorOf(home);
  const evil = JSON.parse('{"__proto__": {"polluted": true}}') as Record<string, unknown>;
  await assert.rejects(editor.patch(evil), { code: "config_bad_path" });
  await assert.rejects(editor.patch({ providers: evil }), { code: "config_bad_path" });
  await assert.rejects(editor.patch(JSON.parse('{"constructor": {"prototype": {"polluted": true}}}') as Record<string, unknown>), { code: "config_bad_path" });
  await assert.rejects(editor.set("providers.a", JSON.parse('{"headers": {"prototype": {}}}')), { code: "config_bad_path" });
  await assert.rejects(editor.set("providers.__proto__.api_key", "x"), { code: "config_bad_path" });
  await assert.rejects(editor.set('providers."constructor".api_key', "x"), { code: "config_bad_path" });
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  assert.deepEqual(readdirSync(home.folder), []);
});

test("a change made from an old digest is refused", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  const { digest } = await editor.get();
  const change = await editor.set("gateway.port", 3, { expectedDigest: digest });
  await assert.rejects(editor.set("gateway.port", 4, { expectedDigest: digest }), { code: "config_changed" });
  await editor.set("gateway.port", 4, { expectedDigest: change.digest });
  home.write("config.toml", `${home.read("config.toml")}# by hand\n`);
  await assert.rejects(editor.unset("gateway.port", { expectedDigest: change.digest }), { code: "config_changed" });
});

test("changes that are asked for at once are made one after the other", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  await Promise.all([editor.set("gateway.port", 3), editor.set("agents.max_steps", 4), editor.set("logging.level", "warn")]);
  const { config } = await home.load();
  assert.deepEqual([config.gateway.port, config.agents.max_steps, config.logging.level], [3, 4, "warn"]);
});

test("a key that the environment or an included file sets is not changed, and the answer names where it is set", async () => {
  using home = scratchHome({ "config.toml": 'include = ["more.toml"]\n[gateway]\nport = 1\n', "more.toml": "[logging]\nlevel = 'warn'\n" });
  const editor = await editorOf(home, { CLANKER__GATEWAY__PORT: "5", CLANKER__PROVIDERS__X: '{"api_key": "k"}' });
  await assert.rejects(editor.set("gateway.port", 2), { code: "config_elsewhere", message: /environment variable CLANKER__GATEWAY__PORT/ });
  await assert.rejects(editor.patch({ gateway: { port: 2 } }), { code: "config_elsewhere" });
  await assert.rejects(editor.set("gateway", { port: 2 }), { code: "config_elsewhere" });
  await assert.rejects(editor.set("providers.x.base_url", "http://127.0.0.1/"), { code: "config_elsewhere" });
  await assert.rejects(editor.set("logging.level", "info"), { code: "config_elsewhere", message: /more\.toml:2/ });
  await assert.rejects(editor.unset("logging.level"), { code: "config_elsewhere" });
  await editor.set("logging.format", "json");
  assert.match(home.read("config.toml"), /^include = \["more.toml"\]$/m);
});

test("a change is applied only where a listener has applied it, else it needs a restart", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  const seen: (readonly string[])[] = [];
  editor.onChange("logging", (config, paths) => void seen.push([config.logging.level, ...paths]));
  const stop = editor.onChange("sessions.scope", () => {
    throw new Error("no");
  });
  const change = await editor.patch({ logging: { level: "debug" }, sessions: { scope: "global" }, gateway: { port: 2 } });
  assert.deepEqual([change.applied, change.restart_required], [["logging.level"], ["gateway.port", "sessions.scope"]]);
  assert.deepEqual(seen, [["debug", "logging.level"]]);
  const back = await editor.set("gateway.port", 1);
  assert.deepEqual([back.applied, back.restart_required], [["gateway.port"], []], "it is what runs");
  stop();
  assert.deepEqual((await editor.set("sessions.scope", "per_channel")).restart_required, ["sessions.scope"]);
  assert.deepEqual((await editor.set("sessions.scope", "per_channel")).restart_required, [], "nothing has changed");
});

test("reload takes what was written by hand and refuses what is invalid", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  editor.onChange("agents", () => {});
  home.write("config.toml", COMMENTED.replace("port = 1", "port = 8").replace("offline:demo", "offline:other"));
  const change = await editor.reload();
  assert.deepEqual([change.applied, change.restart_required], [["agents.model"], ["gateway.port"]]);
  home.write("config.toml", "nonsense = 1");
  await assert.rejects(editor.reload(), { code: "config_invalid" });
  assert.equal((await editor.get("gateway.port")).value, 8);
});

test("a config that was broken by hand can be mended with a change", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const editor = await editorOf(home);
  home.write("config.toml", COMMENTED.replace("port = 1", 'port = "x"'));
  await editor.set("gateway.port", 6);
  assert.equal((await home.load()).config.gateway.port, 6);
});

test("get shows values with where they come from, and secrets and variables as they are written", async () => {
  const canary = "canary-77";
  using home = scratchHome({
    "config.toml": `[channels.telegram]\ntoken = "${canary}"\nwebhook_url = "https://x.example/\${SECRET}"\n[agents]\nsystem_prompt = "file:p.md"\n[gateway]\nport = "\${PORT}"\n`,
    "p.md": canary,
  });
  const editor = await editorOf(home, { SECRET: canary, PORT: "12", CLANKER__LOGGING__LEVEL: "warn" });
  assert.deepEqual(await editor.get("gateway.port").then(({ value, source }) => [value, source]), [12, `${home.folder}/config.toml:7`]);
  assert.equal((await editor.get("logging.level")).source, "environment variable CLANKER__LOGGING__LEVEL");
  assert.deepEqual(await editor.get("agents.max_steps").then(({ value, source }) => [value, source]), [25, "default"]);
  assert.equal((await editor.get("channels.telegram.token")).value, "[secret channels.telegram.token]");
  assert.equal((await editor.get("agents.system_prompt")).value, "file:p.md");
  assert.equal((await editor.get("storage.url")).value, null);
  assert.doesNotMatch(JSON.stringify(await editor.get()), new RegExp(canary));
  await assert.rejects(editor.get("gateway.prot"), { code: "config_bad_path" });
});

test("a secret can be set as a reference, and the reference is what is written", async () => {
  using home = scratchHome({ "key.txt": "k" });
  const editor = await editorOf(home, { KEY: "k" });
  await editor.set("providers.openai.api_key", "${KEY}");
  await editor.set("providers.other.api_key", "file:key.txt");
  assert.match(home.read("config.toml"), /api_key = "\$\{KEY\}"/);
  await assert.rejects(editor.set("providers.openai.api_key", "[secret providers.openai.api_key]"), { code: "config_invalid" });
  await assert.rejects(editor.patch({ include: ["key.txt"] }), { code: "config_bad_path" });
  await assert.rejects(editor.set("providers.openai.api_key", "secret:none"), { code: "config_invalid" });
});

test("JSON is rewritten; JSON5 with comments is not touched", async () => {
  using json = scratchHome({ "config.json": '{"gateway": {"port": 1}}' });
  await (await editorOf(json)).set("gateway.port", 2);
  assert.deepEqual(JSON.parse(json.read("config.json")), { gateway: { port: 2 } });
  using json5 = scratchHome({ "config.json5": "{ gateway: { port: 1 } } // mine" });
  await assert.rejects((await editorOf(json5)).set("gateway.port", 2), { code: "config_has_comments" });
  assert.equal(json5.read("config.json5"), "{ gateway: { port: 1 } } // mine");
});

test("a failed write leaves the old config in force", async () => {
  using home = scratchHome({ "config.toml": COMMENTED });
  const write = () => Promise.reject(new Error("disk full"));
  const editor = createConfigEditor({ loaded: await home.load(), load: home.options, write });
  await assert.rejects(editor.set("gateway.port", 2), { message: "disk full" });
  assert.equal((await editor.get("gateway.port")).value, 1);
});

test("texts of the command line become what their key holds", () => {
  assert.equal(parseConfigValue("gateway.port", "80"), 80);
  assert.equal(parseConfigValue("gateway.port", "eighty"), "eighty");
  assert.equal(parseConfigValue("metrics.public", "true"), true);
  assert.equal(parseConfigValue("agents.system_prompt", "80"), "80");
  assert.deepEqual(parseConfigValue("gateway.hosts", "a.example,b.example"), ["a.example", "b.example"]);
  assert.deepEqual(parseConfigValue("channels.telegram.allowed_users", "[1, 2]"), [1, 2]);
  assert.deepEqual(parseConfigValue("providers.x", '{"api_key": "k"}'), { api_key: "k" });
  assert.equal(parseConfigValue("no.such", "1"), "1");
});

test("whatever is set in TOML reads back exactly, and a comment survives", async () => {
  const key = fc.string({ minLength: 1, maxLength: 8 }).filter((name) => !["__proto__", "constructor", "prototype"].includes(name) && name.isWellFormed());
  const text = fc.string({ unit: "grapheme" }).filter((value) => value.isWellFormed());
  const value = fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 3 }));
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true }),
      fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true }),
      async (first, second) => {
        const once = await editText("# kept\n\n[base]\na = 1 # kept too\n", { base: { a: 1 }, first }, "x.toml");
        const twice = await editText(once, { base: { a: 2 }, first, second }, "x.toml");
        assert.match(twice, /# kept\n/);
        assert.match(twice, /# kept too/);
      },
    ),
    { numRuns: 40 },
  );
});

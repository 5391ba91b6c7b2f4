import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { inspect } from "node:util";
import { join } from "node:path";
import { test } from "node:test";
import { formatConfigProblems, formatSource } from "../../src/config/index.ts";
import { scratchHome } from "./scratch-home.ts";

const keys = (problems: readonly { key: string }[]) => problems.map(({ key }) => key);

test("no config file at all gives the defaults", async () => {
  using home = scratchHome();
  const { config, provenance } = await home.load();
  assert.equal(config.gateway.port, 18_789);
  assert.equal(config.agents.model, "offline:demo");
  assert.equal(config.channels.web.enabled, true);
  assert.equal(config.channels.telegram, undefined);
  assert.equal(provenance.size, 0);
});

test("a config file that was named and is not there is an error, not an empty config", async () => {
  using home = scratchHome();
  await assert.rejects(home.load({}, { path: join(home.folder, "nope.toml") }), { code: "config_not_found" });
  await assert.rejects(home.load({ CLANKER_CONFIG: join(home.folder, "nope.toml") }), { code: "config_not_found" });
});

test("two config files in different formats are refused", async () => {
  using home = scratchHome({ "config.toml": "", "config.json": "{}" });
  await assert.rejects(home.load(), { code: "config_ambiguous" });
});

test("sec-24: every unknown key, wrong type and bad value is listed with its line, what was expected and the nearest name", async () => {
  using home = scratchHome({
    "config.toml": [
      'include = ["more.toml"]',
      "[gateway]",
      'bind_adress = "0.0.0.0"',
      'port = "abc"',
      "",
      "[gateway.auth]",
      'mode = "pasword"',
      "[sandboxx]",
      "x = 1",
    ].join("\n"),
    "more.toml": "[logging]\n\nlevel = 5\n",
  });
  const problems = await home.problems();
  assert.deepEqual(
    problems.map(({ key, source }) => `${key} ${formatSource(source).slice(home.folder.length + 1)}`),
    [
      "gateway.bind_adress config.toml:3",
      "gateway.port config.toml:4",
      "gateway.auth.mode config.toml:7",
      "sandboxx config.toml:8",
      "logging.level more.toml:3",
    ],
  );
  const text = formatConfigProblems(problems);
  assert.match(text, /config\.toml:3: gateway\.bind_adress: unknown key; did you mean bind_address\?/);
  assert.match(text, /gateway\.port: expected a number, found "abc"/);
  assert.match(text, /gateway\.auth\.mode: expected one of "token", "password", "none", found "pasword"; did you mean "password"\?/);
});

test("sec-24: a config that would open the door is refused", async () => {
  for (const [text, key] of [
    ['[gateway]\nbind_address = "0.0.0.0"\n[gateway.auth]\nmode = "none"', "gateway.auth.mode"],
    ['[gateway]\nbind_address = "lan"\n[gateway.auth]\nmode = "none"', "gateway.auth.mode"],
    ['[gateway.auth]\nmode = "password"', "gateway.auth.password"],
    ['[gateway.auth]\ntoken = "  "', "gateway.auth.token"],
    ['[gateway.auth]\ntoken = "${EMPTY}"', "gateway.auth.token"],
    ['[channels.telegram]\ntoken = "t"\ndm_policy = "open"', "channels.telegram"],
    ['[channels.telegram]\ntoken = "t"\nallowed_users = ["*"]', "channels.telegram"],
    ['[channels.telegram]\ntoken = "t"\nowner_ids = ["*"]', "channels.telegram.owner_ids[0]"],
    ["gateway = []", "gateway"],
    ["[[gateway]]\nport = 1", "gateway"],
    ['[storage]\nbackend = "postgres"', "storage.url"],
    ['[channels.telegram]\ntoken = "t"\nagent = "nobody"', "channels.telegram.agent"],
  ] as const) {
    using home = scratchHome({ "config.toml": text });
    assert.deepEqual(keys(await home.problems({ EMPTY: "" })), [key], text);
  }
});

test("sec-30: a name instead of an id is refused", async () => {
  using home = scratchHome({ "config.toml": '[channels.telegram]\ntoken = "t"\nallowed_users = ["@bob", 7]' });
  assert.deepEqual(keys(await home.problems()), ["channels.telegram.allowed_users[0]"]);
});

test("a model of a provider that is not configured is refused at its line, with the providers there are", async () => {
  using home = scratchHome({
    "config.toml": '[agents]\nmodel = "mine:a"\nfallbacks = ["offline:demo", "nope:b"]\n[providers.mine]\nbase_url = "http://h/v1"\n',
  });
  const [problem, ...more] = await home.problems();
  assert.equal(more.length, 0);
  assert.match(`${problem?.key}: ${problem?.message}`, /^agents\.fallbacks.*: names the provider nope, .* use one of offline, mine$/);
});

test("an address word that there is not is refused with what may be written instead", async () => {
  using home = scratchHome({ "config.toml": '[gateway]\nbind_address = "everywhere"' });
  const [problem] = await home.problems();
  assert.equal(problem?.key, "gateway.bind_address");
  assert.match(problem.message, /^must be an IP address, loopback, lan, tailnet or auto/);
});

test("mode none is refused wherever others may connect, and no value is proposed that stands there already", async () => {
  for (const word of ["tailnet", "auto", "lan"]) {
    using home = scratchHome({ "config.toml": `[gateway]\nbind_address = "${word}"\n[gateway.auth]\nmode = "none"` });
    const [problem] = await home.problems();
    assert.equal(problem?.key, "gateway.auth.mode");
    assert.equal(problem.nearest, undefined);
  }
});

test("mode none is fine where only this machine can connect", async () => {
  for (const address of ["127.0.0.1", "127.8.9.1", "loopback", "::1"]) {
    using home = scratchHome({ "config.toml": `[gateway]\nbind_address = "${address}"\n[gateway.auth]\nmode = "none"` });
    assert.equal((await home.load()).config.gateway.auth.mode, "none");
  }
});

test("sec-20: keys that reach an object's prototype are refused in every format and in the environment", async () => {
  for (const [name, text] of [
    ["config.toml", "[gateway.__proto__]\nport = 1"],
    ["config.toml", "[providers.constructor]\napi_key = 'x'"],
    ["config.toml", "logging = { level = 'info', __proto__ = { x = 1 } }"],
    ["config.json5", "{ gateway: { __proto__: { port: 1 } } }"],
    ["config.json", '{"providers": {"prototype": {}}}'],
  ] as const) {
    using home = scratchHome({ [name]: text });
    assert.equal((await home.problems()).length, 1, text);
  }
  using home = scratchHome();
  assert.equal((await home.problems({ CLANKER__PROVIDERS____PROTO____X: "1" })).length, 1);
  assert.equal((await home.problems({ CLANKER__PROVIDERS: '{"__proto__": {"x": 1}}' })).length, 1);
  assert.equal(({} as Record<string, unknown>)["port"], undefined);
});

test("a syntax error is named with its line and never with the text of the line", async () => {
  for (const [name, text] of [
    ["config.toml", '[gateway.auth]\ntoken = "sk-very-secret\n'],
    ["config.json5", '{\n  gateway: { auth: { token: "sk-very-secret } }\n}'],
  ] as const) {
    using home = scratchHome({ [name]: text });
    const problems = await home.problems();
    assert.equal(problems[0]?.source.type === "file" && problems[0].source.line >= 2, true);
    assert.doesNotMatch(formatConfigProblems(problems), /sk-very/);
  }
});

test("problems never hold a secret's value nor what a variable held", async () => {
  const canary = "canary-5a1f";
  using home = scratchHome({
    "config.toml": `[channels.telegram]\ntokn = "${canary}"\ntoken = ["${canary}"]\nmode = "\${MODE}"\n[providers.a]\napi_key = { x = "${canary}" }\n[storage]\nurl = 5`,
  });
  const problems = await home.problems({ MODE: canary });
  assert.deepEqual(keys(problems), ["channels.telegram.tokn", "channels.telegram.token", "channels.telegram.mode", "providers.a.api_key", "storage.url"]);
  assert.doesNotMatch(JSON.stringify(problems), new RegExp(canary));
});

test("JSON5 is read with the same lines", async () => {
  using home = scratchHome({ "config.json5": "// mine\n{\n  gateway: {\n    'port': 1234, /* x */\n    hosts: ['a.example',\n      'b example'],\n  },\n}" });
  const [problem] = await home.problems();
  assert.equal(problem?.key, "gateway.hosts[1]");
  assert.equal(problem?.source.type === "file" && problem.source.line, 6);
});

test("every value's line is known, in tables, dotted keys, lists, inline tables and behind texts of many lines", async () => {
  using home = scratchHome({
    "config.toml": [
      "# a comment with [brackets] = and # more", // 1
      'agents.system_prompt = """', // 2
      "port = 1", // 3
      '[gateway]"""', // 4
      "gateway.port = 5", // 5
      "logging = { level = 'info', # x", // 6
      '  "format" = "json" }', // 7
      "[providers.'my-own'] # [x]", // 8
      "api_key = 'a\\'", // 9
      "models = [ # one", // 10
      '  "a", "b", # ] two', // 11
      '  "c",', // 12
      "]", // 13
      "[ providers . other ]", // 14
      'base_url = "http://127.0.0.1/"', // 15
    ].join("\n"),
  });
  const { provenance, config } = await home.load();
  const line = (key: string) => {
    const source = provenance.get(key);
    return source?.type === "file" ? source.line : undefined;
  };
  assert.deepEqual(
    [
      "agents.system_prompt",
      "gateway.port",
      "logging.format",
      "providers.my-own.api_key",
      "providers.my-own.models[1]",
      "providers.my-own.models[2]",
      "providers.other.base_url",
    ].map(line),
    [2, 5, 7, 9, 11, 12, 15],
  );
  assert.equal(config.agents.system_prompt, "port = 1\n[gateway]");
});

test("an included file is below the file that names it, and keeps its own lines", async () => {
  using home = scratchHome({
    "config.toml": 'include = ["conf/a.toml", "b.json5"]\n[gateway]\nport = 1\n',
    "conf/a.toml": 'include = ["sub/c.toml"]\n[gateway]\nport = 2\nmax_connections = 2\n',
    "conf/sub/c.toml": "[gateway]\nmax_connections = 9\n[logging]\nlevel = 'debug'\n",
    "b.json5": "{ gateway: { max_connections: 3 } }",
  });
  const { config, provenance } = await home.load();
  assert.deepEqual([config.gateway.port, config.gateway.max_connections, config.logging.level], [1, 3, "debug"]);
  assert.equal(formatSource(provenance.get("gateway.max_connections")!), `${home.folder}/b.json5:1`);
  assert.equal(formatSource(provenance.get("logging.level")!), `${home.folder}/conf/sub/c.toml:4`);
});

test("includes may not leave the config folder, also not through a symbolic link, by an absolute path or to a file that is missing", async () => {
  const outside = mkdtempSync(join(tmpdir(), "outside-"));
  try {
    writeFileSync(join(outside, "evil.toml"), "[gateway]\nport = 1\n");
    using home = scratchHome();
    symlinkSync(join(outside, "evil.toml"), join(home.folder, "link.toml"));
    symlinkSync(outside, join(home.folder, "folder"));
    for (const name of [
      "link.toml",
      "folder/evil.toml",
      `../${outside.split("/").at(-1)}/evil.toml`,
      join(outside, "evil.toml"),
      "../../../../../../etc/passwd",
      "../nothing.toml",
      "nothing.toml",
    ]) {
      home.write("config.toml", `\ninclude = ["${name}"]`);
      const [problem] = await home.problems();
      assert.match(problem?.message ?? "", name === "nothing.toml" ? /cannot be read/ : /leaves the config folder|must be relative/, name);
      assert.equal(problem?.source.type === "file" && problem.source.line, 2);
    }
  } finally {
    rmSync(outside, { recursive: true });
  }
});

test("includes in a circle and more than ten deep are refused, ten are not", async () => {
  using circle = scratchHome({ "config.toml": 'include = ["a.toml"]', "a.toml": 'include = ["config.toml"]' });
  assert.match((await circle.problems())[0]?.message ?? "", /includes itself/);
  using deep = scratchHome({ "config.toml": 'include = ["1.toml"]' });
  for (let level = 1; level <= 10; level++) deep.write(`${level}.toml`, level === 10 ? "[gateway]\nport = 7" : `include = ["${level + 1}.toml"]`);
  assert.equal((await deep.load()).config.gateway.port, 7);
  deep.write("10.toml", 'include = ["11.toml"]');
  deep.write("11.toml", "");
  assert.match((await deep.problems())[0]?.message ?? "", /more than 10 includes deep/);
});

test("a variable that is really set wins over .env, and .env over a default in the text", async () => {
  using home = scratchHome({ "config.toml": '[gateway]\nport = "${PORT:-1}"\nhosts = ["${HOST_A}"]\n', ".env": "PORT=2\nHOST_A=file.example\n" });
  assert.equal((await home.load()).config.gateway.port, 2);
  const { config } = await home.load({ PORT: "3", HOST_A: "real.example" });
  assert.deepEqual([config.gateway.port, config.gateway.hosts], [3, ["real.example"]]);
});

test("CLANKER__ variables override single keys, typed by the schema, from the environment and from .env", async () => {
  using home = scratchHome({
    "config.toml": "[gateway]\nport = 1\n[providers.Mine]\nbase_url = 'http://127.0.0.1/'\n",
    ".env": "CLANKER__LOGGING__LEVEL=debug\nCLANKER__GATEWAY__PORT=5\n",
  });
  const { config, provenance } = await home.load({
    CLANKER__GATEWAY__PORT: "2",
    CLANKER__METRICS__PUBLIC: "true",
    CLANKER__GATEWAY__HOSTS: "a.example, b.example",
    CLANKER__AGENTS__FALLBACKS: '["offline:demo"]',
    CLANKER__AGENTS__SYSTEM_PROMPT: "${NOT_TOUCHED}",
    CLANKER__PROVIDERS__MINE__API_KEY: "k",
    CLANKER__GATEWAY__AUTH__TOKEN: "tok",
  });
  assert.equal(config.gateway.port, 2);
  assert.equal(config.metrics.public, true);
  assert.deepEqual(config.gateway.hosts, ["a.example", "b.example"]);
  assert.deepEqual(config.agents.fallbacks, ["offline:demo"]);
  assert.equal(config.agents.system_prompt, "${NOT_TOUCHED}");
  assert.equal(config.providers["Mine"]?.api_key?.reveal(), "k");
  assert.equal(config.gateway.auth.token?.reveal(), "tok");
  assert.equal(config.logging.level, "debug");
  assert.deepEqual(provenance.get("gateway.port"), { type: "env", name: "CLANKER__GATEWAY__PORT" });
});

test("a wrong CLANKER__ variable is named", async () => {
  using home = scratchHome();
  const problems = await home.problems({ CLANKER__GATEWAY__PROT: "1", CLANKER__GATEWAY__MAX_CONNECTIONS: "many" });
  assert.match(formatConfigProblems(problems), /CLANKER__GATEWAY__PROT: gateway\.prot: unknown key; did you mean gateway\.port\?/);
  assert.match(formatConfigProblems(problems), /CLANKER__GATEWAY__MAX_CONNECTIONS: gateway\.max_connections: expected a number/);
});

test("secrets come as handles from literals, variables, files and the store, and print as their name", async () => {
  using home = scratchHome({
    "config.toml": [
      '[providers.a]\napi_key = "literal-value"',
      '[providers.b]\napi_key = "${KEY_B}"',
      '[providers.c]\napi_key = "file:keys/c.txt"',
      '[providers.d]\napi_key = "secret:openai"',
    ].join("\n"),
    "keys/c.txt": "from-file\n",
  });
  const secrets = { get: async (name: string) => (name === "openai" ? { reveal: () => "from-store" } : undefined) };
  const loaded = await home.load({ KEY_B: "from-env" }, { openSecrets: () => secrets as never });
  assert.deepEqual(
    Object.values(loaded.config.providers).map((provider) => provider.api_key?.reveal()),
    ["literal-value", "from-env", "from-file", "from-store"],
  );
  assert.equal(loaded.secretsUsed.length, 4);
  assert.equal(String(loaded.config.providers["a"]?.api_key), "[secret providers.a.api_key]");
  assert.doesNotMatch(JSON.stringify(loaded.config) + inspect(loaded.config, { depth: 9 }), /literal-value|from-(env|file|store)/);
});

test("a secret that cannot be had is a problem that says what to do", async () => {
  using home = scratchHome({
    "config.toml":
      '[providers.a]\napi_key = "secret:nope"\n[providers.b]\napi_key = "file:nope"\n[providers.c]\napi_key = "${NOPE}"\n[channels.telegram]\ntoken = "${NOPE}"',
  });
  const problems = await home.problems({}, { openSecrets: () => ({ get: async () => undefined }) as never });
  assert.deepEqual(keys(problems), ["providers.a.api_key", "providers.b.api_key", "providers.c.api_key", "channels.telegram.token"]);
  assert.match(problems[0]?.hint ?? "", /clanker secrets set nope/);
});

test("the system prompt may stand in a file beside the config", async () => {
  using home = scratchHome({ "config.toml": '[agents]\nsystem_prompt = "file:prompts/p.md"', "prompts/p.md": "Be ${BRIEF}.\n" });
  assert.equal((await home.load()).config.agents.system_prompt, "Be ${BRIEF}.\n");
});

test("the digest changes with every byte of the config and its includes", async () => {
  using home = scratchHome({ "config.toml": 'include = ["a.toml"]', "a.toml": "" });
  const digests = [(await home.load()).digest];
  home.write("a.toml", "#");
  digests.push((await home.load()).digest);
  home.write("config.toml", 'include = ["a.toml"] ');
  digests.push((await home.load()).digest);
  assert.equal(new Set(digests).size, 3);
  assert.equal((await home.load()).digest, digests[2]);
});

test("an unreadable config file is an error, not an empty config", async () => {
  using home = scratchHome({ "config.toml/x": "" });
  await assert.rejects(home.load(), { name: "ConfigError", code: "config_unreadable" });
});

test("sec-25: a hook's secret is not the gateway's either, nor another hook's", async () => {
  const text =
    '[gateway.auth]\ntoken = "same"\n[hooks]\ntoken = "same"\n[hooks.in.ci]\nsecret = "other"\n[hooks.in.git]\nsecret = "other"\nsignature = "github"\n';
  using home = scratchHome({ "config.toml": text });
  const problems = await home.problems();
  assert.deepEqual(
    problems.map(({ key }) => key),
    ["hooks.token", "hooks.in.git.secret"],
  );
});

test("sec-25: a secret that a platform knows too is refused as the gateway's own, at any account and for the password", async () => {
  const shared = "one-secret-for-everything-0123";
  const telegram = (lines: string) => `[channels.telegram]\ntoken = "1:a"\n${lines}`;
  for (const text of [
    `[gateway.auth]\ntoken = "${shared}"\n${telegram(`mode = "webhook"\nwebhook_url = "https://a.b/c"\nwebhook_secret = "${shared}"\n`)}`,
    `[gateway.auth]\nmode = "password"\npassword = "${shared}"\n${telegram(`[channels.telegram.accounts.two]\ntoken = "${shared}"\n`)}`,
  ]) {
    using home = scratchHome({ "config.toml": text });
    const problems = await home.problems();
    assert.deepEqual(
      problems.map(({ message }) => /same as the gateway's own/.test(message)),
      [true],
    );
    assert.ok(!formatConfigProblems(problems).includes(shared));
  }
});

test("sec-108: two accounts on one token or one webhook secret are a config error, and so is one value for both", async () => {
  const webhook = (secret: string) => `mode = "webhook"\nwebhook_url = "https://a.b/c"\nwebhook_secret = "${secret}"\n`;
  const two = (first: string, second: string) => `[channels.telegram]\n${first}[channels.telegram.accounts.two]\n${second}`;
  for (const [text, key] of [
    [two('token = "1:same"\n', 'token = "1:same"\n'), "channels.telegram.accounts.two.token"],
    [two(`token = "1:a"\n${webhook("same")}`, `token = "1:b"\n${webhook("same")}`), "channels.telegram.accounts.two.webhook_secret"],
    [two(`token = "same"\n${webhook("same")}`, 'token = "1:b"\n'), "channels.telegram.webhook_secret"],
  ] as const) {
    using home = scratchHome({ "config.toml": text });
    const problems = await home.problems();
    assert.deepEqual(keys(problems), [key]);
    assert.match(problems[0]!.message, /is the same as channels\.telegram\.(token|webhook_secret)/);
  }
  using home = scratchHome({ "config.toml": two(`token = "1:a"\n${webhook("one")}`, `token = "1:b"\n${webhook("two")}`) });
  await home.load();
});

test("sec-24: TLS settings that would leave a door open are refused", async () => {
  for (const [text, key] of [
    ['client_ca = "ca.pem"', "gateway.tls.client_ca"],
    ["enabled = true\nauto = false", "gateway.tls.cert"],
    ['enabled = true\ncert = "a.pem"', "gateway.tls.key"],
    ['enabled = true\nkey = "a.pem"', "gateway.tls.cert"],
  ]) {
    using home = scratchHome({ "config.toml": `[gateway.tls]\n${text}\n` });
    assert.deepEqual(
      (await home.problems()).map((problem) => problem.key),
      [key],
    );
  }
});

test("a secret's file that others may read is used, and the owner is told; one that is the owner's alone is not mentioned", async () => {
  using home = scratchHome({ "config.toml": '[providers.a]\napi_key = "file:open.txt"\n[providers.b]\napi_key = "file:own.txt"' });
  chmodSync(home.write("open.txt", "from-open\n"), 0o644);
  chmodSync(home.write("own.txt", "from-own\n"), 0o600);
  const { config, warnings } = await home.load();
  assert.equal(config.providers["a"]?.api_key?.reveal(), "from-open");
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /open\.txt, the secret of providers\.a\.api_key, can be read by others/);
  assert.doesNotMatch(warnings[0]!, /from-open/);
});

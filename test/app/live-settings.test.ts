import assert from "node:assert/strict";
import { test } from "node:test";
import { applyChanges, createLiveSettings, type ApplyTo } from "../../src/app/live-settings.ts";
import { createConfigEditor, type RunningConfigEditor } from "../../src/config/index.ts";
import { knownKeys } from "../../src/config/known-keys.ts";
import { rootSchema } from "../../src/config/schema.ts";
import { scratchHome, type ScratchHome } from "../config/scratch-home.ts";

const CONFIG = `[agents.list.name]
model = "offline:demo"
[channels.telegram]
token = "1:a"
[channels.telegram.accounts.NAME]
token = "2:b"
`;

async function open(home: ScratchHome, more: Partial<ApplyTo> = {}): Promise<{ editor: RunningConfigEditor; live: ReturnType<typeof createLiveSettings> }> {
  const loaded = await home.load();
  const live = createLiveSettings(loaded.config);
  const editor = createConfigEditor({ loaded, load: home.options });
  applyChanges(editor, loaded.config, {
    live,
    requireModel: () => {},
    setRateLimit: () => {},
    setAuth: () => {},
    reopen: () => {},
    setLogLevel: () => {},
    ...more,
  });
  return { editor, live };
}

test("what the schema calls a matter of a restart is just what is not applied while the gateway runs", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const { config } = await home.load();
  const prefixes: string[] = [];
  const editor = { onChange: (prefix: string) => prefixes.push(prefix) };
  applyChanges(editor, config, {
    live: createLiveSettings(config),
    requireModel: () => {},
    setRateLimit: () => {},
    setAuth: () => {},
    reopen: () => {},
    setLogLevel: () => {},
  });
  const applied = (path: string) => prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}.`));
  const keys = knownKeys(rootSchema).filter((key) => !key.isTable);
  // What holds for the accounts of one channel holds for those of all.
  const running = (path: readonly string[]) =>
    path
      .join(".")
      .replace("agents.list.NAME", "agents.list.name")
      .replace(/^channels\.(?!web\.)\w+/, "channels.telegram");
  for (const { path, notes } of keys) assert.equal(applied(running(path)), notes.restart !== true, path.join("."));
});

test("who may speak, the model, the limits and the log level hold at once; a token holds after the next start", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const levels: string[] = [];
  const limits: number[] = [];
  const { editor, live } = await open(home, {
    setLogLevel: (level) => levels.push(level),
    setRateLimit: ({ gateway }) => limits.push(gateway.rate_limit.requests_per_minute),
  });
  const change = await editor.patch({
    agents: { model: "offline:other", list: { name: { thinking: "low" } } },
    sessions: { queue_mode: "interrupt" },
    logging: { level: "debug" },
    gateway: { rate_limit: { requests_per_minute: 7 } },
    channels: { telegram: { token: "1:z", owner_ids: [1], accounts: { NAME: { allowed_users: [5], groups: { allowed: [-1] } } } } },
  });
  assert.deepEqual(change.restart_required, ["channels.telegram.token"]);
  assert.equal(change.applied.length, 8);
  assert.equal(live.agent("main").models[0], "offline:other");
  assert.equal(live.agent("name").thinking, "low");
  assert.deepEqual([levels, limits], [["debug"], [7]]);
  const place = live.places("telegram", "NAME");
  assert.deepEqual([place?.policy.allowedUsers, place?.policy.groups.allowed, place?.queueMode], [["5"], ["-1"], "interrupt"]);
  assert.deepEqual(live.places("telegram", "default")?.policy.ownerIds, ["1"]);
});

test("a model whose provider is not there yet, and an account that did not run, need a restart", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const { editor, live } = await open(home, {
    requireModel: (id) => {
      if (!id.startsWith("offline:")) throw new Error("no provider");
    },
  });
  const change = await editor.patch({ agents: { model: "mine:x" }, providers: { mine: { base_url: "http://127.0.0.1:1/v1" } } });
  assert.deepEqual(change.applied, []);
  assert.ok(change.restart_required.includes("agents.model"));
  assert.equal(live.agent("main").models[0], "offline:demo");
  const added = await editor.patch({ channels: { telegram: { accounts: { second: { token: "3:c", allowed_users: [1] } } } } });
  assert.deepEqual(added.applied, []);
});

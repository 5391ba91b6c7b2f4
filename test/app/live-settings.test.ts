import assert from "node:assert/strict";
import { test } from "node:test";
import { applyChanges, createLiveSettings, type ApplyTo } from "../../src/app/live-settings.ts";
import { accountsOf } from "../../src/app/restart-channels.ts";
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

const NOTHING: Omit<ApplyTo, "live"> = {
  requireModel: () => {},
  setProviders: () => {},
  restartChannels: () => {},
  restartJobs: () => {},
  setWebTools: () => {},
  setRateLimit: () => {},
  setAuth: () => {},
  setLogLevel: () => {},
};

async function open(home: ScratchHome, more: Partial<ApplyTo> = {}): Promise<{ editor: RunningConfigEditor; live: ReturnType<typeof createLiveSettings> }> {
  const loaded = await home.load();
  const live = createLiveSettings(loaded.config);
  const editor = createConfigEditor({ loaded, load: home.options });
  applyChanges(editor, loaded.config, { ...NOTHING, live, ...more });
  return { editor, live };
}

test("what the schema calls a matter of a restart is just what is not applied while the gateway runs", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const { config } = await home.load();
  const prefixes: string[] = [];
  const editor = { onChange: (prefix: string) => prefixes.push(prefix) };
  applyChanges(editor, config, { ...NOTHING, live: createLiveSettings(config) });
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

test("who may speak, the model, the limits and the log level hold at once; an account with another token is started anew, alone", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const levels: string[] = [];
  const limits: number[] = [];
  const restarted: (readonly string[])[] = [];
  const { editor, live } = await open(home, {
    restartChannels: (_, paths) => void restarted.push(paths),
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
  assert.deepEqual(change.restart_required, []);
  assert.deepEqual(restarted, [["channels.telegram.token"]]);
  assert.equal(change.applied.length, 9);
  assert.equal(live.agent("main").models[0], "offline:other");
  assert.equal(live.agent("name").thinking, "low");
  assert.deepEqual([levels, limits], [["debug"], [7]]);
  const place = live.places("telegram", "NAME");
  assert.deepEqual([place?.policy.allowedUsers, place?.policy.groups.allowed, place?.queueMode], [["5"], ["-1"], "interrupt"]);
  assert.deepEqual(live.places("telegram", "default")?.policy.ownerIds, ["1"]);
});

test("a provider comes before the agent that names it; one that cannot be made leaves everything as it was", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const made = new Set(["offline"]);
  const { editor, live } = await open(home, {
    setProviders: ({ providers }) => {
      if ("broken" in providers) throw new Error("this wire cannot be loaded");
      for (const name of Object.keys(providers)) made.add(name);
    },
    requireModel: (id) => {
      if (!made.has(id.split(":")[0]!)) throw new Error("no provider");
    },
  });
  const change = await editor.patch({ agents: { model: "mine:x" }, providers: { mine: { base_url: "http://127.0.0.1:1/v1" } } });
  assert.deepEqual(change.restart_required, []);
  assert.equal(live.agent("main").models[0], "mine:x");
  const broken = await editor.patch({ agents: { model: "broken:x" }, providers: { broken: { base_url: "http://127.0.0.1:1/v1" } } });
  assert.ok(broken.restart_required.includes("agents.model"));
  assert.equal(live.agent("main").models[0], "mine:x");
});

test("an account that is added, changed, switched off or removed is named, and no other one", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const { config } = await home.load();
  const running = ["telegram:default", "telegram:NAME", "telegram:old"];
  const of = (...paths: string[]) => accountsOf(paths, config, running);
  assert.deepEqual(of("channels.telegram.token", "channels.telegram.streaming"), ["telegram:default"]);
  assert.deepEqual(of("channels.telegram.accounts.NAME.token"), ["telegram:NAME"]);
  assert.deepEqual(of("channels.telegram.accounts.gone.token"), ["telegram:gone"]);
  assert.deepEqual(of("channels.telegram").toSorted(), running.toSorted());
  assert.deepEqual(of("channels.discord.token"), ["discord:default"]);
});

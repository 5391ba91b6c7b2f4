import assert from "node:assert/strict";
import { test } from "node:test";
import { applyChanges, createLiveSettings } from "../../src/app/live-settings.ts";
import { bindingsOfAgent } from "../../src/app/settings.ts";
import { createConfigEditor } from "../../src/config/index.ts";
import { scratchHome } from "../config/scratch-home.ts";

const CONFIG = `[sessions]
reset = { mode = "daily", at = "05:30" }
[people.ada]
identities = ["telegram:42", "telegram:NAME:43", "discord:123456789012345678"]
[[agents.bindings]]
agent = "work"
channel = "telegram"
account = "NAME"
[[agents.bindings]]
agent = "work"
person = "ada"
[agents.list.work]
model = "offline:demo"
[agents.list.home]
[channels.telegram]
token = "1:a"
agent = "home"
[channels.telegram.accounts.NAME]
token = "2:b"
reset = { mode = "idle", minutes = 90 }
scope = "per_channel_peer"
`;

test("reset rules, people and bindings reach the places they are about", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const { config } = await home.load();
  const live = createLiveSettings(config, "Europe/Berlin");
  const [first, second, web] = [live.places("telegram", "default")!, live.places("telegram", "NAME")!, live.places("web", "x")!];
  const daily = { mode: "daily", minute: 330, timeZone: "Europe/Berlin" };
  assert.deepEqual([first.reset, second.reset, web.reset], [daily, { mode: "idle", minutes: 90 }, daily]);
  assert.deepEqual(
    [[...first.people!], [...second.people!]],
    [
      [["42", "ada"]],
      [
        ["42", "ada"],
        ["43", "ada"],
      ],
    ],
  );
  assert.deepEqual([first.scope, second.scope], ["per_peer", "per_channel_peer"]);
  assert.deepEqual(
    first.bindings?.map(({ agent, person }) => [agent, person]),
    [
      ["work", "ada"],
      ["home", undefined],
    ],
  );
  assert.equal(second.bindings?.length, 2);
  assert.deepEqual(bindingsOfAgent(config, "home"), [{ agent: "home", channel: "telegram", account: "default" }]);
});

const NOTHING = {
  requireModel: () => {},
  setProviders: () => {},
  restartChannels: () => {},
  restartJobs: () => {},
  setRateLimit: () => {},
  setAuth: () => {},
  setWebTools: () => {},
  setLogLevel: () => {},
};

test("all of it holds at once when it is changed", async () => {
  using home = scratchHome({ "config.toml": CONFIG });
  const loaded = await home.load();
  const live = createLiveSettings(loaded.config, "UTC");
  const editor = createConfigEditor({ loaded, load: home.options });
  applyChanges(editor, loaded.config, { live, ...NOTHING });
  const change = await editor.patch({
    people: { ada: { identities: ["telegram:44"] } },
    agents: { bindings: [{ agent: "home", group: -5 }] },
    sessions: { reset: { mode: "idle", minutes: 10 }, retention_days: 30 },
    channels: { telegram: { accounts: { NAME: { reset: { mode: "never" } } } } },
  });
  assert.deepEqual(change.restart_required, []);
  const place = live.places("telegram", "default")!;
  assert.deepEqual(
    [[...place.people!], place.reset, live.places("telegram", "NAME")?.reset],
    [[["44", "ada"]], { mode: "idle", minutes: 10 }, { mode: "never" }],
  );
  assert.deepEqual(place.bindings?.[0], { agent: "home", group: "-5" });
  assert.equal(live.config().sessions.retention_days, 30);
});

test("nobody is two people, nobody but owner_ids is the owner, and agents that are not there are not bound", async () => {
  const wrong = async (text: string, message: RegExp) => {
    using home = scratchHome({ "config.toml": text });
    await assert.rejects(home.load(), (error: Error & { problems?: readonly { message: string }[] }) => {
      assert.match(`${error.message} ${JSON.stringify(error.problems ?? [])}`, message);
      return true;
    });
  };
  await wrong('[people.a]\nidentities = ["telegram:1"]\n[people.b]\nidentities = ["telegram:1"]\n', /belongs to people.a already/);
  await wrong('[people.owner]\nidentities = ["telegram:1"]\n', /owner_ids/);
  await wrong('[people.a]\nidentities = ["@ada"]\n', /CHANNEL:ID/);
  await wrong('[[agents.bindings]]\nagent = "nobody"\nchannel = "telegram"\n', /not in agents.list/);
  await wrong('[sessions]\nreset = { mode = "daily", at = "25:00" }\n', /04:00/);
  await wrong('[sessions]\nreset = { mode = "daily", tz = "Mars/Olympus" }\n', /IANA/);
});

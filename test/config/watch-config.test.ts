import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/app/system.ts";
import { createConfigEditor, watchConfig, type RunningConfigEditor } from "../../src/config/index.ts";
import type { ConfigChange } from "../../src/core/config-editor.ts";
import type { ClankerError } from "../../src/core/errors.ts";
import { scratchHome, type ScratchHome } from "./scratch-home.ts";

const CONFIG = 'include = ["more.toml"]\n[agents]\nmax_tokens = 100\n';

interface Watched {
  readonly editor: RunningConfigEditor;
  /** What comes next: a change, or why an edit was refused. */
  next(): Promise<ConfigChange | ClankerError>;
  close(): void;
}

async function open(home: ScratchHome): Promise<Watched> {
  const loaded = await home.load();
  const editor = createConfigEditor({ loaded, load: home.options });
  for (const key of ["agents", "logging"]) editor.onChange(key, () => {});
  const come: (ConfigChange | ClankerError)[] = [];
  let wake = () => {};
  const push = (one: ConfigChange | ClankerError) => {
    come.push(one);
    wake();
  };
  const close = watchConfig({ editor, clock: systemClock, onChange: push, onRefused: push, quietMs: 20, patienceMs: 150, lookMs: 50 });
  return {
    editor,
    close,
    async next() {
      while (come.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return come.shift()!;
    },
  };
}

const applied = (found: ConfigChange | ClankerError) => {
  assert.ok("applied" in found, String(found));
  return found.applied;
};

test("an edit in place, one saved by renaming, one of an included file and one by `.env` are each taken", async () => {
  using home = scratchHome({ "config.toml": CONFIG, "more.toml": "" });
  const watched = await open(home);
  try {
    home.write("config.toml", CONFIG.replace("100", "200"));
    assert.deepEqual(applied(await watched.next()), ["agents.max_tokens"]);
    home.write("config.toml.new", CONFIG.replace("100", "300"));
    renameSync(join(home.folder, "config.toml.new"), join(home.folder, "config.toml"));
    assert.deepEqual(applied(await watched.next()), ["agents.max_tokens"]);
    home.write("config.toml", CONFIG.replace("100", "400"));
    assert.deepEqual(applied(await watched.next()), ["agents.max_tokens"], "the new file is watched too");
    home.write("more.toml", "[agents]\nmax_steps = 9\n");
    assert.deepEqual(applied(await watched.next()), ["agents.max_steps"]);
    home.write("config.toml", 'include = ["more.toml"]\n[agents]\nmax_tokens = 400\nmodel = "${CHOSEN:-offline:demo}"\n[logging]\nlevel = "warn"\n');
    assert.deepEqual(applied(await watched.next()), ["logging.level"]);
    home.write(".env", "CHOSEN=offline:other\n");
    assert.deepEqual(applied(await watched.next()), ["agents.model"]);
    assert.equal(watched.editor.current().config.agents.max_tokens, 400);
  } finally {
    watched.close();
  }
});

test("a wrong edit names file and line, the former config stays, and the mended one is taken", async () => {
  using home = scratchHome({ "config.toml": CONFIG, "more.toml": "" });
  const watched = await open(home);
  try {
    home.write("config.toml", `${CONFIG}max_tokenz = 5\n`);
    const refused = (await watched.next()) as ClankerError;
    assert.equal(refused.code, "config_invalid");
    assert.match(refused.message, /config\.toml:4: agents\.max_tokenz/);
    assert.equal(watched.editor.current().config.agents.max_tokens, 100);
    home.write("config.toml", `${CONFIG}max_steps = 5\n`);
    assert.deepEqual(applied(await watched.next()), ["agents.max_steps"]);
  } finally {
    watched.close();
  }
});

test("a file written in two pieces is taken once it is whole, without a word about the half", async () => {
  using home = scratchHome({ "config.toml": CONFIG, "more.toml": "" });
  const watched = await open(home);
  try {
    writeFileSync(join(home.folder, "config.toml"), 'include = ["more.toml"]\n[agents]\nmax_tok');
    await new Promise((resolve) => setTimeout(resolve, 40));
    home.write("config.toml", CONFIG.replace("100", "500"));
    const first = await watched.next();
    // On a machine that is busy for longer than its patience the half is named; it is never taken.
    if (!("applied" in first)) assert.equal(first.code, "config_invalid");
    assert.deepEqual(applied("applied" in first ? first : await watched.next()), ["agents.max_tokens"]);
    assert.equal(watched.editor.current().config.agents.max_tokens, 500);
  } finally {
    watched.close();
  }
});

test("a file that is gone or empty is not an empty config", async () => {
  using home = scratchHome({ "config.toml": CONFIG, "more.toml": "" });
  const watched = await open(home);
  try {
    home.write("config.toml", "");
    const empty = (await watched.next()) as ClankerError;
    assert.equal(empty.code, "config_lost");
    rmSync(join(home.folder, "config.toml"));
    const gone = (await watched.next()) as ClankerError;
    assert.match(gone.message, /config\.toml is gone/);
    assert.equal(watched.editor.current().config.agents.max_tokens, 100);
    home.write("config.toml", CONFIG.replace("100", "600"));
    assert.deepEqual(applied(await watched.next()), ["agents.max_tokens"]);
  } finally {
    watched.close();
  }
});

test("a folder that is made later is watched from then on, and a change over the API is no edit", async () => {
  using home = scratchHome();
  const later = join(home.folder, "later");
  const loaded = await home.load({ CLANKER_HOME: later }, { home: later });
  const editor = createConfigEditor({ loaded, load: { ...home.options, home: later } });
  editor.onChange("agents", () => {});
  const come: string[] = [];
  const taken = Promise.withResolvers<ConfigChange>();
  const close = watchConfig({ editor, clock: systemClock, onChange: taken.resolve, onRefused: (error) => come.push(error.code), quietMs: 20, lookMs: 20 });
  try {
    await editor.set("agents.max_tokens", 7);
    mkdirSync(later, { recursive: true });
    writeFileSync(editor.current().places.configFile, "[agents]\nmax_tokens = 8\n");
    assert.deepEqual((await taken.promise).applied, ["agents.max_tokens"]);
    assert.equal(editor.current().config.agents.max_tokens, 8);
    assert.deepEqual(come, []);
  } finally {
    close();
  }
});

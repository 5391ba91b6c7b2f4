import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createLocalBus } from "../../src/bus/local/index.ts";
import { createTelegram } from "../../src/channels/telegram/index.ts";
import { openLocalPowers } from "../../src/app/local-tools.ts";
import { lateJobs } from "../../src/app/open-jobs.ts";
import { showSchedule } from "../../src/jobs/read-schedule.ts";
import { systemClock, systemRandom } from "../../src/app/system.ts";
import { createTools } from "../../src/app/tools.ts";
import { rootSchema } from "../../src/config/schema.ts";
import { ToolError } from "../../src/core/errors.ts";
import type { Label } from "../../src/core/label.ts";
import { Secret } from "../../src/core/secret.ts";
import type { ChannelDeps } from "../../src/core/channel.ts";
import { systemPrompt } from "../../src/agent/prompts.ts";
import { silentLog } from "../../src/core/log.ts";
import { toolsAt, type Effect, type Tool } from "../../src/core/tool.ts";
import { v } from "../../src/lib/schema/index.ts";
import { createGate } from "../../src/security/gate.ts";
import { createHttp } from "../../src/security/host/egress/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createActionDoor } from "../../src/turn/action-door.ts";
import { createOutboxDoor } from "../../src/turn/outbox-door.ts";
import { OWNER, toolContext } from "../contract/tool-suite.ts";

/** What each text that a model may hand to a tool means, objects and lists within arguments too. A new one has to be put here; all but `text` go through a guard. */
const MEANING: Readonly<Record<string, "path" | "url" | "address" | "argv" | "text">> = {
  "time.time_zone": "text",
  "calculate.expression": "text",
  "memory_save.text": "text",
  "memory_search.query": "text",
  "memory_list.before": "text",
  "memory_forget.id": "text",
  "session_read.session": "text",
  "session_search.query": "text",
  "message_send.to": "address",
  "message_send.text": "text",
  "message_send.buttons[]": "text",
  "message_action.action": "text",
  // A name of what this conversation holds; whatever it names has to stand where `to` says.
  "message_action.message": "text",
  "message_action.to": "address",
  "message_action.text": "text",
  "message_action.options[]": "text",
  "read.path": "path",
  "write.path": "path",
  "write.content": "text",
  "edit.path": "path",
  "edit.old": "text",
  "edit.new": "text",
  "edit.patch": "text",
  "list.path": "path",
  "search.path": "path",
  "search.pattern": "text",
  // Matched against paths below the guarded folder.
  "search.files": "text",
  // Programs may name any path; where they run decides what is behind it (sec-84, sec-101).
  "shell.argv[]": "argv",
  "shell.cwd": "path",
  "shell.script": "text",
  "shell.stdin": "text",
  "process.action": "text",
  "process.id": "text",
  "schedule.action": "text",
  "schedule.at": "text",
  "schedule.cron": "text",
  "schedule.every": "text",
  "schedule.id": "text",
  "schedule.message": "text",
  "schedule.name": "text",
  "schedule.reminder": "text",
  // One of three words; where a job speaks is its maker's own place.
  "schedule.session": "text",
  "schedule.time_zone": "text",
  // What a helper is told; its tools are names out of a list of the caller's own.
  "spawn_agent.task": "text",
  "spawn_agent.tools[]": "text",
  "web_fetch.url": "url",
  "web_search.query": "text",
};

/** Further arguments that a call needs before its path is looked at. */
const OTHERS: Readonly<Record<string, object>> = {
  write: { content: "x" },
  edit: { old: "a", new: "b" },
  search: { pattern: "x" },
  shell: { argv: ["true"] },
  message_send: { text: "x" },
  message_action: { action: "delete", message: "id:1" },
};

const BAD: Readonly<Record<"path" | "url" | "address", readonly string[]>> = {
  path: ["../x", "/etc/passwd", "file:///etc/passwd", "file://host/share", "\\\\host\\share", "~/x", "a\0b", "%2e%2e/x", "a/../../x"],
  url: [
    "file:///etc/passwd",
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://169.254.169.254/",
    "http://2130706433/",
    "gopher://a/",
    "javascript:1",
    "/etc/passwd",
    "data:text/html,x",
  ],
  address: ["telegram:default:1", "web:default:owner", "../x", "https://evil.example", "telegram:../x:1", "a:b:c:d:e"],
};

/** What a tool may be answered with where it is not let through. */
const CODES: Readonly<Record<"path" | "url" | "address", readonly string[]>> = {
  path: ["path_refused"],
  url: ["url_refused"],
  address: ["channel_not_found", "bad_address", "session_not_found", "no_such_action"],
};

interface Composed {
  readonly tools: readonly Tool[];
  readonly folder: string;
}

/** All the tools that a gateway with every setting has, over a home folder of their own. */
async function withAllTools(use: (composed: Composed) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "clanker-all-tools-"));
  const config = v.parse(rootSchema, { tools: { web_search: { provider: "duckduckgo" } } });
  const configFolder = join(folder, "etc");
  const places = { configFile: join(configFolder, "config.toml"), configFolder, dataFolder: join(folder, "data"), lastGoodFile: join(folder, "last") };
  await mkdir(configFolder);
  const store = createMemoryStore();
  const http = createHttp({ log: silentLog });
  const powers = openLocalPowers(() => config, places, { env: {}, log: silentLog });
  const time = { clock: systemClock, random: systemRandom };
  const outbox = createOutboxDoor({ store, bus: createLocalBus(), hub: { publish: () => {} }, ...time, accounts: new Map(), notifyTo: [] });
  // Never started: only what it can do is looked at.
  const channelDeps = { clock: systemClock, random: systemRandom, log: silentLog } as unknown as ChannelDeps;
  const telegram = createTelegram(
    { account: "default", token: new Secret("test", "1:a"), api_root: "https://t.test", mode: "polling", streaming: true },
    channelDeps,
  );
  const accounts = new Map([["telegram:hi", telegram]]);
  const actions = createActionDoor({ store, accounts });
  try {
    await use({ tools: await createTools({ config, http, store, ...time, outbox, actions, jobs: lateJobs().port, show: showSchedule, ...powers }), folder });
  } finally {
    await powers.processes.close();
    http.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Names of all texts in a schema, e.g. `shell.argv[]`. */
function textsOf(schema: unknown, name: string): string[] {
  const { type, properties, items, additionalProperties } = schema as { type?: string; properties?: object; items?: unknown; additionalProperties?: unknown };
  if (type === "string") return [name];
  if (type === "array") return textsOf(items, `${name}[]`);
  if (type !== "object") return [];
  assert.equal(additionalProperties, false, `${name} takes keys that nobody has looked at`);
  return Object.entries(properties ?? {}).flatMap(([key, inner]) => textsOf(inner, `${name}.${key}`));
}

describe("every tool of the gateway", () => {
  it("sec-68 every argument that can carry a path, a URL or an address goes through its guard, and an unknown argument fails here", () =>
    withAllTools(async ({ tools }) => {
      const found = tools.flatMap(({ spec }) => textsOf(spec.parameters, spec.name));
      assert.deepEqual(found.toSorted(), Object.keys(MEANING).toSorted());
      for (const name of found) {
        const [toolName = "", argument = ""] = name.split(".");
        const meaning = MEANING[name]!;
        if (meaning === "text" || meaning === "argv") continue;
        const tool = tools.find(({ spec }) => spec.name === toolName)!;
        for (const bad of BAD[meaning]) {
          await assert.rejects(
            tool.run({ ...OTHERS[toolName], [argument]: bad }, toolContext()),
            (error: unknown) => {
              assert.ok(error instanceof ToolError && CODES[meaning].includes(error.code), `${name} ${JSON.stringify(bad)}: ${String(error)}`);
              return true;
            },
            `${name} ${JSON.stringify(bad)}`,
          );
        }
      }
    }));

  it("sec-93 no tool changes config, policy or skills, by its effect or by a file, and the one for schedules asks in a tainted context", () =>
    withAllTools(async ({ tools, folder }) => {
      const rules = join(folder, "etc", "config.toml");
      await writeFile(rules, "# the owner's\n");
      const standing: readonly Effect[] = ["config", "schedule"];
      assert.deepEqual(
        tools.filter(({ effects }) => effects.some((effect) => standing.includes(effect))).map(({ spec }) => spec.name),
        ["schedule"],
      );
      const tainted: Label = { integrity: "EXTERNAL", confidentiality: "PUBLIC" };
      const context = { ...toolContext(), label: tainted };
      for (const path of [rules, "../../../etc/config.toml", "../../workspace-labels/main.json", join(folder, "data", "clanker.db")]) {
        for (const [name, args] of [
          ["write", { content: "evil" }],
          ["write", { content: "evil", append: true }],
          ["edit", { old: "owner", new: "evil" }],
        ] as const)
          await assert.rejects(tools.find(({ spec }) => spec.name === name)!.run({ path, ...args }, context), { code: "path_refused" });
      }
      assert.equal(await readFile(rules, "utf8"), "# the owner's\n");
      for (const effect of standing) {
        const tool = effect === "schedule" ? tools.find(({ spec }) => spec.name === "schedule")! : { ...tools[0]!, effects: [effect] };
        for (const integrity of ["EXTERNAL", "GUEST"] as const)
          assert.equal(
            createGate().decide({ principal: OWNER, agent: "main", label: { ...tainted, integrity } }, tool, {}).kind,
            "ask",
            `${effect} ${integrity}`,
          );
      }
    }));

  it('"hi" on Telegram, where messages can be acted on, stays below 3,000 tokens', () =>
    withAllTools(async ({ tools }) => {
      const origin = { channel: "telegram", account: "hi", conversation: "1" };
      // Searching the web needs a provider, so it is no default.
      const there = toolsAt(tools, origin).filter(({ spec }) => spec.name !== "web_search");
      assert.ok(there.some(({ spec }) => spec.name === "message_action"));
      const system = systemPrompt({ agentName: "main", own: "", toolNames: there.map(({ spec }) => spec.name) });
      const said = [{ role: "user", content: "[Sun 2026-11-22 10:00 Europe/Berlin, telegram, from Ada Lovelace, #1]\nhi" }];
      const body = {
        model: "instant",
        messages: [{ role: "system", content: system }, ...said],
        tools: there.map(({ spec }) => ({ type: "function", function: spec })),
      };
      // As the bench counts it: four bytes a token; 60 for what a provider's wire has beside these.
      const tokens = Math.ceil(Buffer.byteLength(JSON.stringify(body)) / 4) + 60;
      assert.ok(tokens < 3_000, String(tokens));
    }));
});

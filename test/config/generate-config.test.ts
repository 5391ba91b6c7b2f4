import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { configJsonSchema, generateConfig } from "../../src/config/index.ts";
import { configDocs } from "../../src/config/docs-config.ts";
import { knownKeys } from "../../src/config/known-keys.ts";
import { rootSchema } from "../../src/config/schema.ts";
import { scratchHome } from "./scratch-home.ts";

const keyFile = (key: number) =>
  JSON.stringify({ type: "service_account", client_email: "a@b.test", private_key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n` });

const VARIABLES = {
  ...Object.fromEntries([...generateConfig().matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name = ""]) => [name, /_TOKEN(_NAME)?$/.test(name) ? `1:${name}` : name])),
  CLANKER_GATEWAY_TOKEN: "t",
  CLANKER_GATEWAY_PASSWORD: "p",
  GOOGLE_CHAT_KEY: keyFile(1),
  GOOGLE_CHAT_KEY_NAME: keyFile(2),
  DATABASE_URL: "postgres://localhost/x",
  NOSTR_KEY: "ab".repeat(32),
  NOSTR_KEY_NAME: "cd".repeat(32),
};
const FILES = { "prompts/main.md": "a", "prompts/researcher.md": "b" };

test("the generated config is valid and means the defaults", async () => {
  using empty = scratchHome();
  using home = scratchHome({ "config.toml": generateConfig() });
  assert.deepEqual((await home.load()).config, (await empty.load()).config);
});

test("every key of the generated config is valid when its # is removed", async () => {
  const opened = generateConfig().replaceAll(/^# (\[[^\]]+\]|[a-z_]+ = .*)$/gm, "$1");
  using home = scratchHome({
    ...FILES,
    "config.toml": opened
      .replaceAll("NAME]", "one]")
      .replaceAll("NAME.", "one.")
      .replace("ollama:nomic-embed-text", "one:nomic-embed-text")
      .replace(/^include = .*\n/m, ""),
  });
  assert.deepEqual(await home.problems(VARIABLES), []);
});

test("every key is explained, in the generated config and on the page", () => {
  const text = generateConfig();
  const page = configDocs();
  for (const { path, notes, isTable } of knownKeys(rootSchema)) {
    if (isTable) continue;
    assert.match(text, new RegExp(`^(# )?${path.at(-1)} = `, "m"), path.join("."));
    assert.match(page, new RegExp(`^\\| \`${path.at(-1)}\``, "m"), path.join("."));
    assert.ok((notes.description ?? "").length > 5, `${path.join(".")} has no description`);
  }
});

test("docs/config.md is what the schema says", () => {
  assert.equal(readFileSync(join(import.meta.dirname, "../../docs/config.md"), "utf8"), configDocs());
});

test("the JSON Schema names the sections, include, and secrets as texts that are only written", () => {
  const schema = configJsonSchema() as {
    properties: Record<string, { properties: Record<string, { properties: Record<string, unknown> }> }>;
    additionalProperties: boolean;
  };
  assert.equal(schema.additionalProperties, false);
  assert.ok("include" in schema.properties);
  assert.deepEqual((schema.properties["gateway"]!.properties["auth"]!.properties["token"] as { type: string; writeOnly: boolean }).writeOnly, true);
  assert.doesNotMatch(JSON.stringify(schema), /"restart"|"example"/);
});

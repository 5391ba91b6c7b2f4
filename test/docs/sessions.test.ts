import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { chatCommands } from "../../src/core/command.ts";
import { sessionsConfig } from "../../src/sessions/config.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/sessions.md"), "utf8");

test("docs/sessions.md explains every chat command and the keys that are its matter", () => {
  for (const { name } of chatCommands) assert.ok(page.includes(`\`/${name}`), name);
  for (const key of ["scope", "reset", "reply_back", "retention_days", "retention_mb"]) {
    assert.ok(Object.hasOwn(sessionsConfig.entries, key), key);
    assert.ok(page.includes(key), key);
  }
});

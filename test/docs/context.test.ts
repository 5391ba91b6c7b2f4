import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { agentsConfig } from "../../src/agent/config.ts";
import { usageConfig } from "../../src/turn/config.ts";

test("docs/budgets.md names every key of [usage], docs/context.md those of summaries and helpers", () => {
  const page = (name: string) => readFileSync(join(import.meta.dirname, `../../docs/${name}.md`), "utf8");
  for (const key of Object.keys(usageConfig.entries)) assert.ok(page("budgets").includes(key), key);
  assert.ok(Object.hasOwn(agentsConfig.entries, "summary_model") && Object.hasOwn(agentsConfig.entries, "sub_agents"));
  for (const key of ["summary_model", "max_depth", "max_running", "timeout_minutes"]) assert.ok(page("context").includes(key), key);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToolContext } from "../../../src/core/tool.ts";
import { createSpawnAgentTool } from "../../../src/tools/agent/index.ts";

test("spawn_agent says what is to be handed over, and runs nothing by itself", async () => {
  const tool = createSpawnAgentTool();
  assert.deepEqual(tool.delegate!({ task: "count", tools: ["look"], max_steps: 3 }), { task: "count", tools: ["look"], maxSteps: 3 });
  assert.deepEqual(tool.delegate!({ task: "count" }), { task: "count" });
  await assert.rejects(tool.run({ task: "count" }, { signal: new AbortController().signal } as ToolContext), { code: "only_in_a_turn" });
});

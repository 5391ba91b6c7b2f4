import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agentSettings } from "../../src/app/settings.ts";
import type { Config } from "../../src/config/index.ts";

const config = {
  agents: {
    model: "offline:demo",
    fallbacks: ["a:b"],
    system_prompt: "all",
    max_tokens: 1,
    max_steps: 2,
    max_turn_tokens: 3,
    timeout_seconds: 4,
    outage_hours: 5,
    thinking: "off",
    tools: { allow: ["*"], deny: [] },
    list: { researcher: { model: "x:y", tools: { allow: ["time"], deny: [] } } },
  },
  sessions: { max_context_tokens: 0 },
} as unknown as Config;

describe("app/settings", () => {
  it("gives a further agent what it does not have of its own from [agents]", () => {
    const main = agentSettings(config, "main");
    assert.deepEqual([main.models, main.maxTurnTokens, main.timeoutMs, main.outageMs], [["offline:demo", "a:b"], 3, 4_000, 18_000_000]);
    const researcher = agentSettings(config, "researcher");
    assert.deepEqual([researcher.models, researcher.systemPrompt, researcher.tools.allow], [["x:y", "a:b"], "all", ["time"]]);
  });

  it("agent_not_found: names the agents there are", () => {
    assert.throws(() => agentSettings(config, "nobody"), { code: "agent_not_found", hint: "configured are: main, researcher" });
  });
});

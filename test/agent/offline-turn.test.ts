import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildContext } from "../../src/agent/context.ts";
import { runAgent } from "../../src/agent/loop.ts";
import { createCooldowns, createModelChain } from "../../src/agent/model-chain.ts";
import { systemPrompt } from "../../src/agent/prompts.ts";
import type { EntryContent } from "../../src/core/entry.ts";
import { noUsage } from "../../src/core/model.ts";
import { createOffline } from "../../src/models/offline/index.ts";
import { createGate } from "../../src/security/gate.ts";
import { createCalculateTool } from "../../src/tools/calculate/index.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";
import { OWNER, PRIVATE, toolContext } from "../contract/tool-suite.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { transcript, userContent } from "./entries.ts";

const tools = createGate().advertised({ principal: OWNER, label: PRIVATE, agent: "main" }, [createTimeTool(), createCalculateTool()]);

/** One turn of the built-in demo from a stored transcript, as the hall runs it. */
async function answerTo(contents: readonly EntryContent[]): Promise<string> {
  const [clock, random] = [createManualClock(), createSeededRandom(1)];
  const models = [createOffline({ clock, random, wordDelayMs: 0 }).model("demo")];
  const context = buildContext({ entries: transcript(contents), contextStart: 1, budgetTokens: 10_000, reserveTokens: 1_000 });
  const result = await runAgent(
    {
      system: systemPrompt({ agentName: "main", own: "", toolNames: tools.map((tool) => tool.spec.name) }),
      entries: context.entries,
      pendingCalls: [],
      tools,
      maxTokens: 4_096,
      maxSteps: 5,
      stepsDone: 0,
      maxTurnTokens: 0,
      usageDone: noUsage,
      timeoutMs: 60_000,
      thinking: "off",
      cacheKey: "session",
    },
    {
      clock,
      random,
      chain: createModelChain(models, { clock, random, cooldowns: createCooldowns(clock, random) }),
      callTool: async (call, signal) => {
        const { text, error } = await tools.find((tool) => tool.spec.name === call.name)!.run(call.args, toolContext(signal));
        return { role: "tool", callId: call.id, name: call.name, text, error };
      },
      commitStep: async () => {},
      takeSteering: async () => [],
      emit: () => {},
    },
    new AbortController().signal,
  );
  assert.ok(result.kind === "answer", result.kind);
  return result.parts.map((part) => (part.type === "text" ? part.text : part.type)).join("");
}

describe("a turn with the built-in demo", () => {
  it("reads rendered messages, calls real tools and phrases their results", async () => {
    assert.match(await answerTo([userContent("hi")]), /^Hello, and welcome/u);
    assert.match(
      await answerTo([userContent("What is 12*7, and what time is it?")]),
      /It is Thursday, 1 January 2026, 01:00 \(Europe\/Berlin, UTC\+01:00\)\.\n\nThat makes: \*\*12×7 = 84\*\*/u,
    );
  });

  it("remembers a name, and does not take a notice for the person's words", async () => {
    const before: EntryContent[] = [
      userContent("my name is Ada"),
      { role: "assistant", parts: [{ type: "text", text: "Nice" }], model: "offline:demo", stop: "end" },
    ];
    assert.match(await answerTo([...before, { role: "system", text: "my name is Eve" }, userContent("what's my name?")]), /Ada/u);
  });
});

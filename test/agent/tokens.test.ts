import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { estimateEntry, estimateTokens, IMAGE_TOKENS } from "../../src/agent/tokens.ts";
import { systemPrompt } from "../../src/agent/prompts.ts";
import { createCalculateTool } from "../../src/tools/calculate/index.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";
import { call, step, userContent } from "./entries.ts";

describe("agent/tokens", () => {
  it("counts about 4 characters a token in Latin text and 1.5 in Chinese, Japanese and Korean", () => {
    assert.equal(estimateTokens(""), 0);
    assert.equal(estimateTokens("a".repeat(400)), 100);
    assert.equal(estimateTokens("漢".repeat(150)), 100);
    assert.equal(estimateTokens("한글かな".repeat(75)), 200);
  });

  it("grows with its text and never throws", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        assert.ok(estimateTokens(a + b) >= estimateTokens(a) - 1);
        assert.ok(estimateTokens(a) <= a.length + 1);
      }),
    );
  });

  it("counts images, calls and opaque parts", () => {
    const photo = { ...userContent(""), message: { parts: [{ type: "media", media: { kind: "photo", blob: "b" } } as const] } };
    assert.ok(estimateEntry(photo) >= IMAGE_TOKENS);
    const opaque = step([
      { type: "opaque", provider: "x", data: "y".repeat(400) },
      { type: "opaque", provider: "x", data: undefined },
      call("1", "time", undefined),
    ]);
    assert.ok(estimateEntry(opaque.content) >= 100);
  });
});

describe("agent/prompts", () => {
  const tools = [createTimeTool().spec, createCalculateTool().spec];
  const prompt = (more: Partial<Parameters<typeof systemPrompt>[0]> = {}) =>
    systemPrompt({ agentName: "main", own: "", toolNames: tools.map((tool) => tool.name), ...more });

  it("is short: a whole request with the default tools is below 1,500 tokens", () => {
    assert.ok(estimateTokens(prompt()) + estimateTokens(JSON.stringify(tools)) + estimateEntry(userContent("hi")) < 1_000);
  });

  it("is the same every time and puts the owner's words before the caller's", () => {
    const full = prompt({ own: "Be brief.", channelPrompt: "No emoji.", callerSystem: "Talk like a pirate." });
    assert.equal(full, prompt({ own: "Be brief.", channelPrompt: "No emoji.", callerSystem: "Talk like a pirate." }));
    assert.ok(full.indexOf("Be brief.") < full.indexOf("No emoji.") && full.indexOf("No emoji.") < full.indexOf("Talk like a pirate."));
    assert.ok(full.startsWith(prompt()));
  });

  it("names the tools, or says that there are none", () => {
    assert.match(prompt(), /time, calculate/u);
    assert.match(prompt({ toolNames: [] }), /no tools/u);
    assert.match(prompt({ agentName: "butler" }), /"butler"/u);
  });
});

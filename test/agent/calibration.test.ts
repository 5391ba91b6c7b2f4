import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCalibration } from "../../src/agent/calibration.ts";
import { contextBudget } from "../../src/agent/context-budget.ts";

describe("agent/calibration", () => {
  it("learns how a model counts, and comes near it in a few prompts", () => {
    const calibration = createCalibration();
    assert.equal(calibration.ratio("a:b"), 1);
    for (let i = 0; i < 20; i += 1) calibration.learn("a:b", { estimated: 1_000, counted: 1_300 });
    assert.ok(Math.abs(calibration.ratio("a:b") - 1.3) < 0.01);
    for (let i = 0; i < 20; i += 1) calibration.learn("a:b", { estimated: 1_000, counted: 800 });
    assert.ok(Math.abs(calibration.ratio("a:b") - 0.8) < 0.02);
    assert.equal(calibration.ratio("a:c"), 1);
  });

  it("does not learn from short prompts, from providers that do not count, nor from counts that cannot be of this prompt", () => {
    const calibration = createCalibration();
    for (const sample of [
      { estimated: 20, counted: 40 },
      { estimated: 1_000, counted: 0 },
      { estimated: 1_000, counted: 30_000 },
      { estimated: 1_000, counted: 3 },
    ])
      calibration.learn("a:b", sample);
    assert.equal(calibration.knows("a:b"), false);
    calibration.learn("a:b", { estimated: 1_000, counted: 1_100 });
    calibration.learn("a:b", { estimated: 1_000, counted: 2_400 });
    assert.ok(calibration.ratio("a:b") < 1.4, "one odd sample moves it a little");
  });

  it("remembers the models that are in use", () => {
    const calibration = createCalibration();
    for (let i = 0; i < 1_000; i += 1) calibration.learn(`a:${i}`, { estimated: 1_000, counted: 2_000 });
    assert.equal(calibration.ratio("a:0"), 1);
    assert.equal(calibration.ratio("a:999"), 2);
  });
});

describe("agent/context-budget", () => {
  it("shares a model's tokens out: what prompt, tools and answer leave is the conversation's", () => {
    const budget = contextBudget({ limit: 10_000, ratio: 1, systemTokens: 500, toolTokens: 700, maxTokens: 1_000 });
    assert.deepEqual(budget, { system: 500, tools: 700, answer: 1_000, history: 7_800 });
  });

  it("keeps a quarter for the conversation however long the prompt, and gives the answer no more than one", () => {
    assert.equal(contextBudget({ limit: 8_000, ratio: 1, systemTokens: 9_000, toolTokens: 0, maxTokens: 100 }).history, 2_000);
    assert.equal(contextBudget({ limit: 8_000, ratio: 1, systemTokens: 0, toolTokens: 0, maxTokens: 100_000 }).answer, 2_000);
  });

  it("counts in the model's own tokens", () => {
    assert.equal(contextBudget({ limit: 10_000, ratio: 2, systemTokens: 0, toolTokens: 0, maxTokens: 1_000 }).history, 4_500);
  });
});

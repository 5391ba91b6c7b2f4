import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { costOf } from "../../src/core/price.ts";
import { createPriceOf, PRICES_AS_OF, type OwnPrice } from "../../src/models/prices.ts";

describe("prices", () => {
  test("well-known models have their list price, also by the name of a dated version; a model nobody knows has none", () => {
    const priceOf = createPriceOf(() => ({}));
    assert.equal(priceOf("anthropic:claude-sonnet-4-5")?.output, 15);
    assert.equal(priceOf("anthropic:claude-sonnet-4-5-20250929")?.output, 15);
    assert.equal(priceOf("openai:gpt-4o-2024-11-20")?.input, 2.5);
    assert.equal(priceOf("anthropic:claude-of-tomorrow"), undefined);
    assert.equal(priceOf("mine:claude-sonnet-4-5"), undefined);
    assert.match(PRICES_AS_OF, /^20\d\d-\d\d-\d\d$/);
  });

  test("what runs on the owner's machine costs nothing", () => {
    const priceOf = createPriceOf(() => ({}));
    assert.deepEqual(priceOf("offline:demo"), { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 });
    assert.equal(priceOf("ollama:whatever")?.input, 0);
  });

  test("the owner's prices go first, for one provider or for the model wherever it is, and hold at once", () => {
    let own: Record<string, OwnPrice> = {
      "anthropic:claude-sonnet-4-5": { input: 1, output: 2 },
      "big-one": { input: 7, output: 8, cache_read: 0.5, cache_write: 9 },
    };
    const priceOf = createPriceOf(() => own);
    assert.deepEqual(priceOf("anthropic:claude-sonnet-4-5"), { input: 1, output: 2, cacheRead: 1, cacheWrite: 1 });
    assert.deepEqual(priceOf("mine:big-one"), { input: 7, output: 8, cacheRead: 0.5, cacheWrite: 9 });
    own = {};
    assert.equal(priceOf("mine:big-one"), undefined);
  });

  test("a million tokens cost what the price says", () => {
    const usage = { input: 1_000_000, output: 500_000, cacheRead: 2_000_000, cacheWrite: 0 };
    assert.equal(costOf(usage, { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 }), 3 + 7.5 + 0.6);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { ftsQuery, likeness, queryWords, tsQuery } from "../../src/lib/search-text/index.ts";

describe("lib/search-text", () => {
  it("looks for words without accents and case, each once", () => {
    assert.deepEqual(queryWords("Café, CAFE & the Größe!"), ["cafe", "the", "große"]);
    assert.equal(queryWords(Array.from({ length: 40 }, (_, index) => `w${index}`).join(" ")).length, 16);
  });

  it("lets nothing of the search languages through, whatever is asked", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (query) => {
        const words = queryWords(query);
        assert.match(ftsQuery(words), /^$|^"[\p{L}\p{N}]+"\*( OR "[\p{L}\p{N}]+"\*)*$/u);
        assert.match(tsQuery(words), /^$|^[\p{L}\p{N}]+:\*( \| [\p{L}\p{N}]+:\*)*$/u);
      }),
    );
  });

  it("says how alike two texts are spelled", () => {
    assert.equal(likeness("bicycle", "my bicycle"), 1);
    assert.ok(likeness("grandmohter", "grandmother") >= 0.5);
    assert.equal(likeness("boat", "xyz"), 0);
    assert.equal(likeness("", "anything"), 0);
  });
});

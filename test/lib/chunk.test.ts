import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { chunkText, cutPoints } from "../../src/lib/chunk/index.ts";

const lengths = (chunks: string[]) => chunks.map((chunk) => chunk.length);

describe("chunking", () => {
  test("fault-27 chunks of any text join to it, fit and are well-formed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), fc.integer({ min: 2, max: 60 }), (text, limit) => {
        const chunks = chunkText(text, { limit });
        assert.equal(chunks.join(""), text);
        for (const chunk of chunks) {
          assert.ok(chunk.length <= limit);
          assert.equal(chunk.isWellFormed(), text.isWellFormed() || chunk.isWellFormed());
        }
      }),
    );
  });

  test("fault-27 grapheme clusters that fit are never cut", () => {
    const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });
    const count = (text: string) => [...segmenter.segment(text)].length;
    fc.assert(
      fc.property(fc.array(fc.constantFrom("👩‍👩‍👧‍👦", "é", "🇩🇪", "a", " ", "한", "\r\n", "👍🏽"), { maxLength: 80 }), (pieces) => {
        const text = pieces.join("");
        assert.equal(
          chunkText(text, { limit: 30 }).reduce((sum, chunk) => sum + count(chunk), 0),
          count(text),
        );
      }),
    );
  });

  test("it prefers the end of a paragraph to a line, a line to a sentence, a sentence to a word", () => {
    assert.deepEqual(chunkText("one two\n\nthree four five", { limit: 14 }), ["one two\n\n", "three four ", "five"]);
    assert.deepEqual(chunkText("one two. four\nfive six", { limit: 16 }), ["one two. four\n", "five six"]);
    assert.deepEqual(chunkText("one two four. five six", { limit: 16 }), ["one two four. ", "five six"]);
  });

  test("it never goes back further than half a chunk for a nice break", () => {
    assert.deepEqual(lengths(chunkText(`a ${"b".repeat(30)}`, { limit: 10 })), [10, 10, 10, 2]);
  });

  test("a cluster longer than a chunk is cut between code points", () => {
    const zalgo = `a${"\u{1d165}".repeat(20)}`;
    const chunks = chunkText(zalgo, { limit: 8 });
    assert.equal(chunks.join(""), zalgo);
    assert.ok(chunks.every((chunk) => chunk.isWellFormed() && chunk.length <= 8));
  });

  test("a block that would fit whole moves to the next chunk, one that never fits is cut", () => {
    const text = `${"a".repeat(12)}${"b".repeat(12)}`;
    assert.deepEqual(cutPoints(text, { limit: 20, keep: [[12, 24]] }), [12]);
    assert.deepEqual(cutPoints(text, { limit: 8, keep: [[0, 24]] }), [8, 16]);
  });

  test("what fits is one chunk, also nothing", () => {
    assert.deepEqual(chunkText("", { limit: 5 }), [""]);
    assert.deepEqual(chunkText("12345", { limit: 5 }), ["12345"]);
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMarkdown, plainText } from "../../src/lib/markdown/index.ts";
import { withQuoteMarks } from "../../src/lib/quote-marks/index.ts";

test("each line of a quote bears its mark, also inside other marks and quotes", () => {
  assert.equal(plainText(withQuoteMarks(parseMarkdown("before\n\n> one **two\n> three**\n\nafter"))), "before\n\n> one two\n> three\n\nafter");
  assert.equal(
    plainText(withQuoteMarks(parseMarkdown("> a\n> > b")))
      .split("\n")
      .filter((line) => line.startsWith("> > b")).length,
    1,
  );
});

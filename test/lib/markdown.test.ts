import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { cleanText, codeBlocks, isBlank, parseMarkdown, plainText, sliceNodes } from "../../src/lib/markdown/index.ts";

const plain = (text: string) => plainText(parseMarkdown(text));

describe("markdown", () => {
  test("marks become nodes over plain text", () => {
    assert.deepEqual(parseMarkdown("a **b *c*** ~~d~~ `e`"), [
      { type: "text", text: "a " },
      {
        type: "bold",
        children: [
          { type: "text", text: "b " },
          { type: "italic", children: [{ type: "text", text: "c" }] },
        ],
      },
      { type: "text", text: " " },
      { type: "strike", children: [{ type: "text", text: "d" }] },
      { type: "text", text: " " },
      { type: "code", text: "e" },
    ]);
  });

  test("lists, tasks, headings, quotes and rules read well without any marks", () => {
    assert.equal(
      plain("# Title\n\n- one\n- two\n  - deep\n\n3. x\n4. y\n\n> said\n\n---\n\n- [x] done\n- [ ] open"),
      "Title\n\n• one\n• two\n  • deep\n\n3. x\n4. y\n\nsaid\n\n———\n\n• ☑ done\n• ☐ open",
    );
  });

  test("a code block keeps its text and language, a table becomes one", () => {
    assert.deepEqual(parseMarkdown("```ts\nif (a) {\n  b\n}\n```"), [{ type: "pre", text: "if (a) {\n  b\n}", language: "ts" }]);
    assert.deepEqual(parseMarkdown("| a | long |\n|-|-|\n| 1 | 2 |"), [{ type: "pre", text: "a | long\n--|-----\n1 | 2" }]);
  });

  test("HTML is shown as text and references are resolved outside of code", () => {
    assert.equal(plain("a <script>x</script> &lt; b &#x1F600; `&lt;`<br>c"), "a <script>x</script> < b 😀 &lt;\nc");
    assert.equal(plain("<div>\n**x**\n</div>"), "<div>\n**x**\n</div>");
  });

  test("sec-26 a link with a strange scheme is no link", () => {
    assert.deepEqual(parseMarkdown("[x](javascript:alert)"), [
      { type: "text", text: "x" },
      { type: "text", text: " (javascript:alert)" },
    ]);
    assert.deepEqual(parseMarkdown("[x](https://a.b/c)"), [{ type: "link", url: "https://a.b/c", children: [{ type: "text", text: "x" }] }]);
  });

  test("neighbouring slices join to the text and each stands alone", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("**a** ", "_b_ ", "`c` ", "\n\n", "> q\n", "[l](http://x.y) ", "- i\n", "```\ncode\n```\n"), { maxLength: 30 }),
        fc.nat(200),
        (pieces, cut) => {
          const nodes = parseMarkdown(pieces.join(""));
          const text = plainText(nodes);
          assert.equal(plainText(sliceNodes(nodes, 0, cut)), text.slice(0, cut));
          assert.equal(plainText(sliceNodes(nodes, cut, text.length)), text.slice(cut));
        },
      ),
    );
  });

  test("code blocks are found where they lie in the plain text", () => {
    const nodes = parseMarkdown("before\n\n```\none\ntwo\n```\n\nafter");
    const [[from, to] = [0, 0]] = codeBlocks(nodes);
    assert.equal(plainText(nodes).slice(from, to), "one\ntwo");
  });

  test("no text makes it throw, and what it cannot parse is shown as it is", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => void parseMarkdown(text)));
    assert.ok(plain(`${">".repeat(50_000)} deep`).includes("deep"));
    assert.equal(plain("*a".repeat(30_000)), "*a".repeat(30_000));
  });

  test("prose without marks stays exactly as it is", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("word", "Straße", "👍🏽", "é"), { minLength: 1 }), (words) => assert.equal(plain(words.join(" ")), words.join(" "))),
    );
  });

  test("cleaning leaves well-formed text without control characters or endless blanks", () => {
    assert.equal(cleanText("a\r\nb\rc\u0000\u001b[0m"), "a\nb\nc[0m");
    assert.equal(cleanText("\ud800x"), "\ufffdx");
    assert.ok(cleanText(`a${" ".repeat(10_000)}b`).length < 600);
    assert.ok(isBlank(" \u200b\n\u2060") && !isBlank(" x"));
  });
});

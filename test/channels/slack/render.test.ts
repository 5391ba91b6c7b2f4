import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { plainMarkdown, renderMessage, type SlackPayload } from "../../../src/channels/slack/render.ts";
import { textMessage } from "../../../src/core/message.ts";
import { blockFault } from "../../fakes/slack/read-blocks.ts";

const elements = (text: string) => {
  const [part, ...rest] = renderMessage(textMessage(text));
  assert.equal(rest.length, 0);
  const payload = part!.payload as Extract<SlackPayload, { kind: "text" }>;
  return payload.elements;
};

describe("slack rendering", () => {
  test("marks, links and code become rich text", () => {
    assert.deepEqual(elements("a **b _c_** ~~d~~ `e` [f](https://g.h) https://i.j."), [
      {
        type: "rich_text_section",
        elements: [
          { type: "text", text: "a " },
          { type: "text", text: "b ", style: { bold: true } },
          { type: "text", text: "c", style: { bold: true, italic: true } },
          { type: "text", text: " " },
          { type: "text", text: "d", style: { strike: true } },
          { type: "text", text: " " },
          { type: "text", text: "e", style: { code: true } },
          { type: "text", text: " " },
          { type: "link", url: "https://g.h", text: "f" },
          { type: "text", text: " " },
          { type: "link", url: "https://i.j" },
          { type: "text", text: "." },
        ],
      },
    ]);
  });

  test("code blocks, tables and quotes stand on lines of their own", () => {
    assert.deepEqual(elements("before\n\n```ts\nconst a = 1;\n```\n\n> quoted **x**\n\nafter"), [
      { type: "rich_text_section", elements: [{ type: "text", text: "before" }] },
      { type: "rich_text_preformatted", elements: [{ type: "text", text: "const a = 1;" }] },
      {
        type: "rich_text_quote",
        elements: [
          { type: "text", text: "quoted " },
          { type: "text", text: "x", style: { bold: true } },
        ],
      },
      { type: "rich_text_section", elements: [{ type: "text", text: "after" }] },
    ]);
    assert.deepEqual(elements("| a | b |\n|-|-|\n| 1 | 2 |"), [{ type: "rich_text_preformatted", elements: [{ type: "text", text: "a | b\n--|--\n1 | 2" }] }]);
  });

  test("nothing that a model writes can mention anybody or be read as markup", () => {
    const text = "<!channel> <@U42> @here *not bold* snake_case & <https://x.y|z>";
    const shown = JSON.stringify(elements(text));
    assert.doesNotMatch(shown, /"type":"(user|broadcast|usergroup|channel)"/);
    assert.match(shown, /<!channel> <@U42> @here /);
  });

  test("a link that Slack would refuse stands as text", () => {
    const long = `https://a.b/${"x".repeat(2_500)}`;
    assert.equal(plainMarkdown(`[call](tel:+49) [long](${long})`), `call (tel:+49) long (${long})`);
    assert.doesNotMatch(JSON.stringify(elements("[call](tel:+49)")), /"link"/);
  });

  test("whatever the text, Slack takes the blocks", () => {
    const pieces = fc.constantFrom(
      "**",
      "_",
      "`",
      "```\n",
      "\n",
      "\n\n",
      "> ",
      "- ",
      "# ",
      "| a | b |\n|-|-|\n",
      "[x](http://a.b)",
      "https://c.d/e",
      "<b>",
      "é👩‍👩‍👧‍👦",
      "word ",
      "\u0000",
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 80 }), fc.integer({ min: 1, max: 30 }), (list, times) => {
        for (const part of renderMessage(textMessage(list.join("").repeat(times)))) {
          const payload = part.payload as SlackPayload;
          assert.equal(payload.kind === "text" && blockFault([{ type: "rich_text", elements: payload.elements as never }]), undefined);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("fault-27 a long block of code is cut into blocks of code", () => {
    const parts = renderMessage(textMessage(`\`\`\`\n${"line of code\n".repeat(1_000)}\`\`\``));
    assert.ok(parts.length > 2);
    for (const part of parts) assert.equal((part.payload as Extract<SlackPayload, { kind: "text" }>).elements[0]?.type, "rich_text_preformatted");
  });

  test("buttons stand below the last text; files are parts of their own; places and contacts are words", () => {
    const buttons = [{ label: "Yes", data: "y" }];
    const parts = renderMessage({
      parts: [
        { type: "text", text: "one" },
        { type: "media", media: { kind: "photo", blob: "b", name: "a.png" } },
        { type: "location", latitude: 1, longitude: 2, name: "home" },
        { type: "contact", name: "Ada", phone: "+1" },
        { type: "notice", text: "run `x_y_z`" },
      ],
      buttons,
    });
    assert.deepEqual(
      parts.map((part) => part.text),
      ["one", "[photo: a.png]", "home: 1, 2\nAda: +1\nrun `x_y_z`"],
    );
    assert.deepEqual(
      parts.map((part) => "buttons" in (part.payload as object)),
      [false, false, true],
    );
  });
});

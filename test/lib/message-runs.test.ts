import assert from "node:assert/strict";
import { test } from "node:test";
import type { RenderedPart } from "../../src/core/channel.ts";
import type { Message, MessagePart } from "../../src/core/message.ts";
import { plainText } from "../../src/lib/markdown/index.ts";
import { literalNodes, messageRuns, textPieces, withButtons } from "../../src/lib/message-runs/index.ts";

const photo: MessagePart = { type: "media", media: { kind: "photo", blob: "b1", name: "cat.png" } };
const told = (message: Message) => messageRuns(message).map((run) => (run.part === undefined ? plainText(run.nodes) : run.part.text));
const text = (words: string): MessagePart => ({ type: "text", text: words });
const buttons = [{ label: "Yes", data: "y" }];

test("texts side by side are one run, and a file of ours stands by itself between them", () => {
  const notice: MessagePart = { type: "notice", text: "run *this*" };
  assert.deepEqual(told({ parts: [text("**a**"), notice, photo, text("b")] }), ["a\nrun *this*", "[photo: cat.png]", "b"]);
});

test("what the platform cannot send by itself is told in words", () => {
  const elsewhere: MessagePart = { type: "media", media: { kind: "video", ref: "theirs" } };
  assert.deepEqual(told({ parts: [elsewhere, { type: "location", latitude: 1, longitude: 2 }] }), ["[video]\n1, 2"]);
  assert.deepEqual(
    messageRuns({ parts: [elsewhere] }, { alone: () => ({ kind: "video" }) }).map(({ part }) => part?.payload),
    [{ kind: "video" }],
  );
});

test("an empty message says so, and buttons always have a text to stand below", () => {
  assert.deepEqual(told({ parts: [text(" \n")] }), ["(empty message)"]);
  assert.deepEqual(told({ parts: [photo], buttons }), ["[photo: cat.png]", "?"]);
  assert.deepEqual(told({ parts: [photo], buttons: [] }), ["[photo: cat.png]"]);
});

test("the buttons go below the last text", () => {
  const parts: RenderedPart[] = ["text", "text", "media"].map((kind) => ({ text: kind, payload: { kind } }));
  const held = withButtons(parts, { parts: [], buttons });
  assert.deepEqual(
    held.map(({ payload }) => payload),
    [{ kind: "text" }, { kind: "text", buttons }, { kind: "media" }],
  );
});

test("pieces join to the text, and what nobody could see is left out", () => {
  const words = "word ".repeat(50);
  const pieces = textPieces(literalNodes(`${words}\n\n`), 40);
  assert.equal(pieces.map((piece) => piece.text).join(""), words.trimEnd());
  for (const piece of pieces) {
    assert.ok(piece.text.length <= 40);
    assert.equal(plainText(piece.nodes), piece.text);
  }
  assert.deepEqual(textPieces([{ type: "text", text: " \n " }], 10), []);
});

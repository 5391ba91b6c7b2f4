import assert from "node:assert/strict";
import { test } from "node:test";
import { isEmoji } from "../../src/lib/is-emoji/index.ts";

test("one emoji is one, whether it is joined of several signs or lacks its variation selector", () => {
  for (const emoji of ["👍", "👍🏽", "❤️", "❤", "❤‍🔥", "❤️‍🔥", "👩‍👩‍👧‍👦", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"]) assert.ok(isEmoji(emoji), emoji);
});

test("words, digits, halves of a flag and several emojis are none", () => {
  for (const text of ["", "no emoji", "+1", "1", "🇩", "👍👍", "👍 ", "\ud83d"]) assert.ok(!isEmoji(text), text);
});

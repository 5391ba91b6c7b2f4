import assert from "node:assert/strict";
import { test } from "node:test";
import { emojiName } from "../../src/lib/emoji-name/index.ts";

test("an emoji has its short name, in colour or not; a name stays as it is, and what is neither has none", () => {
  assert.equal(emojiName("👍"), "+1");
  assert.equal(emojiName("❤️"), "heart");
  assert.equal(emojiName(":party-parrot:"), "party-parrot");
  assert.equal(emojiName("tada"), "tada");
  assert.equal(emojiName("no emoji"), undefined);
  assert.equal(emojiName("🫠🫠"), undefined);
  assert.equal(emojiName("../x"), undefined);
});

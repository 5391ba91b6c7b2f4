import assert from "node:assert/strict";
import { test } from "node:test";
import { describePart } from "../../src/lib/describe-part/index.ts";

test("what a platform has no form for is told in words, and a name of thousands of characters stays short", () => {
  assert.equal(describePart({ type: "location", latitude: 1, longitude: -2, name: "Home" }), "Home: 1, -2");
  assert.equal(describePart({ type: "contact", name: "Ann", phone: "+1" }), "Ann: +1");
  assert.equal(describePart({ type: "poll", question: "Tea?", options: ["yes", "no"] }), "Tea?\n1. yes\n2. no");
  assert.equal(describePart({ type: "media", media: { kind: "photo", name: "a.png", missing: "gone" } }), "[photo: a.png (gone)]");
  assert.ok(describePart({ type: "media", media: { kind: "photo", name: "x".repeat(9_000) } }).length < 400);
});

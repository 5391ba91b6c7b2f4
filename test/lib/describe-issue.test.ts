import assert from "node:assert/strict";
import { test } from "node:test";
import { describeIssue } from "../../src/lib/schema/describe-issue.ts";
import { v } from "../../src/lib/schema/index.ts";

const schema = v.strictObject({
  session: v.pipe(v.string(), v.minLength(1), v.maxLength(5)),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500))),
  level: v.optional(v.picklist(["low", "high"])),
  tags: v.optional(v.pipe(v.array(v.string()), v.maxLength(1))),
  key: v.optional(v.pipe(v.string(), v.regex(/^k/, "must begin with k"))),
});

function said(given: unknown): string {
  const { issues } = v.safeParse(schema, given);
  return describeIssue(issues![0], Object.keys(schema.entries));
}

test("what is wrong with a request is said in words: which name, what was expected, what was found", () => {
  assert.equal(said({}), "session: is missing");
  assert.equal(said({ session: "a", limti: 5 }), "limti: there is no such name; did you mean limit?");
  assert.equal(said({ session: "a", zzz: 5 }), "zzz: there is no such name");
  assert.equal(said({ session: 5 }), "session: expected text, found a number");
  assert.equal(said({ session: null }), "session: expected text, found nothing");
  assert.equal(said({ session: "" }), "session: must not be empty");
  assert.equal(said({ session: "longer" }), "session: expected at most 5 characters");
  assert.equal(said({ session: "a", limit: 501 }), "limit: expected at most 500, found 501");
  assert.equal(said({ session: "a", limit: 0 }), "limit: expected at least 1, found 0");
  assert.equal(said({ session: "a", limit: 1.5 }), "limit: expected a whole number, found 1.5");
  assert.equal(said({ session: "a", level: "hihg" }), 'level: expected one of "low", "high", found "hihg"');
  assert.equal(said({ session: "a", tags: ["a", "b"] }), "tags: expected at most 1 items");
  assert.equal(said({ session: "a", key: "x" }), "key: must begin with k");
  assert.equal(said("text"), "expected an object, found text");
});

test("text that may be a secret is not repeated", () => {
  assert.doesNotMatch(said({ session: "a", limit: "hunter2" }), /hunter2/);
});

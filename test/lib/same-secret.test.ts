import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import { isSameSecret } from "../../src/lib/same-secret/index.ts";

test("sec-104 a secret is the same only when every character is, and an empty one is nobody's", () => {
  const secret = new Secret("s", "abcdef");
  assert.equal(isSameSecret("abcdef", secret), true);
  for (const other of [null, "", "abcde", "abcdefg", "abcdeF", "bbcdef"]) assert.equal(isSameSecret(other, secret), false, String(other));
  for (const given of [null, ""]) assert.equal(isSameSecret(given, new Secret("s", "")), false);
});

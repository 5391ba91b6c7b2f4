import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import { isSignedHex, signHex } from "../../src/lib/hmac/index.ts";

test("sec-104 an HMAC is verified against its bytes; an empty secret signs nothing", async () => {
  const secret = new Secret("s", "key");
  const bytes = new TextEncoder().encode("The quick brown fox jumps over the lazy dog");
  // The example of RFC 2104's article everywhere.
  assert.equal(await signHex(secret, bytes), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  assert.equal(await isSignedHex(secret, bytes, await signHex(secret, bytes)), true);
  assert.equal(await isSignedHex(secret, bytes, "0".repeat(64)), false);
  assert.equal(await isSignedHex(secret, bytes, "zz"), false);
  assert.equal(await isSignedHex(new Secret("e", " "), bytes, await signHex(new Secret("e", " "), bytes)), false);
});

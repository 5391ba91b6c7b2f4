import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex } from "../../src/lib/hex/index.ts";

test("bytes are two small digits each, and come back", () => {
  const bytes = Uint8Array.of(0, 9, 10, 171, 255);
  assert.equal(toHex(bytes), "00090aabff");
  assert.deepEqual(fromHex("00090AABff"), bytes);
  assert.deepEqual(fromHex(""), new Uint8Array(0));
});

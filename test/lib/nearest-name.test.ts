import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { editDistance, nearestName } from "../../src/lib/nearest-name/index.ts";

const names = ["bind_address", "port", "max_connections", "trusted_proxies", "hosts", "auth"];

test("the nearest name is found for slips, swaps, other spellings and beginnings", () => {
  for (const [wrong, right] of [
    ["prot", "port"],
    ["bindAddress", "bind_address"],
    ["bind-address", "bind_address"],
    ["max_conections", "max_connections"],
    ["HOSTS", "hosts"],
    ["host", "hosts"],
    ["trusted", "trusted_proxies"],
  ] as const) {
    assert.equal(nearestName(wrong, names), right, wrong);
  }
  assert.equal(nearestName("completely_else", names), undefined);
  assert.equal(nearestName("x", []), undefined);
});

test("edit distance is symmetric, zero only for the same text and never more than the longer one", () => {
  const short = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(short, short, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance <= Math.max(a.length, b.length));
    }),
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../src/core/secret.ts";
import { isSignedHex, signHex } from "../../src/lib/hmac/index.ts";
import { createInOrder } from "../../src/lib/in-order/index.ts";

test("items are worked off in order, one that fails is tried again before the next, and a full queue holds up whoever adds", async () => {
  const stop = new AbortController();
  const done: number[] = [];
  const gate = Promise.withResolvers<void>();
  let failures = 0;
  const queue = createInOrder<number>({
    signal: stop.signal,
    room: 3,
    async work(item) {
      await gate.promise;
      if (item === 2 && failures < 2) throw new Error("not yet");
      done.push(item);
    },
    async failed(_, count) {
      failures = count;
    },
  });
  await queue.add(1);
  await queue.add(2);
  let added = false;
  const third = queue.add(3).then(() => (added = true));
  await Promise.resolve();
  assert.equal(added, false);
  gate.resolve();
  await third;
  await queue.idle();
  assert.deepEqual([done, failures], [[1, 2, 3], 2]);
});

test("a stop ends the waiting and the trying again", async () => {
  const stop = new AbortController();
  const queue = createInOrder<number>({
    signal: stop.signal,
    work: async () => {
      throw new Error("never");
    },
    failed: async () => stop.abort(),
  });
  await queue.add(1);
  await queue.idle();
  assert.ok(stop.signal.aborted);
});

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

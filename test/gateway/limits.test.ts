import assert from "node:assert/strict";
import { test } from "node:test";
import { addressKey, inRanges, isLoopback } from "../../src/gateway/limits/ip-address.ts";
import { parseIp } from "../../src/lib/ip-address/index.ts";
import { createRateLimiter, MAX_KEYS } from "../../src/gateway/limits/rate-limiter.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

test("sec-9 an IPv4 address, its mapped form and a /64 are one key each", () => {
  assert.equal(addressKey("1.2.3.4"), "1.2.3.4");
  assert.equal(addressKey("::ffff:1.2.3.4"), "1.2.3.4");
  assert.equal(addressKey("::ffff:102:304"), "1.2.3.4");
  assert.equal(addressKey("2001:db8:1:2::1"), addressKey("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  assert.notEqual(addressKey("2001:db8:1:2::1"), addressKey("2001:db8:1:3::1"));
});

test("sec-10 a million different addresses leave at most 10,000 keys", () => {
  const limiter = createRateLimiter(createManualClock(), 60, 5);
  for (let i = 0; i < 1_000_000; i++) limiter.take(`k${i}`);
  assert.ok(limiter.size <= MAX_KEYS);
});

test("a bucket gives its burst, then refills by the minute", async () => {
  const clock = createManualClock();
  const limiter = createRateLimiter(clock, 60, 2);
  assert.deepEqual([limiter.take("a"), limiter.take("a"), limiter.take("a"), limiter.take("b")], [true, true, false, true]);
  assert.equal(limiter.waitMs("a"), 1000);
  await clock.advance(1000);
  assert.equal(limiter.waitMs("a"), 0);
  assert.deepEqual([limiter.take("a"), limiter.take("a")], [true, false]);
  limiter.refund("a");
  assert.equal(limiter.take("a"), true);
});

test("another rate holds from then on, for buckets that are in use too", async () => {
  const clock = createManualClock();
  const limiter = createRateLimiter(clock, 60, 2);
  assert.deepEqual([limiter.take("a"), limiter.take("a"), limiter.take("a")], [true, true, false]);
  limiter.setRate(6_000, 10);
  await clock.advance(100);
  assert.equal(Array.from({ length: 12 }, () => limiter.take("a")).filter(Boolean).length, 10);
  limiter.setRate(0, 1);
  assert.equal(limiter.take("a"), true);
});

test("addresses are parsed strictly", () => {
  for (const text of ["1.2.3", "1.2.3.256", "01.2.3.4567", ":::1", "1::2::3", "g::1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "localhost", ""])
    assert.equal(parseIp(text), undefined, text);
  assert.equal(parseIp("::1")!.length, 16);
  assert.equal(parseIp("[fe80::1%eth0]")!.length, 16);
  assert.deepEqual([...parseIp("::ffff:127.0.0.1")!], [127, 0, 0, 1]);
  assert.deepEqual(
    [isLoopback("127.9.9.9"), isLoopback("::1"), isLoopback("::ffff:127.0.0.1"), isLoopback("0.0.0.0"), isLoopback("::")],
    [true, true, true, false, false],
  );
});

test("ranges match whole bits", () => {
  assert.equal(inRanges("10.1.2.3", ["10.0.0.0/8"]), true);
  assert.equal(inRanges("11.1.2.3", ["10.0.0.0/8"]), false);
  assert.equal(inRanges("192.168.1.130", ["192.168.1.128/25"]), true);
  assert.equal(inRanges("192.168.1.127", ["192.168.1.128/25"]), false);
  assert.equal(inRanges("::ffff:10.0.0.5", ["10.0.0.5"]), true);
  assert.equal(inRanges("2001:db8::5", ["2001:db8::/32"]), true);
  assert.equal(inRanges("10.0.0.5", ["2001:db8::/32", "nonsense"]), false);
});

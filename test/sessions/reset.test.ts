import assert from "node:assert/strict";
import { test } from "node:test";
import { QUICK } from "../quick.ts";
import { zoneOffset } from "../../src/core/zone-offset.ts";
import { lastDaily, resetWhen } from "../../src/sessions/reset.ts";

const FOUR = 4 * 60;
const at = (text: string) => Date.parse(text);

function last(minute: number, zone: string, now: string): string {
  return new Date(lastDaily(minute, zoneOffset(zone), at(now))).toISOString().slice(0, 16);
}

test("never sets nothing, idle counts minutes back", () => {
  assert.equal(resetWhen({ mode: "never" }, 1_000_000, zoneOffset), undefined);
  assert.deepEqual(resetWhen({ mode: "idle", minutes: 10 }, 1_000_000, zoneOffset), { silentSince: 400_000 });
  assert.deepEqual(resetWhen({ mode: "daily", minute: FOUR, timeZone: "UTC" }, at("2026-03-05T10:00Z"), zoneOffset), { begunBefore: at("2026-03-05T04:00Z") });
});

test("the last daily time is today's or yesterday's, by the clock of the place", () => {
  assert.equal(last(FOUR, "UTC", "2026-03-05T04:00Z"), "2026-03-05T04:00");
  assert.equal(last(FOUR, "UTC", "2026-03-05T03:59:59.999Z"), "2026-03-04T04:00");
  assert.equal(last(FOUR, "Europe/Berlin", "2026-01-10T02:59Z"), "2026-01-09T03:00");
  assert.equal(last(FOUR, "Europe/Berlin", "2026-01-10T03:00Z"), "2026-01-10T03:00");
  assert.equal(last(23 * 60 + 30, "Pacific/Kiritimati", "2026-01-10T09:31Z"), "2026-01-10T09:30");
  assert.equal(last(0, "America/Los_Angeles", "2026-01-10T07:59Z"), "2026-01-09T08:00");
});

test("summer time: a time that the clock skips comes right after the gap, one that it shows twice counts the first time", () => {
  // Berlin, 2026-03-29: 02:00 becomes 03:00 at 01:00Z. 02:30 is as much later as the clock jumps: 03:30 there.
  assert.equal(last(150, "Europe/Berlin", "2026-03-29T01:29Z"), "2026-03-28T01:30");
  assert.equal(last(150, "Europe/Berlin", "2026-03-29T01:30Z"), "2026-03-29T01:30");
  assert.equal(last(FOUR, "Europe/Berlin", "2026-03-29T02:00Z"), "2026-03-29T02:00");
  assert.equal(last(FOUR, "Europe/Berlin", "2026-03-29T01:59Z"), "2026-03-28T03:00");
  // Berlin, 2026-10-25: 03:00 becomes 02:00 at 01:00Z. 02:30 is shown at 00:30Z and at 01:30Z.
  assert.equal(last(150, "Europe/Berlin", "2026-10-25T00:30Z"), "2026-10-25T00:30");
  assert.equal(last(150, "Europe/Berlin", "2026-10-25T02:00Z"), "2026-10-25T00:30");
  // New York, 2026-03-08 and 2026-11-01.
  assert.equal(last(150, "America/New_York", "2026-03-08T07:30Z"), "2026-03-08T07:30");
  assert.equal(last(90, "America/New_York", "2026-11-01T06:45Z"), "2026-11-01T05:30");
  // Lord Howe shifts by half an hour.
  assert.equal(last(FOUR, "Australia/Lord_Howe", "2026-10-03T17:00Z"), "2026-10-03T17:00");
});

test("every day has exactly one such time, through a year with both changes", () => {
  for (const zone of QUICK ? ["Europe/Berlin"] : ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]) {
    for (const minute of [0, 150, FOUR]) {
      const found = new Set<number>();
      const offset = zoneOffset(zone);
      for (let now = at("2026-01-02T00:00Z"); now < at("2027-01-02T00:00Z"); now += 3_600_000) found.add(lastDaily(minute, offset, now));
      const times = [...found].toSorted((a, b) => a - b);
      const gaps = times.slice(1).map((time, index) => (time - times[index]!) / 3_600_000);
      assert.ok(
        gaps.every((gap) => gap >= 22.5 && gap <= 25.5),
        `${zone} ${minute}: ${gaps.filter((gap) => gap < 22.5 || gap > 25.5).join(" ")}`,
      );
      assert.ok(times.length >= 365 && times.length <= 367, String(times.length));
    }
  }
});

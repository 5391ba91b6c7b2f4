import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readSchedule } from "../../src/jobs/read-schedule.ts";
import { nextSlot } from "../../src/jobs/slots.ts";

const cron = (pattern: string, timeZone: string) => ({ kind: "cron" as const, pattern, timeZone });
const after = (schedule: Parameters<typeof nextSlot>[0], from: string, count: number): string[] => {
  const slots: string[] = [];
  let at: number | undefined = Date.parse(from);
  while (slots.length < count && (at = nextSlot(schedule, at)) !== undefined) slots.push(new Date(at).toISOString().slice(0, 16));
  return slots;
};

/** Pattern, zone, from, and the slots in UTC as a calendar and the zone's history give them. */
const TABLE: readonly [string, string, string, readonly string[]][] = [
  // A time that is skipped comes right after the gap, one that is shown twice comes the first time.
  ["30 2 * * *", "Europe/Berlin", "2026-03-28T00:00Z", ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]],
  ["30 2 * * *", "Europe/Berlin", "2026-10-24T00:00Z", ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]],
  ["30 1 * * *", "Europe/London", "2026-03-28T12:00Z", ["2026-03-29T01:00", "2026-03-30T00:30"]],
  ["30 2 * * *", "America/New_York", "2026-03-07T12:00Z", ["2026-03-08T07:00", "2026-03-09T06:30"]],
  ["30 1 * * *", "America/New_York", "2026-10-31T12:00Z", ["2026-11-01T05:30", "2026-11-02T06:30"]],
  ["0 2 * * *", "Australia/Sydney", "2026-10-03T00:00Z", ["2026-10-03T16:00", "2026-10-04T15:00"]],
  ["15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00Z", ["2026-10-03T15:30", "2026-10-04T15:15"]],
  ["30 0 * * *", "Africa/Cairo", "2026-04-23T00:00Z", ["2026-04-23T22:00", "2026-04-24T21:30"]],
  // Every hour follows the clock: 23 and 25 of them.
  ["0 * * * *", "Europe/Berlin", "2026-03-29T00:30Z", ["2026-03-29T01:00", "2026-03-29T02:00"]],
  ["0 * * * *", "Europe/Berlin", "2026-10-24T23:30Z", ["2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00"]],
  ["*/30 * * * *", "America/St_Johns", "2026-06-01T00:00Z", ["2026-06-01T00:30", "2026-06-01T01:00"]],
  // Zones without summer time, with odd offsets, and one that has left it.
  ["0 9 * * *", "Asia/Kolkata", "2026-01-01T00:00Z", ["2026-01-01T03:30", "2026-01-02T03:30"]],
  ["0 9 * * *", "Asia/Kathmandu", "2026-01-01T00:00Z", ["2026-01-01T03:15"]],
  ["0 9 * * *", "Pacific/Chatham", "2026-07-01T00:00Z", ["2026-07-01T20:15"]],
  ["0 9 * * *", "Pacific/Kiritimati", "2026-01-01T00:00Z", ["2026-01-01T19:00"]],
  ["0 9 * * *", "America/Sao_Paulo", "2026-11-01T00:00Z", ["2026-11-01T12:00"]],
  ["0 9 * * *", "Europe/Istanbul", "2026-01-01T00:00Z", ["2026-01-01T06:00"]],
  // The calendar.
  ["0 0 29 2 *", "UTC", "2026-01-01T00:00Z", ["2028-02-29T00:00", "2032-02-29T00:00"]],
  ["0 0 29 2 *", "UTC", "2097-01-01T00:00Z", ["2104-02-29T00:00"]],
  ["0 12 31 * *", "UTC", "2026-01-31T12:00Z", ["2026-03-31T12:00", "2026-05-31T12:00"]],
  ["0 8 L * *", "UTC", "2026-02-01T00:00Z", ["2026-02-28T08:00", "2026-03-31T08:00"]],
  ["0 9 * * 1-5", "UTC", "2026-11-20T10:00Z", ["2026-11-23T09:00", "2026-11-24T09:00"]],
  ["0 9 * * MON#1", "UTC", "2026-11-03T00:00Z", ["2026-12-07T09:00"]],
  ["@weekly", "UTC", "2026-11-20T00:00Z", ["2026-11-22T00:00"]],
  ["59 23 31 12 *", "Asia/Tokyo", "2026-01-01T00:00Z", ["2026-12-31T14:59"]],
];

const ZONES =
  `Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Lagos Africa/Nairobi America/Anchorage America/Argentina/Buenos_Aires America/Bogota America/Chicago America/Denver
America/Halifax America/Havana America/Los_Angeles America/Mexico_City America/New_York America/Phoenix America/Santiago America/Sao_Paulo America/St_Johns Antarctica/Troll Asia/Beirut
Asia/Dhaka Asia/Dubai Asia/Jerusalem Asia/Kathmandu Asia/Kolkata Asia/Shanghai Asia/Tehran Asia/Tokyo Atlantic/Azores Australia/Adelaide Australia/Lord_Howe Australia/Sydney Europe/Berlin
Europe/Dublin Europe/Istanbul Europe/London Europe/Moscow Pacific/Apia Pacific/Auckland Pacific/Chatham Pacific/Kiritimati`.split(/\s+/);

describe("slots of schedules", () => {
  for (const [pattern, zone, from, wanted] of TABLE) {
    test(`fault-54 ${pattern} in ${zone} from ${from}`, () => assert.deepEqual(after(cron(pattern, zone), from, wanted.length), wanted));
  }

  test(`fault-54 in ${ZONES.length} zones, 12:05 of every day of a leap year is due once and at 12:05`, () => {
    for (const timeZone of ZONES) {
      const clock = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", day: "numeric", hourCycle: "h23" });
      const slots = after(cron("5 12 * * *", timeZone), "2028-01-01T00:00Z", 60);
      const shown = slots.map((slot) => clock.format(Date.parse(`${slot}Z`)));
      assert.ok(
        shown.every((text) => text.includes("12:05")),
        timeZone,
      );
      assert.equal(new Set(slots).size, 60);
      assert.ok(Date.parse(`${slots.at(-1)}Z`) - Date.parse(`${slots[0]}Z`) < 60 * 86_400_000);
    }
  });

  test("fault-54 a schedule read in another zone is due at that zone's time", () => {
    assert.deepEqual(after(cron("0 9 * * *", "America/Los_Angeles"), "2026-01-01T00:00Z", 1), ["2026-01-01T17:00"]);
    assert.deepEqual(after(cron("0 9 * * *", "Asia/Tokyo"), "2026-01-01T00:00Z", 1), ["2026-01-02T00:00"]);
  });

  test("the same question has the same answer, and slots rise", () => {
    for (const timeZone of ["Europe/Berlin", "Australia/Lord_Howe", "America/New_York"]) {
      let at = Date.UTC(2026, 0, 1);
      for (let i = 0; i < 300; i += 1) {
        const next = nextSlot(cron("20 */7 * * *", timeZone), at)!;
        assert.ok(next > at);
        assert.equal(nextSlot(cron("20 */7 * * *", timeZone), next - 1), next);
        at = next;
      }
    }
  });

  test("quiet hours leave whole steps out, over midnight too", () => {
    const quiet = { from: 22 * 60, to: 8 * 60, timeZone: "UTC" };
    const every = { kind: "every" as const, everyMs: 45 * 60_000, anchor: 0, quiet };
    const slots = after(every, "2026-01-01T20:00Z", 4);
    assert.deepEqual(slots, ["2026-01-01T20:15", "2026-01-01T21:00", "2026-01-01T21:45", "2026-01-02T08:15"]);
    assert.equal(nextSlot({ ...every, everyMs: 86_400_000 }, 0), undefined, "midnight is always quiet");
  });

  test("times are read as people write them", () => {
    const now = Date.UTC(2026, 0, 1);
    const read = (at: string | number, timeZone = "Europe/Berlin") => readSchedule({ at, timeZone }, now, "UTC");
    const at = (iso: string) => ({ kind: "at", at: Date.parse(iso) });
    assert.deepEqual(read("2026-12-24T18:00"), at("2026-12-24T17:00Z"));
    assert.deepEqual(read("2026-07-01 18:00"), at("2026-07-01T16:00Z"));
    assert.deepEqual(read("2026-12-24T18:00:30Z"), at("2026-12-24T18:00:30Z"));
    assert.deepEqual(read("2026-12-24T18:00+05:30"), at("2026-12-24T12:30Z"));
    assert.deepEqual(read("20m"), at("2026-01-01T00:20Z"));
    assert.deepEqual(read("in 1h30m"), at("2026-01-01T01:30Z"));
    assert.deepEqual(read("2026-03-29T02:30"), at("2026-03-29T01:30Z"), "skipped: as much later as the clock jumps");
    assert.deepEqual(read("2026-10-25T02:30"), at("2026-10-25T00:30Z"), "twice: the first one");
    assert.deepEqual(readSchedule({ every: "90s" }, now, "UTC"), { kind: "every", everyMs: 90_000, anchor: now });
    assert.deepEqual(readSchedule({ cron: "0 9 * * *" }, now, "Asia/Tokyo"), cron("0 9 * * *", "Asia/Tokyo"));
  });

  test("what is no schedule is refused with a reason", () => {
    const bad = [
      {},
      { at: "20m", every: "20m" },
      { at: "2026-02-30T10:00" },
      { at: "2025-01-01T00:00" },
      { at: "tomorrow" },
      { at: 1e300 },
      { every: "1s" },
      { every: "-5m" },
      { every: "400d" },
      { cron: "0 0 30 2 *" },
      { cron: "61 * * * *" },
      { cron: "* * * * * *" },
      { cron: "? 9 * * *" },
      { cron: "x".repeat(300) },
    ];
    for (const text of bad) assert.throws(() => readSchedule(text, Date.UTC(2026, 0, 1), "UTC"), { code: "bad_schedule" }, JSON.stringify(text));
    assert.throws(() => readSchedule({ cron: "0 9 * * *", timeZone: "Mars/Olympus" }, 0, "UTC"), { code: "bad_time_zone" });
  });
});

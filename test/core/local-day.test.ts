import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { dayNames, startOfDay } from "../../src/core/local-day.ts";

const at = (text: string) => Date.parse(text);

describe("local days", () => {
  test("a day begins at the zone's midnight, whatever its offset", () => {
    assert.equal(startOfDay(at("2026-06-01T12:34:56Z"), "UTC"), at("2026-06-01T00:00:00Z"));
    assert.equal(startOfDay(at("2026-06-01T12:34:56Z"), "Europe/Berlin"), at("2026-05-31T22:00:00Z"));
    assert.equal(startOfDay(at("2026-06-01T21:59:59Z"), "Europe/Berlin"), at("2026-05-31T22:00:00Z"));
    assert.equal(startOfDay(at("2026-06-01T22:00:00Z"), "Europe/Berlin"), at("2026-06-01T22:00:00Z"));
    assert.equal(startOfDay(at("2026-06-01T12:00:00Z"), "Asia/Kathmandu"), at("2026-05-31T18:15:00Z"));
    assert.equal(startOfDay(at("2026-06-01T12:00:00Z"), "Pacific/Kiritimati"), at("2026-06-01T10:00:00Z"));
    assert.equal(startOfDay(at("2026-06-01T12:00:00Z"), "No/Where"), at("2026-06-01T00:00:00Z"));
  });

  test("where the clocks change, the day still begins at its midnight, and one without a midnight with the change", () => {
    // 2026-03-29: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00.
    assert.equal(startOfDay(at("2026-03-29T10:00:00Z"), "Europe/Berlin"), at("2026-03-28T23:00:00Z"));
    assert.equal(startOfDay(at("2026-10-25T10:00:00Z"), "Europe/Berlin"), at("2026-10-24T22:00:00Z"));
    // In Cairo midnight of 2026-04-24 becomes one o'clock.
    assert.equal(startOfDay(at("2026-04-24T10:00:00Z"), "Africa/Cairo"), at("2026-04-23T22:00:00Z"));
  });

  test("every instant of a year lies in the day that begins before it and is named so", () => {
    for (const zone of ["Europe/Berlin", "America/St_Johns", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana"]) {
      const dayName = dayNames(zone);
      let before = 0;
      for (let hour = 0; hour < 366 * 24; hour += 13) {
        const now = at("2026-01-01T00:00:00Z") + hour * 3600_000;
        const start = startOfDay(now, zone);
        assert.ok(start <= now && now - start <= 25 * 3600_000, `${zone} ${new Date(now).toISOString()}`);
        assert.ok(start >= before);
        assert.equal(dayName(start), dayName(now), `${zone} ${new Date(now).toISOString()}`);
        assert.notEqual(dayName(start - 1), dayName(start));
        before = start;
      }
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ToolError } from "../../../src/core/errors.ts";
import { createTimeTool } from "../../../src/tools/time/index.ts";
import { createManualClock } from "../../fakes/manual-clock.ts";
import { toolContext, toolSuite } from "../../contract/tool-suite.ts";

describe("tools/time", () => {
  toolSuite({
    create: createTimeTool,
    good: [{}, { time_zone: "Asia/Kolkata" }, { time_zone: "UTC" }, { time_zone: "" }],
    bad: [{ time_zone: 5 }, { time_zone: "Mars/Olympus" }, { zone: "UTC" }],
  });

  const tell = async (at: number, args: unknown) => (await createTimeTool().run(args, { ...toolContext(), clock: createManualClock(at) })).text;

  it("tells the time in words and as ISO text, in the owner's zone by default", async () => {
    assert.equal(await tell(Date.UTC(2026, 0, 2, 9, 5, 6), {}), "Friday, 2 January 2026, 10:05 (Europe/Berlin, UTC+01:00)\n2026-01-02T10:05:06+01:00");
  });

  it("knows summer time, half hours and zones behind Greenwich", async () => {
    assert.match(await tell(Date.UTC(2026, 6, 1, 12), {}), /UTC\+02:00\)\n2026-07-01T14:00:00\+02:00$/u);
    assert.match(await tell(Date.UTC(2026, 6, 1, 12), { time_zone: "Asia/Kolkata" }), /2026-07-01T17:30:00\+05:30$/u);
    assert.match(await tell(Date.UTC(2026, 6, 1, 2), { time_zone: "America/New_York" }), /^Tuesday, 30 June 2026, 22:00 .*\n2026-06-30T22:00:00-04:00$/u);
    assert.match(await tell(Date.UTC(2026, 6, 1, 0), { time_zone: "UTC" }), /00:00 \(UTC, UTC\+00:00\)\n2026-07-01T00:00:00Z$/u);
  });

  it("names a zone that does not exist", async () => {
    await assert.rejects(
      tell(0, { time_zone: "Mars/Olympus" }),
      (error: unknown) => error instanceof ToolError && error.code === "bad_time_zone" && error.message.includes("Mars/Olympus"),
    );
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RequestError } from "../../../src/core/errors.ts";
import type { Job } from "../../../src/core/job.ts";
import type { JobInput, JobMaker } from "../../../src/core/jobs.ts";
import { createScheduleTool, type ScheduleToolDeps } from "../../../src/tools/schedule/index.ts";
import { OWNER, PRIVATE, toolContext, toolSuite } from "../../contract/tool-suite.ts";

const job = {
  id: "j1",
  name: "tea",
  enabled: true,
  nextAt: Date.UTC(2026, 0, 2),
  schedule: { kind: "at", at: Date.UTC(2026, 0, 2) },
  payload: { kind: "reminder", text: "x".repeat(500) },
} as unknown as Job;

function create(asked: { input?: JobInput; maker?: JobMaker } = {}) {
  const add = async (input: JobInput, maker: JobMaker) => {
    Object.assign(asked, { input, maker });
    if (input.schedule === undefined && input.name === undefined)
      throw new RequestError("bad_job", "a job needs a schedule", { hint: "clanker cron add --help" });
    return job;
  };
  const jobs: ScheduleToolDeps["jobs"] = { add, edit: async (_id, input, maker) => add(input, maker), list: async () => [job], remove: async () => {} };
  const session = { id: "session", key: "agent:main:main" };
  return createScheduleTool({ jobs, store: { getSession: async () => session as never }, show: ({ kind }) => kind });
}

describe("the tool schedule", () => {
  toolSuite({
    create,
    good: [
      { action: "add", at: "20m", reminder: "tea" },
      { action: "add", cron: "0 9 * * *", time_zone: "Europe/Berlin", message: "news", session: "here", quiet: true, name: "news" },
      { action: "list" },
      { action: "edit", id: "j1", name: "other", enabled: false },
      { action: "remove", id: "j1" },
    ],
    bad: [
      { action: "explode" },
      { action: "remove" },
      { action: "edit", name: "x" },
      { action: "add", reminder: "tea" },
      { action: "add", at: "20m", reminder: "a", message: "b" },
      { action: "edit", id: "j1", time_zone: "UTC" },
    ],
  });

  it("sec-91 hands on who speaks, in which session, and the label of the context", async () => {
    const asked: { input?: JobInput; maker?: JobMaker } = {};
    await create(asked).run({ action: "add", at: "20m", message: "look", session: "here", quiet: true }, toolContext());
    assert.deepEqual(asked.maker, { principal: OWNER, label: PRIVATE, session: "agent:main:main" });
    assert.equal(asked.input?.session, "agent:main:main");
    assert.equal(asked.input?.deliver, "quiet");
    assert.deepEqual(create().effects, ["schedule"]);
  });

  it("shows long texts short", async () => {
    const { text } = await create().run({ action: "list" }, toolContext());
    assert.ok(text.length < 400 && text.includes("2026-01-02 00:00 UTC"), text);
  });
});

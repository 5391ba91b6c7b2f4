import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createClanker } from "./run-clanker.ts";

describe("clanker cron", () => {
  const clanker = createClanker();
  before(async () => void (await clanker.startGateway()));
  after(() => clanker.close());

  test("add, list, edit, run, runs and remove from the command line", async () => {
    const added = await clanker.json([
      "cron",
      "add",
      "--cron",
      "0 9 * * 1-5",
      "--tz",
      "Europe/Berlin",
      "--message",
      "what is new?",
      "--name",
      "news",
      "--deliver",
      "quiet",
    ]);
    assert.equal(added.code, 0);
    const id = String(added.document["id"]);
    assert.match((await clanker.run(["cron", "list"])).stdout, new RegExp(`${id} +news +cron 0 9 \\* \\* 1-5 \\(Europe/Berlin\\) +\\d{4}-.* message +quiet`));
    assert.match((await clanker.run(["cron", "edit", id, "--disable"])).stdout, /switched off/);
    assert.match((await clanker.run(["cron", "edit", id, "--enable", "--every", "2h", "--max-tokens", "1000"])).stdout, /every 2h/);
    assert.equal((await clanker.run(["cron", "run", id])).code, 0);
    let runs: { status: string; trigger: string }[] = [];
    for (let i = 0; i < 100 && runs[0]?.status !== "done"; i += 1) runs = (await clanker.json(["cron", "runs", id])).document["runs"] as typeof runs;
    assert.deepEqual([runs.length, runs[0]?.status, runs[0]?.trigger], [1, "done", "manual"]);
    assert.match((await clanker.run(["cron", "runs"])).stdout, /news +manual +done/);
    assert.equal((await clanker.run(["cron", "remove", id])).code, 0);
    assert.equal((await clanker.run(["cron", "list"])).stdout.trim(), "no jobs");
  });

  test("what is wrong ends with 1 or 2 and a reason", async () => {
    const bad = await clanker.json(["cron", "add", "--at", "yesterday", "--reminder", "x"]);
    assert.deepEqual([bad.code, (bad.document["error"] as { code: string }).code], [1, "bad_schedule"]);
    assert.equal((await clanker.run(["cron", "remove", "none"])).code, 1);
    assert.equal((await clanker.run(["cron", "add", "--catch-up", "sometimes"])).code, 2);
    assert.equal((await clanker.run(["cron", "edit", "x", "--enable", "--disable"])).code, 2);
  });
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Methods } from "../../src/client/index.ts";
import { dayNames } from "../../src/core/local-day.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { openTestGateway, RawClient, type TestGateway } from "./open-test-gateway.ts";

const FILLER = "and so the story of this long afternoon went on and on. ".repeat(18);

describe("usage and compaction over RPC", () => {
  let gateway: TestGateway;
  let client: RawClient;
  /** Only listens. */
  let watcher: RawClient;
  before(async () => {
    const usage = { input: 100, output: 10, cacheRead: 50, cacheWrite: 0 };
    const provider = createScripted(({ system }) => reply(system.startsWith("You keep the minutes") ? "Facts: few." : `noted. ${FILLER}`, { usage }));
    gateway = await openTestGateway({ provider });
    client = await RawClient.authenticated(gateway);
    watcher = await RawClient.authenticated(gateway);
    await watcher.call("subscribe", {});
    for (const session of ["agent:main:a", "agent:main:b"])
      for (let turn = 0; turn < 3; turn += 1) await client.call("agent.run", { session, message: `message ${turn}. ${FILLER}` });
  });
  after(async () => {
    await client.close();
    await watcher.close();
    await gateway.stop();
  });
  const cost = async (params: Methods["usage.cost"]["params"]) =>
    (await client.call("usage.cost", params)).result as unknown as Methods["usage.cost"]["result"];

  test("usage.status tells today, a session, the budgets and the models", async () => {
    const status = (await client.call("usage.status", { session: "agent:main:a" })).result as unknown as Methods["usage.status"]["result"];
    assert.deepEqual([status.today.turns, status.today.tokens, status.session?.turns, status.session?.tokens], [6, 660, 3, 330]);
    assert.deepEqual(status.today.unpriced, ["scripted:test"]);
    assert.deepEqual(status.budgets, { day_tokens: 0, day_usd: 0, session_tokens: 0, session_usd: 0 });
    assert.deepEqual(
      status.models.map(({ model, turns }) => [model, turns]),
      [["scripted:test", 3]],
    );
  });

  test("usage.cost sums by model, day, session and turn; a model without a price has no usd", async () => {
    const byModel = await cost({});
    assert.deepEqual(byModel.rows, [
      { key: "all", model: "scripted:test", turns: 6, usage: { input: 600, output: 60, cacheRead: 300, cacheWrite: 0 }, tokens: 660 },
    ]);
    assert.deepEqual([byModel.total.usd, byModel.total.unpriced], [0, ["scripted:test"]]);
    assert.deepEqual(
      (await cost({ by: "day", days: 2 })).rows.map(({ key, turns }) => [key, turns]),
      [[dayNames("UTC")(gateway.deps.clock.now()), 6]],
    );
    assert.deepEqual((await cost({ by: "session" })).rows.map(({ key, tokens }) => [key, tokens]).toSorted(), [
      ["agent:main:a", 330],
      ["agent:main:b", 330],
    ]);
    assert.equal((await cost({ by: "turn", session: "agent:main:a" })).rows.length, 3);
    const cut = await cost({ by: "turn", limit: 2 });
    assert.deepEqual([cut.rows.length, cut.more, cut.total.tokens], [2, true, 660]);
    assert.equal((await cost({ from: 0, to: 1 })).rows.length, 0);
    assert.equal((await client.call("usage.cost", { session: "agent:main:none" })).error?.data.code, "session_not_found");
  });

  test("sessions.compact waits until the summary stands, tells what it saved, and the history stays whole", async () => {
    const { result } = await client.call("sessions.compact", { session: "agent:main:a" });
    const { outcome, entries, tokens_before: before_, tokens_after: after_ } = result as unknown as Methods["sessions.compact"]["result"];
    assert.deepEqual([outcome, entries], ["summarised", 4]);
    assert.ok(after_ < before_ / 2, `${after_} of ${before_}`);
    assert.equal(
      (await watcher.next(({ params }) => params?.event === "session.changed" && params.payload["change"] === "compacted")).params!.session,
      "agent:main:a",
    );
    assert.equal(((await client.call("chat.history", { session: "agent:main:a" })).result!["entries"] as unknown[]).length, 6);
    assert.equal((await client.call("sessions.compact", { session: "agent:main:a" })).result!["outcome"], "nothing");
    assert.equal((await client.call("sessions.compact", { session: "agent:main:none" })).error?.data.code, "session_not_found");
  });

  test("/compact on the page answers at once, and a notice tells how it went", async () => {
    const answer = await client.call("chat.send", { session: "agent:main:b", message: "/compact" });
    assert.match(String(answer.result!["reply"]), /I will say when it is done/);
    assert.match(String((await watcher.event("notice")).params!.payload["text"]), /^Done: a summary stands for 4 entries now/);
    assert.match(String((await client.call("chat.send", { session: "agent:main:b", message: "/usage" })).result!["reply"]), /^This conversation: 3 turns, /);
  });
});

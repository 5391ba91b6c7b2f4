import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openTestGateway, RawClient, type TestGateway } from "./open-test-gateway.ts";
import { connectDevice, pairDevice } from "./pair-device.ts";

describe("cron over RPC", () => {
  let gateway: TestGateway;
  let client: RawClient;
  before(async () => {
    gateway = await openTestGateway();
    client = await RawClient.authenticated(gateway);
  });
  after(async () => {
    await client.close();
    await gateway.stop();
  });
  const call = async (method: string, params: object = {}) => (await client.call(method, params)).result!;
  const codeOf = async (method: string, params: object) => (await client.call(method, params)).error?.data.code;

  test("a job is added, listed, changed, run, looked at and removed", async () => {
    const job = await call("cron.add", {
      every: "1h",
      message: "look around",
      name: "look",
      model: "scripted:test",
      max_tokens: 100,
      stagger: "5m",
      catch_up: "skip",
    });
    assert.deepEqual(
      [job["schedule"], job["every_ms"], job["kind"], job["deliver"], job["session"], job["stagger_ms"], job["catch_up"], job["person"]],
      ["every 1h", 3_600_000, "message", "owner", "own", 300_000, "skip", "owner"],
    );
    const id = job["id"];
    const edited = await call("cron.edit", { id, cron: "0 9 * * 1-5", time_zone: "Europe/Berlin", deliver: "telegram:default:77", session: "fresh" });
    assert.deepEqual(
      [edited["cron"], edited["time_zone"], edited["deliver"], edited["name"], edited["model"]],
      ["0 9 * * 1-5", "Europe/Berlin", "telegram:default:77", "look", "scripted:test"],
    );
    assert.deepEqual(
      ((await call("cron.list"))["jobs"] as { id: string }[]).map((one) => one.id),
      [id],
    );
    await client.call("subscribe", {});
    await client.call("cron.edit", { id, deliver: "quiet" });
    const run = await call("cron.run", { id });
    assert.equal(run["trigger"], "manual");
    const ran = await client.event("job.ran");
    assert.deepEqual([ran.params!.payload["job_id"], ran.params!.payload["outcome"], ran.params!.payload["run_id"]], [id, "done", run["id"]]);
    const [last] = (await call("cron.runs", { id }))["runs"] as Record<string, unknown>[];
    assert.deepEqual([last!["status"], last!["turn_id"]], ["done", ran.params!.payload["turn_id"]]);
    assert.equal((await call("cron.status"))["running"], true);
    assert.deepEqual(await call("cron.remove", { id }), { removed: true });
    assert.equal(await codeOf("cron.remove", { id }), "job_not_found");
    assert.equal(((await call("cron.runs", { id }))["runs"] as unknown[]).length, 1, "what has run is remembered");
  });

  test("what is wrong is refused with its code", async () => {
    const refused: [object, string][] = [
      [{ message: "x" }, "bad_job"],
      [{ at: "20m" }, "bad_job"],
      [{ at: "20m", every: "1h", message: "x" }, "bad_schedule"],
      [{ at: "2020-01-01T00:00", message: "x" }, "bad_schedule"],
      [{ cron: "nonsense", message: "x" }, "bad_schedule"],
      [{ cron: "0 9 * * *", time_zone: "Nowhere", message: "x" }, "bad_time_zone"],
      [{ at: "20m", message: "x", reminder: "y" }, "bad_job"],
      [{ at: "20m", reminder: "y", deliver: "quiet" }, "bad_job"],
      [{ at: "20m", reminder: "y", deliver: "nonsense" }, "bad_address"],
      [{ at: "20m", reminder: "y", deliver: "irc:default:x" }, "channel_not_found"],
      [{ at: "20m", message: "x", agent: "nobody" }, "agent_not_found"],
      [{ at: "20m", message: "x", max_delay: "soon" }, "bad_job"],
      [{ at: "20m", message: "x", surprise: 1 }, "bad_params"],
    ];
    for (const [params, code] of refused) assert.equal(await codeOf("cron.add", params), code, JSON.stringify(params));
    assert.equal(await codeOf("cron.edit", { id: "none", name: "x" }), "job_not_found");
    assert.equal(await codeOf("cron.run", { id: "none" }), "job_not_found");
    assert.equal(await codeOf("cron.runs", { id: "none" }), "job_not_found");
  });

  test("sec-93 a device without admin makes and changes no jobs", async () => {
    const { key } = await pairDevice(gateway, ["write"]);
    const { client: device } = await connectDevice(gateway, key);
    for (const [method, params] of [
      ["cron.add", { at: "20m", message: "x" }],
      ["cron.edit", { id: "x" }],
      ["cron.remove", { id: "x" }],
      ["cron.run", { id: "x" }],
    ] as const)
      assert.equal((await device.call(method, params)).error!.data.code, "forbidden", method);
    assert.ok((await device.call("cron.list", {})).result);
    await device.close();
  });
});

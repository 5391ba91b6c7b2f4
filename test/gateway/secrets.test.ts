import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { openTestGateway, type TestGateway } from "./open-test-gateway.ts";

describe("secrets and system over the API", () => {
  let gateway: TestGateway;
  afterEach(() => gateway.stop());

  test("a secret goes in, is listed by its name alone, and goes away", async () => {
    gateway = await openTestGateway();
    const value = "s3cret-value-that-must-not-come-out";
    const stored = await gateway.post("/api/secrets/set", { name: "telegram", value });
    assert.deepEqual(await stored.json(), { name: "telegram", place: "file" });
    assert.equal(gateway.secrets.get("telegram"), value);
    const listed = await (await gateway.call("/api/secrets/list")).text();
    assert.deepEqual(JSON.parse(listed), { secrets: [{ name: "telegram", place: "file" }] });
    assert.ok(!listed.includes(value));
    assert.deepEqual(await (await gateway.post("/api/secrets/remove", { name: "telegram" })).json(), { removed: true });
    const again = await gateway.post("/api/secrets/remove", { name: "telegram" });
    assert.equal(again.status, 404);
    assert.equal(((await again.json()) as { error: { code: string } }).error.code, "secret_not_found");
    assert.equal((await gateway.call("/api/secrets/set?name=a&value=b")).status, 405, "a value never travels in a query");
  });

  test("system.info says what runs, system.stop asks for a stop and is answered", async () => {
    gateway = await openTestGateway();
    const info = (await (await gateway.call("/api/system/info")).json()) as Record<string, unknown>;
    assert.deepEqual([info["version"], info["gateway"], info["pid"], info["node"]], ["test", "test-gateway", process.pid, process.version]);
    assert.deepEqual(await (await gateway.post("/api/system/stop", {})).json(), { stopping: true });
    assert.deepEqual(gateway.stops, ["token asked for it"]);
  });
});

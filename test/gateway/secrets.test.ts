import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { openTestGateway, type TestGateway } from "./open-test-gateway.ts";

describe("secrets, config and system over the API", () => {
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

  test("config.set and config.patch with the digest of another state are refused, with the present one they are made", async () => {
    gateway = await openTestGateway();
    const { digest } = (await (await gateway.call("/api/config/get")).json()) as { digest: string };
    const made = (await (await gateway.post("/api/config/patch", { patch: { agents: { max_tokens: 5 } }, digest })).json()) as { digest: string };
    assert.notEqual(made.digest, digest);
    const late = await gateway.post("/api/config/patch", { patch: { agents: { max_tokens: 6 } }, digest });
    assert.deepEqual([late.status, ((await late.json()) as { error: { code: string } }).error.code], [412, "config_changed"]);
    const head = await gateway.call("/control/config");
    assert.equal(head.headers.get("etag"), `"${made.digest}"`);
    const patch = (match: string) =>
      gateway.call("/control/config", { method: "PATCH", body: "{}", headers: { "content-type": "application/json", "if-match": match } });
    assert.equal((await patch(`"${digest}"`)).status, 412);
    assert.equal((await patch(`"${digest}", "${made.digest}"`)).status, 200);
    assert.equal((await patch("*")).status, 200);
    assert.equal((await gateway.call("/control/config", { headers: { "if-none-match": `"x", "${made.digest}"` } })).status, 304);
  });

  test("system.info says what runs, system.stop asks for a stop and is answered", async () => {
    gateway = await openTestGateway();
    const info = (await (await gateway.call("/api/system/info")).json()) as Record<string, unknown>;
    assert.deepEqual([info["version"], info["gateway"], info["pid"], info["node"]], ["test", "test-gateway", process.pid, process.version]);
    assert.deepEqual(await (await gateway.post("/api/system/stop", {})).json(), { stopping: true });
    assert.deepEqual(gateway.stops, ["token asked for it"]);
  });
});

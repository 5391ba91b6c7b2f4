import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { createClient, createDeviceKey, requestPairing, type DeviceKey } from "../../src/client/index.ts";
import { pinnedSocket, type Pin } from "../../src/cli/pinned-socket.ts";
import { RawClient } from "../gateway/open-test-gateway.ts";
import { createClanker, seen } from "./run-clanker.ts";

interface GatewayFile {
  readonly url: string;
  readonly tls?: Pin;
}

describe("a gateway with a self-signed certificate and the command line", () => {
  const clanker = createClanker();
  after(() => clanker.close());
  const env = { CLANKER__GATEWAY__TLS__ENABLED: "true" };
  const file = () => JSON.parse(readFileSync(join(clanker.home, "data", "gateway.json"), "utf8")) as GatewayFile;

  test("is reached by https and prints its fingerprint, status shows the same, and the certificate lasts over a restart, readable by its owner alone", async () => {
    const first = clanker.spawn(["start"], { ...env, CLANKER__GATEWAY__PORT: "0" });
    const printed = await seen(first.stdout, "Ctrl-C");
    assert.match(file().url, /^https:\/\/127\.0\.0\.1:\d+$/);
    assert.doesNotMatch(printed, /http:/);
    const fingerprint = /SHA-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})/.exec(printed)?.[1];
    assert.equal(file().tls?.fingerprint, fingerprint);
    if (process.platform !== "win32") assert.equal(statSync(join(clanker.home, "data", "gateway-tls.pem")).mode & 0o777, 0o600);
    const { code, document } = await clanker.json(["status"]);
    assert.deepEqual([code, document["tls_fingerprint"]], [0, fingerprint]);
    assert.ok((await clanker.run(["gateway", "status"])).stdout.includes(fingerprint!));
    assert.equal((await clanker.json(["gateway", "stop"])).code, 0);
    await clanker.startGateway(env);
    assert.equal(file().tls?.fingerprint, fingerprint);
  });

  test("sec-86 another certificate in the place of the gateway's is not talked to", async () => {
    const { url, tls } = file();
    const path = join(clanker.home, "data", "gateway.json");
    const text = readFileSync(path, "utf8");
    writeFileSync(
      path,
      JSON.stringify({ ...(JSON.parse(text) as object), tls: { ...tls, fingerprint: tls!.fingerprint.replace(/^../, (two) => (two === "00" ? "01" : "00")) } }),
    );
    const refused = await clanker.run(["status"]);
    writeFileSync(path, text);
    assert.equal(refused.code, 69, refused.stderr);
    assert.equal((await clanker.run(["status"])).code, 0);
    await assert.rejects(fetch(`${url}/health`), "who does not know the certificate does not accept it");
  });

  test("devices are listed, approved, rotated and revoked", async () => {
    const { url, tls } = file();
    const socket = { url: `${url.replace(/^http/, "ws")}/ws`, WebSocket: pinnedSocket(tls!, undefined) };
    const key = await createDeviceKey();
    const { gateway } = await requestPairing({ ...socket, key, scopes: ["read", "admin"], name: "my phone", platform: "test" });
    assert.match((await clanker.run(["devices", "list"])).stdout, new RegExp(`${key.id.slice(0, 10)} +my phone +test +asks for read, admin`));
    const codeOf = async (args: string[]) => ((await clanker.json(args)).document["error"] as { code: string }).code;
    assert.equal(await codeOf(["devices", "approve", "nobody"]), "device_not_found");
    const { document } = await clanker.json(["devices", "approve", key.id.slice(0, 10), "--scopes", "read"]);
    assert.deepEqual(document, { device_id: key.id, scopes: ["read"] });
    const client = createClient({ ...socket, device: { key, gateway }, retryMs: 20 });
    const hello = await client.connect();
    assert.deepEqual(hello.scopes, ["read"]);
    const ready = () => new Promise<void>((resolve) => client.on("state", (state) => state === "ready" && resolve()));
    const back = ready();
    assert.equal((await clanker.run(["devices", "rotate", key.id.slice(0, 10)])).code, 0);
    await back;
    const refused = new Promise<string>((resolve) => client.on("refused", (error) => resolve(error.code)));
    assert.equal((await clanker.run(["devices", "revoke", key.id.slice(0, 10)])).code, 0);
    assert.equal(await refused, "device_revoked");
    client.close();
    const other = await requestPairing({ ...socket, key: await createDeviceKey(), scopes: ["write"], name: "other" });
    const { document: listed } = await clanker.json(["devices", "list"]);
    const [request] = listed["requests"] as { request_id: string; device_id: string }[];
    assert.equal(request?.request_id, other.request_id);
    assert.equal((await clanker.run(["devices", "reject", request!.device_id])).code, 0);
    assert.deepEqual((await clanker.json(["devices", "list"])).document["requests"], []);
    const alike = await twoAlike();
    for (const one of alike) await requestPairing({ ...socket, key: one, scopes: ["read"], name: "alike" });
    assert.equal(await codeOf(["devices", "approve", alike[0].id.slice(0, 1)]), "device_ambiguous");
  });
});

/** Two keys whose ids begin with the same letter. */
async function twoAlike(): Promise<[DeviceKey, DeviceKey]> {
  const seen = new Map<string, DeviceKey>();
  for (;;) {
    const key = await createDeviceKey();
    const other = seen.get(key.id[0]!);
    if (other !== undefined) return [other, key];
    seen.set(key.id[0]!, key);
  }
}

describe("the gateway's own token", () => {
  const clanker = createClanker();
  after(() => clanker.close());
  const call = (url: string, token: string) => fetch(`${url}/api/ping`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
  const url = () => (JSON.parse(readFileSync(join(clanker.home, "data", "gateway.json"), "utf8")) as GatewayFile).url;

  test("sec-16 a new token holds at once: the old one is refused on HTTP, WS and every other door, and what it had opened is closed", async () => {
    const gateway = await clanker.startGateway();
    const old = readFileSync(join(clanker.home, "data", "gateway-token"), "utf8").trim();
    const next = "a-new-token-0123456789abcdef";
    const socket = await RawClient.open(`${url().replace(/^http/, "ws")}/ws`, { authorization: `Bearer ${old}` });
    const set = await clanker.json(["config", "set", "gateway.auth.token", next]);
    assert.deepEqual([set.code, set.document["applied"], set.document["restart_required"]], [0, ["gateway.auth.token"], []]);
    assert.equal((await socket.closed).code, 4012);
    assert.deepEqual([await call(url(), old), await call(url(), next)], [401, 200]);
    for (const path of ["/v1/models", "/metrics", "/control/config", "/api/media/x"])
      assert.equal((await fetch(url() + path, { headers: { authorization: `Bearer ${old}` } })).status, 401, path);
    await assert.rejects(RawClient.open(`${url().replace(/^http/, "ws")}/ws`, { authorization: `Bearer ${old}` }));
    assert.equal((await clanker.run(["status"])).code, 0, "the command line reads the new one");
    gateway.kill("SIGTERM");
    await once(gateway, "exit");
  });

  test("sec-25 the token that was made at the first start is no other secret either", async () => {
    const other = createClanker();
    const gateway = await other.startGateway();
    gateway.kill("SIGTERM");
    await once(gateway, "exit");
    const token = readFileSync(join(other.home, "data", "gateway-token"), "utf8").trim();
    writeFileSync(join(other.home, "config.toml"), `[channels.telegram]\nenabled = false\ntoken = "${token}"\n`);
    const { code, document } = await other.json(["start"]);
    assert.equal(code, 78);
    assert.equal((document["error"] as { code: string }).code, "gateway_token_shared");
    await other.close();
  });

  test("sec-16 a token changed by hand holds after a reload", async () => {
    const gateway = await clanker.startGateway();
    const path = join(clanker.home, "config.toml");
    const before = "a-new-token-0123456789abcdef";
    const next = "by-hand-0123456789abcdef";
    writeFileSync(path, readFileSync(path, "utf8").replace(before, next));
    assert.equal(await call(url(), next), 401);
    const reloaded = await fetch(`${url()}/api/config/reload`, { method: "POST", headers: { authorization: `Bearer ${before}` } });
    const { applied, restart_required } = (await reloaded.json()) as Record<string, unknown>;
    assert.deepEqual([applied, restart_required], [["gateway.auth.token"], []]);
    assert.deepEqual([await call(url(), before), await call(url(), next)], [401, 200]);
    gateway.kill("SIGTERM");
    await once(gateway, "exit");
  });
});

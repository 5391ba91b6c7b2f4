import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { createClient, createDeviceKey, requestPairing, type DeviceScope } from "../../src/client/index.ts";
import { systemClock } from "../../src/app/system.ts";
import { provesDevice } from "../../src/gateway/auth/device-proof.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { openTestGateway, RawClient, TOKEN, type Frame, type TestGateway, type TestGatewayOptions } from "./open-test-gateway.ts";
import { connectDevice, pairDevice, prove } from "./pair-device.ts";

describe("devices", () => {
  let gateway: TestGateway;
  const clients: { close(): unknown }[] = [];
  const open = async (options?: TestGatewayOptions) => (gateway = await openTestGateway({ options: { rateLimit: LOOSE }, ...options }));
  const LOOSE = { requestsPerMinute: 100_000, burst: 100_000, authFailuresPerMinute: 10_000 };
  const raw = async (headers?: Record<string, string>) => {
    const client = await RawClient.open(gateway.ws, headers);
    clients.push({ close: () => client.socket.terminate() });
    return client;
  };
  const connect = async (...args: [key: Awaited<ReturnType<typeof createDeviceKey>>, scopes?: readonly DeviceScope[]]) => {
    const connected = await connectDevice(gateway, ...args);
    clients.push({ close: () => connected.client.socket.terminate() });
    return connected;
  };
  const as = (token: string, path: string, body?: unknown) =>
    fetch(gateway.url + path, {
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
  const code = async (response: Response) => ((await response.json()) as { error?: { code: string } }).error?.code;
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await gateway.stop();
  });

  test("a device asks, the owner approves, and it is let in by its key and by its token with exactly the scopes it was given", async () => {
    await open();
    const owner = await raw({ authorization: `Bearer ${TOKEN}` });
    await owner.call("subscribe", { events: ["device.changed"] });
    const key = await createDeviceKey();
    const asked = await requestPairing({ url: gateway.ws, key, scopes: ["read", "write"], name: "my\u001b[2J phone", platform: "test" });
    assert.equal(asked.gateway, "test-gateway");
    assert.deepEqual((await owner.event("device.changed")).params!.payload, { device_id: key.id, change: "requested", name: "my\\u001b[2J phone" });
    assert.equal((await connect(key)).hello.error!.data.code, "device_pending");
    const { requests } = (await owner.call("device.pair.list")).result as { requests: { request_id: string; scopes: string[]; name: string }[] };
    assert.deepEqual(
      requests.map(({ request_id, scopes, name }) => [request_id, scopes, name]),
      [[asked.request_id, ["read", "write"], "my\\u001b[2J phone"]],
    );
    const approved = await owner.call("device.pair.approve", { request_id: asked.request_id, scopes: ["read"] });
    assert.deepEqual(approved.result, { device_id: key.id, scopes: ["read"] });
    const { client, hello } = await connect(key);
    assert.deepEqual(hello.result!["scopes"], ["read"]);
    assert.equal((await client.call("ping")).error, undefined);
    assert.equal((await client.call("chat.send", { message: "hi" })).error!.data.code, "forbidden");
    const token = String(hello.result!["device_token"]);
    assert.equal((await as(token, "/api/ping")).status, 200);
    assert.equal((await as(token, "/api/chat/send", { message: "hi" })).status, 403);
    assert.equal((await connect(key)).hello.result!["device_token"], undefined, "a token is told once");
    assert.equal(JSON.stringify((await owner.call("device.list")).result).includes(token.slice(-43)), false);
    assert.equal(JSON.stringify(await gateway.deps.store.listDevices({})).includes(token.slice(-43)), false, "only its digest is kept");
  });

  test("our own client signs in with a device, waits for its approval, comes back after a rotation and gives up when it is revoked", async () => {
    await open();
    const key = await createDeviceKey();
    const { request_id, gateway: id } = await requestPairing({ url: gateway.ws, key, scopes: ["read"], name: "client" });
    const client = createClient({ url: gateway.ws, device: { key, gateway: id }, retryMs: 20 });
    clients.push(client);
    const waited = new Promise<void>((resolve) => client.on("state", (state) => state === "waiting" && resolve()));
    const connected = client.connect();
    await waited;
    await gateway.post("/api/device/pair/approve", { request_id });
    assert.deepEqual((await connected).scopes, ["read"]);
    const back = new Promise<void>((resolve) => client.on("state", (state) => state === "ready" && resolve()));
    await gateway.post("/api/device/rotate", { device_id: key.id });
    await back;
    const refused = new Promise<string>((resolve) => client.on("refused", (error) => resolve(error.code)));
    await gateway.post("/api/device/revoke", { device_id: key.id });
    assert.equal(await refused, "device_revoked");
    const other = createClient({ url: gateway.ws, device: { key, gateway: "another" }, retryMs: 20 });
    clients.push(other);
    await assert.rejects(other.connect(), { code: "gateway_changed" });
  });

  test("sec-119 a proof of another key, nonce, gateway, purpose, time or scope is refused, and none is good twice", async () => {
    await open();
    const { key } = await pairDevice(gateway, ["read"]);
    const { key: other } = await pairDevice(gateway, ["admin"]);
    const attempt = async (change: (client: RawClient) => Promise<object>) => {
      const client = await raw();
      const answer = await client.call("authenticate", { device: await change(client) });
      await client.closed;
      return answer.error?.data.code ?? "let in";
    };
    const mine = (given: Parameters<typeof prove>[2]) => (client: RawClient) => prove(client, key, given);
    assert.equal(await attempt(mine({ gateway: "another" })), "unauthenticated");
    assert.equal(await attempt(mine({ nonce: "AAAAAAAAAAAAAAAAAAAAAA" })), "unauthenticated");
    assert.equal(await attempt(mine({ purpose: "pair" })), "unauthenticated");
    assert.equal(await attempt(mine({ signedAt: Date.now() - 6 * 60_000 })), "unauthenticated");
    assert.equal(await attempt(mine({ signedAt: Date.now() + 6 * 60_000 })), "unauthenticated");
    assert.equal(await attempt(mine({ scopes: ["admin"] })), "forbidden");
    assert.equal(await attempt(async (client) => ({ ...(await prove(client, key)), scopes: ["read"] })), "unauthenticated");
    assert.equal(await attempt(async (client) => ({ ...(await prove(client, key)), id: other.id })), "unauthenticated");
    assert.equal(await attempt(async (client) => ({ ...(await prove(client, key)), id: other.id, public_key: other.publicKey })), "unauthenticated");
    assert.equal(await attempt(async (client) => ({ ...(await prove(client, key)), signature: "A".repeat(86) })), "unauthenticated");
    const client = await raw();
    const proof = await prove(client, key);
    assert.equal((await client.call("authenticate", { device: proof })).error, undefined);
    assert.equal((await client.call("authenticate", { device: proof })).error!.data.code, "unauthenticated");
    const replayer = await raw();
    assert.equal((await replayer.call("authenticate", { device: proof })).error!.data.code, "unauthenticated");
    const stale = await raw();
    const first = await prove(stale, key);
    await stale.call("challenge", {});
    assert.equal((await stale.call("authenticate", { device: first })).error!.data.code, "unauthenticated", "a newer nonce voids the older");
    assert.equal((await (await raw()).call("authenticate", { device: proof, token: TOKEN })).error!.data.code, "bad_params");
  });

  test("a key has one spelling, and points that are none prove nothing", async () => {
    await open();
    const context = { purpose: "authenticate", gateway: "g", nonce: "n" } as const;
    for (const publicKey of ["", "A".repeat(43), "_".repeat(43), "A".repeat(86)])
      assert.equal(provesDevice({ id: "x", publicKey, scopes: [], signedAt: 0, signature: "A".repeat(86) }, context), false);
  });

  test("sec-13 a pairing device can neither touch a device that holds more nor hand out what it does not hold; the refusal says nothing", async () => {
    await open();
    const admin = await pairDevice(gateway, ["admin"]);
    const pairing = await pairDevice(gateway, ["pairing", "read"]);
    const writer = await pairDevice(gateway, ["write"]);
    const reader = await pairDevice(gateway, ["read"]);
    for (const [method, target] of [
      ["rotate", admin],
      ["revoke", admin],
      ["rotate", writer],
      ["revoke", writer],
    ] as const) {
      const refused = await as(pairing.token, `/api/device/${method}`, { device_id: target.key.id });
      assert.equal(refused.status, 403);
      assert.deepEqual(await refused.json(), { error: { code: "forbidden", message: "this credential may not do that to this device" } });
    }
    for (const { token } of [writer, reader]) {
      for (const method of ["rotate", "revoke", "pair/approve", "pair/reject", "list", "pair/list"])
        assert.equal((await as(token, `/api/device/${method}`, { device_id: reader.key.id })).status, 403, method);
    }
    const stranger = await createDeviceKey();
    const { request_id } = await requestPairing({ url: gateway.ws, key: stranger, scopes: ["admin"], name: "wants all" });
    assert.equal(await code(await as(pairing.token, "/api/device/pair/approve", { request_id })), "forbidden");
    assert.equal(await code(await as(pairing.token, "/api/device/pair/approve", { request_id, scopes: ["write"] })), "forbidden");
    assert.equal((await as(admin.token, "/api/ping")).status, 200);
    assert.equal((await as(pairing.token, "/api/device/pair/approve", { request_id, scopes: ["read"] })).status, 200);
    assert.equal((await as(pairing.token, "/api/device/rotate", { device_id: reader.key.id })).status, 200);
    assert.equal((await as(reader.token, "/api/ping")).status, 401);
    // A device that holds more asks again: the one who may only pair cannot answer for it and so take its scopes away.
    const again = await requestPairing({ url: gateway.ws, key: admin.key, scopes: ["read"], name: "admin" });
    assert.equal(await code(await as(pairing.token, "/api/device/pair/approve", { request_id: again.request_id })), "forbidden");
    assert.equal(await code(await as(pairing.token, "/api/device/pair/reject", { request_id: again.request_id })), "forbidden");
  });

  test("sec-15 revoking a device closes its streaming sockets, and nothing of it is accepted afterwards", async () => {
    const provider = createScripted(() => reply("word ".repeat(200)));
    await open({ provider });
    const { key, token } = await pairDevice(gateway, ["write"]);
    const { client } = await connect(key);
    const byToken = await raw({ authorization: `Bearer ${token}` });
    await client.call("subscribe");
    await client.call("chat.send", { message: "tell me" });
    await client.event("turn.delta");
    const seen: Frame[] = [];
    for (const { socket } of [client, byToken]) socket.on("message", (data) => seen.push(JSON.parse(String(data)) as Frame));
    const revoked = await gateway.post("/api/device/revoke", { device_id: key.id });
    assert.equal(revoked.status, 200);
    const { seq } = gateway.hub;
    gateway.hub.publish({ event: "notice", payload: { code: "after", text: "after" } });
    client.send({ jsonrpc: "2.0", id: "late", method: "ping" });
    assert.equal((await client.closed).code, 4012);
    assert.equal((await byToken.closed).code, 4012);
    assert.deepEqual(
      seen.filter((frame) => frame.id === "late" || (frame.params?.seq ?? 0) >= seq),
      [],
    );
    assert.equal((await as(token, "/api/ping")).status, 401);
    assert.equal((await connect(key)).hello.error!.data.code, "device_revoked");
  });

  test("sec-15 a running HTTP answer of a revoked device is cut", async () => {
    let entered = () => {};
    const inside = new Promise<void>((resolve) => (entered = resolve));
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await open({
      deps: {
        metricsText: async () => {
          entered();
          await held;
          return "late\n";
        },
      },
    });
    const { key, token } = await pairDevice(gateway, ["read"]);
    const answer = as(token, "/metrics").then(
      () => "answered",
      () => "cut",
    );
    await inside;
    await gateway.post("/api/device/revoke", { device_id: key.id });
    assert.equal(await answer, "cut");
    release();
  });

  test("sec-15 a record without a token has no role, whatever token is shown", async () => {
    await open();
    const { key, token } = await pairDevice(gateway, ["read"]);
    await gateway.post("/api/device/rotate", { device_id: key.id });
    assert.equal((await as(token, "/api/ping")).status, 401);
    for (const guess of [`device.${key.id}.${"A".repeat(43)}`, `device.${key.id}.`, `device.${"A".repeat(43)}.${"A".repeat(43)}`])
      assert.equal((await as(guess, "/api/ping")).status, 401, guess);
    const fresh = String((await connect(key)).hello.result!["device_token"]);
    assert.notEqual(fresh, token);
    assert.equal((await as(fresh, "/api/ping")).status, 200);
  });

  test("a device that has lost its token proves its key and asks for another one, which voids the first", async () => {
    await open();
    const { key, token } = await pairDevice(gateway, ["read"]);
    const byToken = await raw({ authorization: `Bearer ${token}` });
    const client = await raw();
    const hello = await client.call("authenticate", { device: { ...(await prove(client, key)), renew_token: true } });
    assert.equal((await byToken.closed).code, 4012);
    assert.equal((await client.call("ping")).error, undefined);
    assert.equal((await as(token, "/api/ping")).status, 401);
    assert.equal((await as(String(hello.result!["device_token"]), "/api/ping")).status, 200);
  });

  test("approval holds for the request that was shown: a later one has another id, and an old one cannot be answered", async () => {
    await open();
    const key = await createDeviceKey();
    const modest = await requestPairing({ url: gateway.ws, key, scopes: ["read"], name: "modest" });
    await requestPairing({ url: gateway.ws, key, scopes: ["admin"], name: "modest" });
    const approved = await gateway.post("/api/device/pair/approve", { request_id: modest.request_id });
    assert.equal(await code(approved), "device_request_not_found");
    assert.equal((await connect(key)).hello.error!.data.code, "device_pending");
  });

  test("asking to be paired is limited by address and by number, and an unanswered request is forgotten", async () => {
    await open({ options: { rateLimit: { ...LOOSE, authFailuresPerMinute: 3 } } });
    const ask = async () => requestPairing({ url: gateway.ws, key: await createDeviceKey(), scopes: ["read"], name: "x" });
    for (let i = 0; i < 3; i++) await ask();
    await assert.rejects(ask(), { code: "rate_limited" });
    await gateway.stop();
    await open();
    for (let i = 0; i < 20; i++) await ask();
    await assert.rejects(ask(), { code: "pairing_full" });
    const later = Date.now() + 11 * 60_000;
    const made = await gateway.deps.store.requestDevice({
      id: "later",
      publicKey: "k",
      name: "later",
      platform: "",
      request: { id: "r", scopes: [], expiresAt: later + 1 },
      most: 20,
      now: later,
    });
    assert.equal(made?.id, "later");
    assert.equal((await gateway.deps.store.listDevices({})).length, 1);
  });

  test("a rejected device is gone, and one that was paired keeps what it has", async () => {
    await open();
    const key = await createDeviceKey();
    const { request_id } = await requestPairing({ url: gateway.ws, key, scopes: ["read"], name: "no" });
    assert.equal((await gateway.post("/api/device/pair/reject", { request_id })).status, 200);
    assert.equal((await connect(key)).hello.error!.data.code, "device_unknown");
    const paired = await pairDevice(gateway, ["read"]);
    const wider = await requestPairing({ url: gateway.ws, key: paired.key, scopes: ["admin"], name: "more" });
    await gateway.post("/api/device/pair/reject", { request_id: wider.request_id });
    assert.deepEqual((await connect(paired.key)).hello.result!["scopes"], ["read"]);
    assert.equal((await as(paired.token, "/api/ping")).status, 200);
  });

  test("another gateway on the same store hears of a revocation over the bus", async () => {
    await open();
    const { key } = await pairDevice(gateway, ["read"]);
    const { client } = await connect(key);
    // As another gateway does it: in the store, then on the bus.
    await gateway.deps.store.revokeDevice({ id: key.id });
    gateway.deps.bus.publish("revoked", key.id);
    assert.equal((await client.closed).code, 4012);
  });

  test("a revocation that the bus has lost is found within 5 s", async () => {
    const clock = createManualClock();
    await open({ deps: { clock: { ...clock, now: systemClock.now } } });
    const { key } = await pairDevice(gateway, ["read"]);
    const { client } = await connect(key);
    await gateway.deps.store.revokeDevice({ id: key.id });
    await clock.advance(5_000);
    assert.equal((await client.closed).code, 4012);
    const stopping = gateway.stop();
    await clock.advance(10_000);
    await stopping;
  });

  test("what a device says is the owner's word only when it holds admin", async () => {
    const seen: string[] = [];
    const provider = createScripted(() => reply("ok"));
    await open({ provider });
    for (const scopes of [["write"], ["admin"]] as const) {
      const { token } = await pairDevice(gateway, scopes);
      const sent = await as(token, "/api/message", { message: "who am i", wait: true });
      assert.equal(sent.status, 200);
      const { turn_id } = (await sent.json()) as { turn_id: string };
      seen.push((await gateway.deps.store.getTurn({ id: turn_id }))!.principal.class);
    }
    assert.deepEqual(seen, ["trusted", "owner"]);
  });
});

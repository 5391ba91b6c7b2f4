import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { array, assert as assertProperty, asyncProperty, constant, constantFrom, dictionary, integer, oneof, string } from "fast-check";
import { createDeviceBook } from "../../src/gateway/auth/device-book.ts";
import { createDeviceDesk, type DeviceDesk } from "../../src/gateway/auth/device-desk.ts";
import { ClankerError, toClankerError } from "../../src/core/errors.ts";
import { v } from "../../src/lib/schema/index.ts";
import { includesScope, SCOPES, type Credential, type Scope } from "../../src/gateway/auth/credential.ts";
import { faceOf } from "../../src/gateway/http-error.ts";
import { defineMethod, type Call, type Method } from "../../src/gateway/method.ts";
import { callMethod, coreMethods, createRegistry, mayCall } from "../../src/gateway/registry.ts";
import { sha256Hex } from "../../src/lib/digest/index.ts";
import { createTimeTool } from "../../src/tools/time/index.ts";
import { openTestGateway, type TestGateway } from "./open-test-gateway.ts";

/** The whole table: a method that is not in it fails. */
const TABLE: Readonly<Record<Scope | "none", readonly string[]>> = {
  none: ["authenticate", "challenge", "device.pair.request"],
  read: [
    "agent.status",
    "agent.wait",
    "agents.list",
    "channels.list",
    "approvals.list",
    "channels.status",
    "chat.history",
    "config.schema",
    "cron.list",
    "cron.runs",
    "cron.status",
    "health",
    "messages.history",
    "models.list",
    "pairing.list",
    "ping",
    "rpc.discover",
    "sessions.get",
    "sessions.history",
    "sessions.list",
    "sessions.preview",
    "sessions.search",
    "status",
    "subscribe",
    "tools.list",
    "unsubscribe",
    "usage.cost",
    "usage.status",
  ],
  write: [
    "agent.run",
    "chat.abort",
    "chat.send",
    "send",
    "sessions.archive",
    "sessions.branch",
    "sessions.compact",
    "sessions.create",
    "sessions.delete",
    "sessions.patch",
    "sessions.reset",
    "sessions.restore",
    "tools.call",
  ],
  approvals: ["approvals.resolve"],
  pairing: [
    "device.list",
    "device.pair.approve",
    "device.pair.list",
    "device.pair.reject",
    "device.revoke",
    "device.rotate",
    "pairing.approve",
    "pairing.deny",
  ],
  admin: [
    "audit.list",
    "audit.verify",
    "channels.connect",
    "channels.disconnect",
    "channels.login",
    "channels.login_next",
    "channels.logout",
    "config.get",
    "config.patch",
    "config.reload",
    "config.set",
    "cron.add",
    "cron.edit",
    "cron.remove",
    "cron.run",
    "config.validate",
    "logs.tail",
    "secrets.list",
    "secrets.remove",
    "secrets.set",
    "sessions.export_user",
    "sessions.purge_user",
    "system.backup",
    "system.backups",
    "system.info",
    "system.stop",
  ],
};

const KEY = (letter: string) => letter.repeat(43);
const holder = (scopes: readonly Scope[]): Credential => ({ id: "t", scopes });

describe("the method registry", () => {
  let gateway: TestGateway;
  let devices: DeviceDesk;
  before(async () => {
    gateway = await openTestGateway({ tools: [createTimeTool()] });
    const book = createDeviceBook(gateway.deps, () => {});
    devices = createDeviceDesk({ ...gateway.deps, book });
  });
  after(() => gateway.stop());

  const callAs = (credential: Credential, connection = false): Call => ({
    deps: gateway.deps,
    credential,
    signal: AbortSignal.timeout(0),
    gateway: { connections: () => 0, startedAt: 0, devices, openRpc: async () => ({}) },
    ...(connection
      ? {
          connection: {
            authenticate: () => holder(SCOPES),
            provePairing: () => {},
            subscribe: () => ({ reset: false }),
            unsubscribe: () => {},
            nonce: () => "n",
          },
        }
      : {}),
  });

  test("sec-19 every method has exactly the scope that the table says", () => {
    const actual = Object.groupBy(coreMethods(), ({ scope }) => scope);
    for (const scope of ["none", ...SCOPES] as const)
      assert.deepEqual((actual[scope] ?? []).map(({ name }) => name).toSorted(), [...TABLE[scope]].toSorted(), scope);
  });

  test("sec-19 every method with every scope: called with less than its own it is forbidden before its parameters are looked at", async () => {
    const registry = createRegistry();
    for (const method of registry.methods.values()) {
      for (const scope of SCOPES) {
        const credential = holder([scope]);
        const allowed = method.scope === "none" || includesScope([scope], method.scope);
        assert.equal(mayCall(method, credential), allowed, `${method.name} as ${scope}`);
        if (allowed) continue;
        await assert.rejects(callMethod(registry, method.name, { garbage: true }, callAs(credential)), { code: "forbidden" }, `${method.name} as ${scope}`);
      }
      if (method.scope !== "none") assert.equal(mayCall(method, holder([])), false);
    }
  });

  test("sec-19 a method without an entry does not exist, one without a scope is forbidden to everybody", async () => {
    await assert.rejects(callMethod(createRegistry(), "no.such", {}, callAs(holder(SCOPES))), { code: "method_not_found" });
    const method = defineMethod({ name: "x", summary: "x", params: v.strictObject({}), result: v.object({}), scope: "read", handler: () => ({}) });
    const { scope: _, ...bare } = method;
    await assert.rejects(callMethod(createRegistry([bare as Method]), "x", {}, callAs(holder(SCOPES))), { code: "forbidden" });
    await assert.rejects(callMethod(createRegistry([{ ...method, scope: "everybody" as "read" }]), "x", {}, callAs(holder(SCOPES))), { code: "forbidden" });
  });

  test("every method refuses garbage with bad_params and never fails inside", async () => {
    const registry = createRegistry();
    for (const method of registry.methods.values()) {
      for (const garbage of [{ garbage: 1 }, { session: 5 }, { __proto__: null, constructor: 1 }, { key: "x".repeat(5000) }, { message: {} }, { limit: -1 }]) {
        const thrown = await callMethod(registry, method.name, garbage, callAs(holder(SCOPES), true)).then(
          () => undefined,
          (error: unknown) => error,
        );
        assert.ok(thrown instanceof ClankerError, `${method.name} ${JSON.stringify(garbage).slice(0, 60)} -> ${String(thrown)}`);
        assert.equal(faceOf(thrown).rpc, -32602, `${method.name}: ${thrown.code}`);
      }
      for (const garbage of [[], "x", 5, null])
        await assert.rejects(callMethod(registry, method.name, garbage, callAs(holder(SCOPES), true)), { code: "bad_params" });
    }
  });

  test("any parameters at all never make an internal error", async () => {
    const registry = createRegistry();
    const names = [...registry.methods.keys()].filter((name) => name !== "chat.send" && name !== "agent.run");
    const keys = ["session", "message", "key", "value", "patch", "limit", "since", "turn_id", "message_id", "channel", "to", "events", "config", "token"];
    const params = dictionary(constantFrom(...keys), oneof(string(), integer(), constant(null), array(string()), constant("agent:main:main")), { maxKeys: 3 });
    await assertProperty(
      asyncProperty(constantFrom(...names), params, async (name, given) => {
        const error = await callMethod(registry, name, given, callAs(holder(SCOPES), true)).then(
          () => undefined,
          (thrown: unknown) => toClankerError(thrown),
        );
        if (error !== undefined) assert.notEqual(faceOf(error).status, 500, `${name} ${JSON.stringify(given)}: ${error.stack}`);
      }),
      { numRuns: 300 },
    );
  });

  test("sec-20 names that reach a prototype are refused at any depth", async () => {
    const registry = createRegistry();
    for (const text of ['{"patch":{"__proto__":{"x":1}}}', '{"patch":{"a":{"constructor":{"prototype":{"x":1}}}}}', '{"patch":{"a":[{"__proto__":1}]}}']) {
      await assert.rejects(callMethod(registry, "config.patch", JSON.parse(text), callAs(holder(SCOPES))), { code: "bad_params" });
    }
    for (const key of ["__proto__.x", "a.constructor", "a.prototype.b"]) {
      await assert.rejects(callMethod(registry, "config.set", { key, value: 1 }, callAs(holder(SCOPES))), { code: "bad_params" });
      await assert.rejects(callMethod(registry, "config.get", { key }, callAs(holder(SCOPES))), { code: "bad_params" });
    }
    assert.equal(({} as Record<string, unknown>)["x"], undefined);
  });

  test("sec-37 a wrong pairing code is not found, and after five of them every one is refused for an hour", async () => {
    const other = await openTestGateway();
    const call = { ...callAs(holder(["pairing"])), deps: other.deps };
    const approve = (code: string) => callMethod(createRegistry(), "pairing.approve", { code }, call);
    for (let i = 0; i < 5; i += 1) await assert.rejects(approve(`WR0NG00${i}`), { code: "pairing_not_found" });
    await assert.rejects(approve("WR0NG009"), { code: "pairing_locked" });
    await assert.rejects(callMethod(createRegistry(), "pairing.deny", { pairing_id: "nobody" }, call), { code: "pairing_not_found" });
    await assert.rejects(callMethod(createRegistry(), "pairing.deny", {}, call), { code: "bad_params" });
    await assert.rejects(callMethod(createRegistry(), "approvals.resolve", { approval: "CODE1", decision: "once" }, call), { code: "forbidden" });
    await assert.rejects(callMethod(createRegistry(), "approvals.resolve", { approval: "X", decision: "once", approved: true }, callAs(holder(SCOPES))), {
      code: "bad_params",
    });
    await other.stop();
  });

  test("every answer has the shape that its entry promises", async () => {
    const registry = createRegistry();
    const run = (await callMethod(registry, "agent.run", { message: "hi" }, { ...callAs(holder(SCOPES)), signal: new AbortController().signal })) as {
      message_id: string;
    };
    const job = (await callMethod(registry, "cron.add", { at: "1h", reminder: "tea", deliver: "owner" }, callAs(holder(SCOPES)))) as { id: string };
    const params: Record<string, object> = {
      authenticate: { token: "x" },
      "agent.run": { message: "again" },
      "agent.wait": { message_id: run.message_id },
      "approvals.resolve": { approval: "CODE1", decision: "deny" },
      "pairing.approve": { code: "PA1RING1" },
      "pairing.deny": { code: "PA1RING2" },
      "channels.connect": { channel: "telegram" },
      "channels.disconnect": { channel: "telegram" },
      "channels.login": { channel: "telegram" },
      "channels.login_next": { login_id: "login-1", after: 1 },
      "channels.logout": { channel: "telegram" },
      "chat.abort": { session: "agent:main:main" },
      "chat.send": { message: "hi" },
      "cron.add": { every: "1h", message: "hi" },
      "cron.edit": { id: job.id, name: "other" },
      "cron.run": { id: job.id },
      "cron.remove": { id: job.id },
      "config.patch": { patch: { a: 1 } },
      "config.set": { key: "a.b", value: 1 },
      "config.validate": { config: {} },
      send: { channel: "telegram", to: "1", message: "hi" },
      "secrets.set": { name: "key", value: "hidden" },
      "secrets.remove": { name: "key" },
      "sessions.get": { session: "agent:main:main" },
      "sessions.patch": { session: "agent:main:main", label: "x" },
      "sessions.preview": { session: "agent:main:main" },
      "sessions.search": { query: "again" },
      "sessions.branch": { session: "agent:main:main" },
      "sessions.archive": { session: "agent:main:main" },
      "sessions.restore": { session: "agent:main:main" },
      "sessions.compact": { session: "agent:main:main" },
      "sessions.export_user": { person: "owner" },
      "sessions.purge_user": { channel: "telegram", sender: "77" },
      "sessions.reset": { session: "agent:main:main" },
      "tools.call": { name: "time" },
      "sessions.delete": { session: "agent:main:web:chat:gone" },
      "device.pair.request": { device: { id: KEY("a"), public_key: KEY("a"), scopes: ["read"], signed_at: 0, signature: "A".repeat(86) }, name: "a" },
      "device.pair.approve": { request_id: "request-b" },
      "device.pair.reject": { request_id: "request-c" },
      "device.rotate": { device_id: KEY("d") },
      "device.revoke": { device_id: KEY("d") },
    };
    for (const name of ["b", "c", "d"]) {
      const request = { id: `request-${name}`, scopes: ["read"], expiresAt: Number.MAX_SAFE_INTEGER };
      await gateway.deps.store.requestDevice({ id: KEY(name), publicKey: KEY(name), name, platform: "", request, most: 9, now: 0 });
    }
    await devices.approve(holder(SCOPES), "request-d");
    await callMethod(registry, "sessions.create", { session: "agent:main:web:chat:gone" }, callAs(holder(SCOPES)));
    await askAndKnock(gateway);
    await gateway.deps.store.addPerson({ channel: "telegram", account: "default", senderId: "77", personId: "p77", now: 0 });
    for (const method of registry.methods.values()) {
      const call = { ...callAs(holder(SCOPES), true), signal: new AbortController().signal };
      const result = await callMethod(registry, method.name, params[method.name], call);
      const checked = v.safeParse(method.result, result);
      assert.ok(checked.success, `${method.name}: ${JSON.stringify(checked.issues?.[0]?.message)} ${JSON.stringify(result)}`);
    }
  });
});

/** A question with code CODE1, and two strangers with codes. */
async function askAndKnock({ deps: { store } }: TestGateway): Promise<void> {
  const now = Date.now();
  const where = { channel: "telegram", account: "default", conversation: "1" };
  const { session } = await store.createSession({ session: { id: "asking", key: "agent:main:asking", agent: "main" }, now });
  const fence = (await store.claimLease({ lease: `lane:${session.id}`, owner: "test", now, leaseMs: 60_000 }))!;
  const principal = { person: "owner", class: "owner" as const, where, direct: true };
  const label = { integrity: "OWNER" as const, confidentiality: "PRIVATE" as const };
  const ids = { id: "ask-1", code: "CODE1", sessionId: session.id, turnId: "none", callId: "c1", tool: "x", plan: "{}", digest: "d", planKey: "k" };
  const approval = { ...ids, principal, label, reason: "r", text: "t", rememberable: true, shownAt: [where], askedAt: now, expiresAt: now + 60_000 };
  await store.openApproval({ fence, approval, audit: { kind: "approval.asked", actor: "owner", data: {} }, now });
  const knock = (sender: string, code: string) => ({
    kind: "refused" as const,
    ...where,
    key: sender,
    senderId: sender,
    update: { type: "membership" as const, change: "joined" as const, key: sender, address: where, sender: { id: sender }, direct: true, at: now },
    notice: { id: `n${sender}`, address: where, parts: [], expiresAt: now },
    pairing: { id: `p${sender}`, codeHash: sha256Hex(code), address: where, expiresAt: now + 60_000 },
  });
  await store.acceptUpdates({ items: [knock("5", "PA1R1NG1"), knock("6", "PA1R1NG2")], now, owner: "test", leaseMs: 1 });
}

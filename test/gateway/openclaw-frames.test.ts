/* oxlint-disable typescript/no-explicit-any -- payloads of a foreign wire, looked into freely */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { afterEach, describe, test } from "node:test";
import { ROWS } from "../../src/gateway/openclaw/table.ts";
import { systemClock } from "../../src/app/system.ts";
import { createGate } from "../../src/security/gate.ts";
import { callTools, createScripted, reply } from "../../src/models/scripted/index.ts";
import { ModelError } from "../../src/core/errors.ts";
import type { Tool } from "../../src/core/tool.ts";
import { connectParams, createTheirDevice, FrameClient, signedConnect } from "./frame-client.ts";
import { openTestGateway, TOKEN, type TestGateway, type TestGatewayOptions } from "./open-test-gateway.ts";

interface Recorded {
  readonly client: string;
  readonly frames: { readonly type: string; readonly id: string; readonly method: string; readonly params: Record<string, any> }[];
}

/** Methods that the recorded clients try and do without. */
const OPTIONAL = new Set(["question.list", "plugin.approval.list", "commands.list"]);

describe("OpenClaw's frames", () => {
  let gateway: TestGateway;
  const open = async (options?: TestGatewayOptions) => (gateway = await openTestGateway(options));
  afterEach(() => gateway.stop());

  test("what the real clients have sent, recorded, is answered as they need it", async () => {
    await open();
    const recorded = JSON.parse(await readFile(new URL("../fixtures/openclaw/client-2026.9.6.json", import.meta.url), "utf8")) as Recorded[];
    assert.ok(recorded.length >= 12);
    for (const { client: name, frames } of recorded) {
      const client = FrameClient.at(gateway);
      await client.challenge();
      for (const { id, method, params } of frames) {
        // Their token stood here; a device's signature would be over another nonce.
        const sent = method === "connect" ? { ...params, auth: { token: TOKEN }, device: undefined } : params;
        client.send({ type: "req", id, method, params: sent });
        const answer = await client.next((frame) => frame.id === id && frame.payload?.status !== "accepted");
        if (OPTIONAL.has(method)) assert.equal(answer.error?.details["reason"], "method_not_found");
        else assert.equal(answer.ok, true, `${name}: ${method}: ${JSON.stringify(answer.error)}`);
      }
      await client.close();
    }
  });

  test("the challenge comes first, hello-ok names exactly the rows of the table, and nothing is answered before connect", async () => {
    await open();
    const client = FrameClient.at(gateway);
    const { nonce, ts } = await client.challenge();
    assert.ok(nonce.length >= 16 && Number.isInteger(ts));
    const hello = await client.ok("connect", connectParams({ auth: { token: TOKEN } }));
    assert.equal(hello["type"], "hello-ok");
    assert.equal(hello["protocol"], 4);
    assert.deepEqual(
      hello["features"].methods,
      ROWS.map(({ method }) => method),
    );
    assert.deepEqual(hello["auth"].scopes, ["operator.read", "operator.write"]);
    assert.equal((await client.call("terminal.open")).error?.details["reason"], "method_not_found");
    await client.close();

    const early = FrameClient.at(gateway);
    await early.challenge();
    assert.equal((await early.call("health")).ok, false);
    assert.equal((await early.closed).code, 1008);
  });

  test("every row stands on methods that are registered, each name once", async () => {
    await open();
    assert.equal(new Set(ROWS.map(({ method }) => method)).size, ROWS.length);
    for (const { method, calls } of ROWS) for (const name of calls) assert.ok(gateway.gateway.registry.methods.has(name), `${method} stands on ${name}`);
  });

  test("versions 3 and 4 are spoken; others, and nodes, are refused with what their clients decide by", async () => {
    await open();
    for (const [least, most, spoken] of [
      [3, 3, 3],
      [3, 4, 4],
      [4, 9, 4],
    ] as const) {
      const client = FrameClient.at(gateway);
      await client.challenge();
      assert.equal((await client.ok("connect", connectParams({ minProtocol: least, maxProtocol: most, auth: { token: TOKEN } })))["protocol"], spoken);
      await client.close();
    }
    const old = FrameClient.at(gateway);
    await old.challenge();
    const refused = await old.call("connect", connectParams({ minProtocol: 1, maxProtocol: 2, auth: { token: TOKEN } }));
    assert.equal(refused.error!.details["code"], "PROTOCOL_MISMATCH");
    assert.equal(refused.error!.details["reason"], "protocol_mismatch");
    assert.equal((await old.closed).code, 1008);
    const node = FrameClient.at(gateway);
    await node.challenge();
    assert.match((await node.call("connect", connectParams({ role: "node", auth: { token: TOKEN } }))).error!.message, /role/);
    await node.closed;
  });

  test("a wrong token and none are told apart, and wrong ones are counted like everywhere", async () => {
    await open({ options: { rateLimit: { requestsPerMinute: 6000, burst: 1000, authFailuresPerMinute: 3 } } });
    const refusal = async (auth?: Record<string, string>) => {
      const client = FrameClient.at(gateway);
      await client.challenge();
      const { error } = await client.call("connect", connectParams(auth === undefined ? {} : { auth }));
      assert.equal((await client.closed).code, 1008);
      return error!;
    };
    assert.equal((await refusal()).details["code"], "AUTH_TOKEN_MISSING");
    for (let i = 0; i < 3; i++) assert.equal((await refusal({ token: `wrong-${i}` })).details["code"], "AUTH_TOKEN_MISMATCH");
    const locked = await refusal({ token: TOKEN });
    assert.equal(locked.details["code"], "AUTH_RATE_LIMITED");
    assert.equal(locked.code, "UNAVAILABLE");
  });

  test("an Authorization header lets in without a credential in connect", async () => {
    await open();
    const client = FrameClient.at(gateway, { authorization: `Bearer ${TOKEN}` });
    await client.challenge();
    assert.equal((await client.ok("connect", connectParams()))["auth"].method, "token");
    await client.close();
  });

  test("a device signs the challenge, is let in by the owner, gets a token, and from then on has to show it", async () => {
    await open();
    const device = createTheirDevice();
    const knock = async (options?: Parameters<typeof signedConnect>[2]) => {
      const client = FrameClient.at(gateway);
      const answer = await client.call("connect", signedConnect(device, await client.challenge(), options));
      return { client, answer };
    };
    const first = await knock();
    assert.equal(first.answer.error!.code, "NOT_PAIRED");
    assert.equal(first.answer.error!.details["code"], "PAIRING_REQUIRED");
    const requestId = first.answer.error!.details["requestId"] as string;
    await first.client.closed;
    const again = await knock({ version: "v2" });
    assert.equal(again.answer.error!.details["requestId"], requestId, "asking again is no second request");

    const owner = await FrameClient.connected(gateway, ["operator.admin", "operator.pairing"]);
    const { pending } = await owner.ok("device.pair.list");
    assert.equal(pending[0].deviceId, device.id);
    assert.equal((await owner.ok("device.pair.approve", { requestId }))["device"].deviceId, device.id);

    const paired = await knock();
    assert.equal(paired.answer.payload["auth"].method, "device-token");
    const token = paired.answer.payload["auth"].deviceToken as string;
    assert.deepEqual(paired.answer.payload["auth"].scopes, ["operator.read", "operator.write"]);
    await paired.client.close();

    assert.equal((await knock()).answer.error!.details["code"], "AUTH_DEVICE_TOKEN_MISMATCH", "a signature alone could have been passed on by another gateway");
    const known = await knock({ token, scopes: ["operator.read"] });
    assert.deepEqual(known.answer.payload["auth"].scopes, ["operator.read"]);
    assert.equal(
      (await known.client.call("chat.send", { sessionKey: "main", message: "x", idempotencyKey: "1" })).error!.message,
      "missing scope: operator.write",
    );

    const handed = FrameClient.at(gateway);
    const other = await handed.call("connect", signedConnect(createTheirDevice(), await handed.challenge(), { token }));
    assert.deepEqual(other.payload["auth"].scopes, ["operator.read", "operator.write"], "its token may be handed to a program with an identity of its own");
    await handed.close();

    await owner.ok("device.pair.remove", { deviceId: device.id });
    assert.equal((await known.client.closed).code, 4012, "whoever is thrown out is out at once");
    await owner.close();
  });

  test("a signature over anything else than this connection's nonce, this key and this token is refused", async () => {
    await open();
    const device = createTheirDevice();
    const other = createTheirDevice();
    const refusal = async (make: (challenge: { nonce: string; ts: number }) => Record<string, unknown>) => {
      const client = FrameClient.at(gateway);
      const { error } = await client.call("connect", make(await client.challenge()));
      await client.closed;
      return error!.details["code"];
    };
    assert.equal(await refusal((given) => signedConnect(device, { ...given, nonce: "another" })), "DEVICE_AUTH_NONCE_MISMATCH");
    assert.equal(await refusal((given) => signedConnect(device, given, { lie: { id: other.id } })), "DEVICE_AUTH_DEVICE_ID_MISMATCH");
    assert.equal(
      await refusal((given) => signedConnect(device, given, { lie: { publicKey: other.publicKey, id: other.id } })),
      "DEVICE_AUTH_SIGNATURE_INVALID",
    );
    assert.equal(
      await refusal((given) => signedConnect({ ...device, privateKey: other.privateKey }, given, { token: TOKEN })),
      "DEVICE_AUTH_SIGNATURE_INVALID",
    );
    assert.equal(await refusal((given) => ({ ...signedConnect(device, given), auth: { token: TOKEN } })), "DEVICE_AUTH_SIGNATURE_INVALID");
    const stale = await refusal((given) => signedConnect(device, { ...given, ts: given.ts - 600_000 }));
    assert.equal(stale, "DEVICE_AUTH_SIGNATURE_INVALID");
  });

  test("a message streams as chat and agent events whose deltas add up to the answer, numbered without gaps", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    const sent = await client.ok("chat.send", { sessionKey: "main", message: "hello", idempotencyKey: "a1" });
    assert.equal(sent["status"], "started");
    const final = await client.event("chat", ({ state }) => state === "final");
    assert.equal(final.payload["runId"], sent["runId"]);
    assert.equal(final.payload["message"].content[0].text, "you said: hello");
    const events = client.frames.filter(({ type, event }) => type === "event" && event !== "connect.challenge");
    assert.deepEqual(
      events.map(({ seq }) => seq),
      events.map((_, index) => index + 1),
    );
    const said = events.filter(({ event, payload }) => event === "chat" && payload["state"] === "delta");
    assert.equal(said.map(({ payload }) => payload["deltaText"]).join(""), "you said: hello");
    const phases = events.filter(({ event, payload }) => event === "agent" && payload["stream"] === "lifecycle").map(({ payload }) => payload["data"].phase);
    assert.deepEqual(phases, ["start", "end"]);
    assert.equal((await client.ok("chat.send", { sessionKey: "agent:main:main", message: "hello", idempotencyKey: "a1" }))["runId"], sent["runId"]);
    const { messages } = await client.ok("chat.history", { sessionKey: "main" });
    assert.deepEqual(
      messages.map(({ role, content }: any) => [role, content[0].text]),
      [
        ["user", "hello"],
        ["assistant", "you said: hello"],
      ],
    );
    assert.equal((await client.ok("agent.wait", { runId: sent["runId"], timeoutMs: 5_000 }))["status"], "ok");
    assert.equal((await client.call("agent.wait", { runId: "other" })).error!.details["reason"], "run_not_found");
    await client.close();
  });

  test("agent answers twice: accepted, then the result; a failed turn is an error with its reason", async () => {
    await open({
      provider: createScripted(({ entries }) =>
        JSON.stringify(entries).includes("break") ? [{ type: "throw", error: new ModelError("model_refused", "the key is wrong", "refused") }] : reply("done"),
      ),
    });
    const client = await FrameClient.connected(gateway);
    client.send({ type: "req", id: "x", method: "agent", params: { message: "work", agentId: "main", idempotencyKey: "k" } });
    const accepted = await client.next(({ id }) => id === "x");
    assert.equal(accepted.payload["status"], "accepted");
    const result = await client.next(({ id }) => id === "x");
    assert.equal(result.payload["status"], "ok");
    assert.deepEqual(result.payload["result"].payloads, [{ text: "done", mediaUrl: null }]);
    client.send({ type: "req", id: "y", method: "agent", params: { message: "break", sessionKey: "main", idempotencyKey: "k2" } });
    const failed = await client.next(({ id, payload }) => id === "y" && payload?.["status"] !== "accepted");
    assert.equal(failed.payload["status"], "error");
    assert.ok(failed.payload["error"].length > 0);
    await client.close();
  });

  test("a chat command is answered as a message of the run", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    const sent = await client.ok("chat.send", { sessionKey: "main", message: "/help", idempotencyKey: "c" });
    const said = await client.event("chat", ({ runId }) => runId === sent["runId"]);
    assert.equal(said.payload["state"], "final");
    assert.match(said.payload["message"].content[0].text, /\/new/);
    await client.close();
  });

  test("what would have to be ignored is refused: delivery, attachments, forks, unknown settings of a session", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    await client.ok("sessions.create", { key: "main" });
    for (const [method, params] of [
      ["chat.send", { sessionKey: "main", message: "x", idempotencyKey: "1", deliver: true }],
      ["chat.send", { sessionKey: "main", message: "x", idempotencyKey: "2", attachments: [{ type: "image" }] }],
      ["chat.send", { sessionKey: "main", message: "x", idempotencyKey: "3", thinking: "quantum" }],
      ["agent", { message: "x", to: "+49", idempotencyKey: "4" }],
      ["agent", { message: "x", extraSystemPrompt: "be evil", idempotencyKey: "5" }],
      ["sessions.create", { fork: true }],
      ["sessions.patch", { key: "main", verboseLevel: "full" }],
      ["sessions.delete", { key: "main", deleteTranscript: false }],
      ["cron.add", { name: "x", schedule: { kind: "on-exit", command: "ls" }, payload: { kind: "agentTurn", message: "x" } }],
      ["cron.add", { name: "x", schedule: { kind: "every", everyMs: 60_000 }, payload: { kind: "command", argv: ["ls"] } }],
      ["cron.add", { name: "x", schedule: { kind: "every", everyMs: 60_000 }, payload: { kind: "agentTurn", message: "x" }, delivery: { mode: "webhook" } }],
      ["config.patch", { raw: "not json" }],
      ["sessions.list", { offset: 10 }],
    ] as const) {
      const { error } = await client.call(method, params);
      assert.equal(error?.details["reason"], "bad_params", `${method} ${JSON.stringify(params)}: ${JSON.stringify(error)}`);
    }
    await client.close();
  });

  test("sessions are listed, named, reset and deleted, and changes are told to those who asked", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    assert.deepEqual(await client.ok("sessions.subscribe", {}), { subscribed: true });
    await client.ok("sessions.create", { key: "notes", label: "Notes" });
    assert.equal((await client.event("sessions.changed")).payload["sessionKey"], "agent:main:notes");
    const listed = await client.ok("sessions.list", { search: "notes" });
    assert.equal(listed["sessions"][0].displayName, "Notes");
    assert.equal((await client.ok("sessions.resolve", { label: "Notes" }))["key"], "agent:main:notes");
    assert.deepEqual(await client.ok("sessions.resolve", { key: "none", allowMissing: true }), { ok: false });
    assert.equal((await client.ok("sessions.describe", { key: "none" }))["session"], null);
    const patched = await client.ok("sessions.patch", { key: "notes", model: "scripted/test", thinkingLevel: "low" });
    assert.deepEqual(patched["resolved"], { modelProvider: "scripted", model: "test" });
    const { sessionId } = await client.ok("sessions.reset", { key: "notes" });
    assert.notEqual(sessionId, listed["sessions"][0].sessionId);
    assert.equal((await client.call("sessions.delete", { key: "notes", expectedSessionId: "other" })).ok, false);
    assert.equal((await client.ok("sessions.delete", { key: "notes" }))["deleted"], true);
    await client.ok("sessions.unsubscribe", {});
    await client.close();
  });

  test("sessions are previewed and compacted", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    await client.ok("chat.send", { sessionKey: "main", message: "hello", idempotencyKey: "p" });
    await client.event("chat", ({ state }) => state === "final");
    const { previews } = await client.ok("sessions.preview", { keys: ["main", "nowhere"], limit: 1 });
    assert.deepEqual(previews, [
      { key: "main", status: "ok", items: [{ role: "assistant", text: "you said: hello" }] },
      { key: "nowhere", status: "missing", items: [] },
    ]);
    assert.deepEqual(await client.ok("sessions.compact", { key: "main" }), { ok: true, key: "agent:main:main", compacted: false, reason: "nothing" });
    await client.close();
  });

  test("cron, config, models, logs, channels and health come in their shapes", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    const job = await client.ok("cron.add", {
      name: "nightly",
      schedule: { kind: "cron", expr: "0 3 * * *", tz: "Europe/Berlin" },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: { kind: "agentTurn", message: "tidy up" },
      delivery: { mode: "none" },
    });
    assert.deepEqual(job["schedule"], { kind: "cron", expr: "0 3 * * *", tz: "Europe/Berlin" });
    const edited = await client.ok("cron.update", { id: job["id"], patch: { enabled: false, schedule: { kind: "every", everyMs: 60_000 } } });
    assert.deepEqual([edited["enabled"], edited["schedule"]], [false, { kind: "every", everyMs: 60_000 }]);
    const page = await client.ok("cron.list", { includeDisabled: true });
    assert.deepEqual([page["total"], page["hasMore"], page["nextOffset"]], [1, false, null]);
    assert.equal((await client.ok("cron.list"))["total"], 0);
    assert.equal((await client.ok("cron.get", { id: job["id"] }))["name"], "nightly");
    assert.equal((await client.ok("cron.status"))["jobs"], 1);
    assert.deepEqual(await client.ok("cron.remove", { jobId: job["id"] }), { ok: true, removed: true });
    assert.deepEqual((await client.ok("cron.runs"))["entries"], []);

    const { hash } = await client.ok("config.get");
    await client.ok("config.patch", { raw: '{"agents":{"max_tokens":5}}', baseHash: hash });
    assert.equal((await client.call("config.patch", { raw: "{}", baseHash: hash })).error!.details["reason"], "config_changed");
    assert.ok((await client.ok("config.schema"))["schema"]);

    const { models } = await client.ok("models.list");
    assert.equal(models[0].provider, "scripted");
    const { lines, cursor } = await client.ok("logs.tail");
    assert.equal(JSON.parse(lines[0])._meta.logLevelName, "INFO");
    assert.equal(cursor, 2);
    assert.equal((await client.ok("channels.status"))["channelAccounts"].telegram[0].connected, true);
    const health = await client.ok("health");
    assert.deepEqual([health["ok"], health["channelOrder"]], [true, ["telegram"]]);
    assert.equal((await client.ok("agents.list"))["agents"].length, 2);
    assert.equal(((await client.ok("system-presence")) as unknown as { mode: string }[])[0]!.mode, "gateway");
    assert.equal((await client.ok("status"))["sessions"].defaults.model, "test");
    await client.close();
  });

  test("a question of the gate reaches who may answer it, and the answer lets the tool run", async () => {
    const ran: string[] = [];
    const tool: Tool = {
      spec: { name: "shell", description: "runs", parameters: { type: "object", properties: {}, additionalProperties: false } },
      effects: ["write"],
      idempotent: false,
      parallel: false,
      timeoutMs: 2_000,
      run: async () => {
        ran.push("shell");
        return { text: "ok", error: false };
      },
    };
    await open({
      tools: [tool],
      gate: createGate(() => ({ agent: { allow: ["*"], deny: [], ask: ["shell"] } })),
      provider: createScripted(({ entries }) =>
        entries.some(({ content }) => content.role === "tool") ? reply("ran it") : callTools([{ id: "c1", name: "shell", args: {} }]),
      ),
    });
    const owner = await FrameClient.connected(gateway, ["operator.read", "operator.write", "operator.approvals"]);
    const reader = await FrameClient.connected(gateway, ["operator.read"]);
    await owner.ok("chat.send", { sessionKey: "main", message: "run it", idempotencyKey: "r" });
    const asked = await owner.event("exec.approval.requested");
    assert.equal(asked.payload["request"].toolName, "shell");
    const [open1] = (await owner.ok("exec.approval.list")) as unknown as { id: string }[];
    assert.equal(open1!.id, asked.payload["id"]);
    assert.ok((await owner.ok("exec.approval.get", { id: open1!.id }))["allowedDecisions"].includes("allow-once"));
    assert.deepEqual(await owner.ok("exec.approval.resolve", { id: open1!.id, decision: "allow-once" }), { ok: true });
    assert.equal((await owner.event("exec.approval.resolved")).payload["decision"], "allow-once");
    assert.equal((await owner.call("exec.approval.resolve", { id: open1!.id, decision: "deny" })).error!.details["reason"], "approval_closed");
    assert.equal((await owner.call("exec.approval.get", { id: open1!.id })).error!.details["reason"], "approval_not_found");
    await reader.event("chat", ({ state }) => state === "final");
    assert.deepEqual(ran, ["shell"]);
    assert.equal(
      reader.frames.some(({ event }) => event?.startsWith("exec.approval")),
      false,
    );
    assert.equal((await reader.call("exec.approval.list")).error!.message, "missing scope: operator.approvals");
    await owner.close();
    await reader.close();
  });

  test("a running turn is aborted by its run", async () => {
    await open({ provider: createScripted(() => [{ type: "text", text: "never " }, { type: "hang" }]) });
    const client = await FrameClient.connected(gateway);
    const { runId } = await client.ok("chat.send", { sessionKey: "main", message: "go", idempotencyKey: "s" });
    await client.event("agent", ({ stream }) => stream === "lifecycle");
    const aborted = await client.ok("chat.abort", { sessionKey: "main", runId });
    assert.deepEqual(aborted["runIds"], [runId]);
    assert.equal((await client.event("chat", ({ state }) => state !== "delta")).payload["state"], "aborted");
    await client.close();
  });

  test("broken frames are answered and end a connection that has not connected", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    for (const text of ["{", "[]", '"x"', "{}", '{"type":"req"}', '{"type":"req","id":1,"method":"health"}']) {
      client.send(text);
      assert.equal((await client.next(({ id }) => id === "invalid")).ok, false);
    }
    for (const params of [{ sessionKey: 1 }, { sessionKey: "main", limit: -1 }, [], "x"]) assert.equal((await client.call("chat.history", params)).ok, false);
    assert.equal((await client.ok("health"))["ok"], true);
    await client.close();
    const stranger = FrameClient.at(gateway);
    await stranger.challenge();
    stranger.send("{");
    assert.equal((await stranger.closed).code, 1008);
  });

  test("a tick comes in every interval that hello-ok names", async () => {
    const ticks: (() => void)[] = [];
    const timer = (ms: number, run: () => void) => {
      if (ms !== 30_000) return systemClock.timer(ms, run);
      ticks.push(run);
      return () => {};
    };
    await open({ deps: { clock: { ...systemClock, timer } } });
    const client = await FrameClient.connected(gateway);
    ticks.splice(0).forEach((run) => run());
    assert.ok((await client.event("tick")).payload["ts"] > 0);
    assert.ok(ticks.length > 0, "and again");
    await client.close();
  });

  test("sec-17 a stranger at / has as many frames as one at /ws", async () => {
    await open();
    const client = FrameClient.at(gateway);
    await client.challenge();
    for (let i = 0; i < 40; i++) client.socket.ping();
    assert.equal((await client.closed).code, 4002);
  });

  test("a shutdown is told", async () => {
    await open();
    const client = await FrameClient.connected(gateway);
    const stopped = gateway.gateway.stop({ graceMs: 500, reason: "stop" });
    assert.equal((await client.event("shutdown")).payload["reason"], "stop");
    assert.equal((await client.closed).code, 1001);
    await stopped;
  });
});

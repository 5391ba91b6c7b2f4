import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { openTestGateway, TOKEN, type TestGateway } from "./open-test-gateway.ts";

interface Asked {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

const json = { "content-type": "application/json" };
const bearer = { authorization: `Bearer ${TOKEN}` };

/** Status and error of an answer, whatever door it came from. */
function ask(port: number, { path, method = "GET", headers = {}, body }: Asked): Promise<{ status: number; code: string; message: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers: { ...bearer, ...headers }, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const { error } = JSON.parse(text) as { error: { code: string; message: string } };
        resolve({ status: response.statusCode!, code: error.code, message: error.message });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

describe("what was wrong with a request is told by a stable code", () => {
  let gateway: TestGateway;
  before(async () => (gateway = await openTestGateway()));
  after(async () => await gateway.stop());

  const post = (path: string, body: unknown): Asked => ({ path, method: "POST", headers: json, body: typeof body === "string" ? body : JSON.stringify(body) });
  const cases: readonly [string, number, Asked][] = [
    ["host_refused", 421, { path: "/health", headers: { host: "attacker.tld" } }],
    ["origin_refused", 403, { ...post("/api/chat/send", { message: "hi" }), headers: { ...json, origin: "https://evil.example" } }],
    ["token_in_query", 400, { path: "/health?token=abc" }],
    ["not_found", 404, { path: "/nothing" }],
    ["method_not_found", 404, { path: "/api/no/such" }],
    ["method_not_allowed", 405, { path: "/api/chat/send?message=hi" }],
    ["parse_error", 400, post("/api/chat/send", "{")],
    ["content_type", 415, { ...post("/api/chat/send", {}), headers: { "content-type": "text/plain" } }],
    ["content_type", 415, { path: "/api/media", method: "POST", headers: { "content-type": "nonsense" }, body: "x" }],
    ["body_too_large", 413, post("/api/chat/send", { message: "x".repeat(1024 * 1024) })],
    ["bad_message", 400, post("/api/chat/send", { message: { text: "" } })],
    ["bad_params", 400, post("/api/chat/send", { message: 5 })],
    ["bad_session_key", 400, post("/api/chat/send", { message: "hi", session: "agent:" })],
    ["session_not_found", 404, post("/api/chat/send", { message: "hi", session: "01a00000-0000-7000-8000-000000000000" })],
    ["key_not_found", 404, post("/api/config/get", { key: "agents.nothing" })],
    ["precondition_required", 428, { path: "/control/config", method: "PATCH", headers: json, body: "{}" }],
    ["channel_not_found", 404, post("/api/send", { channel: "carrier-pigeon", to: "1", message: "hi" })],
    ["model_not_found", 404, post("/v1/chat/completions", { model: "no such", messages: [{ role: "user", content: "hi" }] })],
  ];
  for (const [code, status, asked] of cases) {
    test(`${code}: ${asked.method ?? "GET"} ${asked.path}`, async () => {
      const answer = await ask(gateway.port, asked);
      assert.deepEqual([answer.code, answer.status], [code, status]);
      assert.ok(answer.message.length > 0);
    });
  }

  test("bad_request: a request target that is no path", async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(gateway.port, "127.0.0.1", () => socket.write("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
      let text = "";
      socket.on("data", (chunk) => (text += chunk.toString())).on("error", reject);
      socket.on("end", () => resolve(text));
    });
    assert.match(answer, /^HTTP\/1\.1 400 [^]*"bad_request"/u);
  });

  test("not_found: a socket anywhere but at /ws", async () => {
    const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
    assert.equal((await ask(gateway.port, { path: "/elsewhere", headers: upgrade })).code, "not_found");
  });

  test("no_turn: what the hall keeps without answering it is no answer", async () => {
    const quiet = await openTestGateway({ deps: { intake: { receive: async () => [{ kind: "context", messageId: "m", sessionId: "s" }] } } });
    assert.equal((await ask(quiet.port, post("/api/chat/send", { message: "hi" }))).code, "no_turn");
    await quiet.stop();
  });

  test("proxy_refused: without a credential the gateway is not served through a proxy", async () => {
    const open = await openTestGateway({ options: { auth: { mode: "none" } } });
    assert.equal((await ask(open.port, { path: "/api/ping", headers: { "x-forwarded-for": "1.1.1.1" } })).code, "proxy_refused");
    await open.stop();
  });

  test("bind_failed: an address that this machine does not have", async () => {
    await assert.rejects(openTestGateway({ options: { bindAddress: "203.0.113.7" } }), { code: "bind_failed" });
  });

  test("shutting_down: a connection that is still open gets no new answer", async () => {
    let release = () => {};
    let entered = () => {};
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const held = new Promise<void>((resolve) => (release = resolve));
    const late = await openTestGateway({ deps: { metricsText: async () => (entered(), await held, "late\n") } });
    const socket = connect(late.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    const closed = new Promise((resolve) => socket.on("close", resolve));
    const ask2 = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;
    socket.write(ask2("/metrics"));
    await inside;
    const stopping = late.gateway.stop({ graceMs: 5_000 });
    socket.write(ask2("/health"));
    release();
    await stopping;
    await closed;
    assert.match(text, /late/u);
    assert.match(text, /"shutting_down"/u);
    await late.stop();
  });
});

import assert from "node:assert/strict";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { after, afterEach, before, describe, test } from "node:test";
import { openTestGateway, TOKEN, type TestGateway } from "./open-test-gateway.ts";

interface RawAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** A request with any header, also those that fetch does not let through. */
function raw(port: number, options: { path: string; method?: string; headers?: Record<string, string>; body?: string }): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, agent: false, method: "GET", ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    });
    sent.on("error", reject);
    sent.end(options.body);
  });
}

const bearer = { authorization: `Bearer ${TOKEN}` };
const json = { "content-type": "application/json" };

describe("the HTTP side", () => {
  let gateway: TestGateway;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "clanker-ui-"));
    await mkdir(join(folder, "assets"));
    await writeFile(join(folder, "index.html"), "<!doctype html><title>page</title>");
    await writeFile(join(folder, "assets", "app.js"), "export {};");
    await writeFile(join(folder, "assets", "app.js.gz"), gzipSync("export {};"));
    await writeFile(join(folder, "secret.key"), "no");
    gateway = await openTestGateway({
      options: { uiRoot: folder, corsOrigins: ["https://chat.example.com"], rateLimit: { requestsPerMinute: 0, burst: 1, authFailuresPerMinute: 0 } },
    });
  });
  after(async () => {
    await gateway.stop();
    await rm(folder, { recursive: true });
  });

  /** One path per kind of route. */
  const ROUTES = [
    "/",
    "/ui/",
    "/ui/assets/app.js",
    "/health",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/api/ping",
    "/api/docs",
    "/api/openapi.json",
    "/api/media/x",
  ];
  const MORE = ["/control/config", "/channels/telegram/webhook", "/v1/models", "/nothing"];
  const MUTATING = [
    "/api/message",
    "/api/media",
    "/api/chat/send",
    "/api/config/set",
    "/api/send",
    "/v1/chat/completions",
    "/v1/responses",
    "/channels/telegram/webhook",
  ];

  test("sec-3 a foreign Host is refused on every route, static and health included", async () => {
    for (const path of [...ROUTES, ...MORE]) {
      for (const host of ["attacker.tld", `attacker.tld:${gateway.port}`, "localhost.attacker.tld"]) {
        assert.equal((await raw(gateway.port, { path, headers: { host, ...bearer } })).status, 421, `${path} ${host}`);
      }
    }
    for (const host of ["localhost", "127.0.0.1:1", "[::1]", "192.168.1.5:80"])
      assert.equal((await raw(gateway.port, { path: "/health", headers: { host } })).status, 200, host);
  });

  test("sec-11 a credential in the query is refused on every route", async () => {
    for (const path of [...ROUTES, ...MORE]) {
      const answer = await raw(gateway.port, { path: `${path}?token=${TOKEN}` });
      assert.equal(answer.status, 400, path);
      assert.ok(!answer.body.includes(TOKEN));
    }
  });

  test("sec-21 forms of other sites reach no mutating route", async () => {
    for (const path of MUTATING) {
      for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }, { origin: "null" }]) {
        const answer = await raw(gateway.port, {
          path,
          method: "POST",
          headers: { ...bearer, ...headers, "content-type": "text/plain" } as never,
          body: '{"message":"hi"}',
        });
        assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)}`);
      }
    }
    for (const path of ["/api/message", "/api/chat/send", "/v1/chat/completions", "/v1/responses", "/api/config/set"]) {
      const answer = await raw(gateway.port, { path, method: "POST", headers: { ...bearer, "content-type": "text/plain" }, body: '{"message":"hi"}' });
      assert.equal(answer.status, 415, path);
    }
  });

  test("without a credential only health, the page and its documents are served", async () => {
    for (const path of ["/metrics", "/api/ping", "/api/no/such", "/api/openapi.json", "/api/media/x", "/control/config", "/v1/models"]) {
      const response = await fetch(gateway.url + path);
      assert.equal(response.status, 401, path);
      assert.match(response.headers.get("www-authenticate") ?? "", /Bearer/);
      assert.equal(((await response.json()) as { error: { code: string } }).error.code, "unauthenticated");
    }
    assert.deepEqual(await (await fetch(`${gateway.url}/health`)).json(), { status: "up" });
    assert.equal((await fetch(`${gateway.url}/api/docs`)).status, 200);
  });

  test("every answer carries the security headers, the page the strict policy", async () => {
    for (const path of [...ROUTES, ...MORE]) {
      const { headers } = await raw(gateway.port, { path });
      assert.equal(headers["x-content-type-options"], "nosniff", path);
      assert.match(String(headers["content-security-policy"]), /default-src 'none'/, path);
    }
    const csp = String((await raw(gateway.port, { path: "/ui/" })).headers["content-security-policy"]);
    for (const part of [
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' blob: data:",
      "require-trusted-types-for 'script'",
      "frame-ancestors 'none'",
    ])
      assert.ok(csp.includes(part), part);
    assert.ok(!csp.includes("unsafe"));
  });

  test("the page is served from its folder and nothing beside it", async () => {
    assert.equal((await raw(gateway.port, { path: "/" })).headers["location"], "/ui/");
    const page = await raw(gateway.port, { path: "/ui/" });
    assert.match(page.body, /<title>page/);
    const script = await raw(gateway.port, { path: "/ui/assets/app.js" });
    assert.match(String(script.headers["content-type"]), /javascript/);
    assert.equal((await raw(gateway.port, { path: "/ui/assets/app.js", headers: { "if-none-match": String(script.headers["etag"]) } })).status, 304);
    for (const path of [
      "/ui/secret.key",
      "/ui/../package.json",
      "/ui/%2e%2e/package.json",
      "/ui/assets/..%2f..%2fpackage.json",
      "/ui//etc/passwd",
      "/ui/assets",
    ]) {
      assert.equal((await raw(gateway.port, { path })).status, 404, path);
    }
    await writeFile(join(folder, "new.css"), "a{}");
    assert.equal((await raw(gateway.port, { path: "/ui/new.css" })).status, 200);
  });

  test("a file that was packed by the build is sent packed to whoever takes gzip, with a tag of its own", async () => {
    const path = "/ui/assets/app.js";
    const plain = await raw(gateway.port, { path });
    assert.equal(plain.headers["content-encoding"], undefined);
    assert.match(String(plain.headers["vary"]), /accept-encoding/);
    for (const refusing of ["identity", "gzip;q=0, *", "br"])
      assert.equal((await raw(gateway.port, { path, headers: { "accept-encoding": refusing } })).body, "export {};", refusing);
    for (const taking of ["gzip, deflate, br, zstd", "GZIP;q=0.5", "*"]) {
      const packed = await fetch(gateway.url + path, { headers: { "accept-encoding": taking } });
      assert.equal(packed.headers.get("content-encoding"), "gzip", taking);
      assert.match(packed.headers.get("content-type")!, /javascript/);
      assert.equal(await packed.text(), "export {};");
      const etag = packed.headers.get("etag")!;
      assert.notEqual(etag, plain.headers["etag"]);
      const again = await raw(gateway.port, { path, headers: { "accept-encoding": taking, "if-none-match": etag } });
      assert.equal(again.status, 304);
      assert.match(String(again.headers["vary"]), /accept-encoding/);
    }
    assert.equal((await raw(gateway.port, { path: `${path}.gz` })).status, 404);
  });

  test("POST /api/message accepts, waits when asked, and repeats ids for a repeated key", async () => {
    const accepted = await gateway.post("/api/message", { message: "hi", idempotency_key: "h1" });
    assert.equal(accepted.status, 202);
    const ids = await accepted.json();
    assert.deepEqual(await (await gateway.post("/api/message", { message: "hi", idempotency_key: "h1" })).json(), ids);
    assert.equal((await gateway.post("/api/message", { message: "other", idempotency_key: "h1" })).status, 409);
    const waited = await gateway.post("/api/message", { message: "wait for me", wait: true, session: "agent:main:web:chat:w" });
    assert.equal(waited.status, 200);
    assert.equal(((await waited.json()) as { text: string }).text, "you said: wait for me");
    assert.equal((await gateway.post("/api/message", { message: "hi", extra: 1 })).status, 400);
  });

  test("REST calls the same methods, GET with query parameters for those that only read", async () => {
    assert.equal((await gateway.call("/api/ping")).status, 200);
    assert.equal((await gateway.call("/api/sessions/list?limit=1")).status, 200);
    assert.equal((await gateway.call("/api/sessions/list?limit=x")).status, 400);
    assert.equal((await gateway.call("/api/chat/send?message=hi")).status, 405);
    assert.equal((await gateway.post("/api/chat/send", { message: "rest" })).status, 200);
    assert.equal((await gateway.call("/api/subscribe")).status, 404);
    assert.equal((await gateway.call("/api/no/such")).status, 404);
    assert.equal((await gateway.call("/api/status", { method: "POST" })).status, 200);
    const bad = await gateway.post("/api/sessions/get", { session: "agent:main:none" });
    assert.equal(bad.status, 404);
    assert.equal(((await bad.json()) as { error: { code: string } }).error.code, "session_not_found");
  });

  test("bodies have a limit and have to be JSON", async () => {
    assert.equal((await gateway.post("/api/chat/send", { message: "x".repeat(1024 * 1024) })).status, 413);
    assert.equal((await gateway.call("/api/chat/send", { method: "POST", headers: json, body: "{" })).status, 400);
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(256 * 1024));
      },
    });
    const endless = await gateway
      .call("/api/chat/send", { method: "POST", headers: json, body: stream, duplex: "half" } as RequestInit)
      .then(({ status }) => status)
      .catch(() => "cut");
    assert.ok(endless === 413 || endless === "cut", String(endless));
  });

  test("media come back as they went in, never as a page", async () => {
    const png = new Uint8Array([137, 80, 78, 71]);
    const stored = await gateway.call("/api/media?name=../../a%20b.png", { method: "POST", body: png, headers: { "content-type": "image/png" } });
    assert.equal(stored.status, 201);
    const { media_id, size } = (await stored.json()) as { media_id: string; size: number };
    assert.equal(size, 4);
    const back = await gateway.call(`/api/media/${media_id}`);
    assert.deepEqual(new Uint8Array(await back.arrayBuffer()), png);
    assert.equal(back.headers.get("content-type"), "image/png");
    assert.match(back.headers.get("content-disposition") ?? "", /^inline; .*a%20b\.png$/);
    const html = await gateway.call("/api/media", { method: "POST", body: "<script>", headers: { "content-type": "text/html" } });
    const page = await gateway.call(`/api/media/${((await html.json()) as { media_id: string }).media_id}`);
    assert.equal(page.headers.get("content-type"), "application/octet-stream");
    assert.match(page.headers.get("content-disposition") ?? "", /^attachment/);
    const sent = await gateway.post("/api/message", { message: { text: "look", media: [media_id] }, wait: true });
    assert.match(((await sent.json()) as { text: string }).text, /look[^]*photo/);
    assert.equal((await gateway.post("/api/message", { message: { media: ["nothing"] } })).status, 404);
    assert.equal((await gateway.call("/api/media/nothing")).status, 404);
    assert.equal((await gateway.call("/api/media", { method: "POST", body: new Uint8Array(20_000_001) }).catch(() => ({ status: 413 }))).status, 413);
  });

  test("the configuration is changed only by who has seen its present state", async () => {
    const read = await gateway.call("/control/config");
    const etag = read.headers.get("etag")!;
    const patch = (match?: string) =>
      gateway.call("/control/config", { method: "PATCH", headers: { ...json, ...(match === undefined ? {} : { "if-match": match }) }, body: '{"a":1}' });
    assert.equal((await patch()).status, 428);
    assert.equal((await patch('"old"')).status, 412);
    const done = await patch(etag);
    assert.equal(done.status, 200);
    assert.notEqual(done.headers.get("etag"), etag);
    assert.equal((await patch(etag)).status, 412);
    const both = await Promise.all([patch(done.headers.get("etag")!), patch(done.headers.get("etag")!)]);
    assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 200]);
    assert.equal(
      (await gateway.call("/control/config", { method: "PATCH", headers: { ...json, "if-match": "*" }, body: '{"__proto__":{"x":1}}' })).status,
      400,
    );
  });

  test("a webhook goes to its channel, with a limit on its body", async () => {
    const hook = (path: string, body: string) => fetch(gateway.url + path, { method: "POST", body });
    assert.equal(await (await hook("/channels/telegram/webhook", "update")).text(), "update");
    assert.equal((await hook("/channels/telegram/default/webhook", "update")).status, 200);
    assert.equal((await hook("/channels/slack/webhook", "x")).status, 404);
    assert.equal((await hook("/channels/telegram/webhook", "x".repeat(2_000_000)).catch(() => ({ status: 413 }))).status, 413);
  });

  test("only configured origins may read from another page", async () => {
    const preflight = (origin: string) =>
      raw(gateway.port, {
        path: "/api/message",
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
      });
    const allowed = await preflight("https://chat.example.com");
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers["access-control-allow-origin"], "https://chat.example.com");
    assert.match(String(allowed.headers["access-control-allow-headers"]), /authorization/);
    assert.equal((await preflight("https://evil.example")).status, 403);
    const sent = await raw(gateway.port, {
      path: "/api/ping",
      method: "POST",
      headers: { ...bearer, ...json, origin: "https://chat.example.com" },
      body: "{}",
    });
    assert.equal(sent.status, 200);
    assert.equal(sent.headers["access-control-allow-origin"], "https://chat.example.com");
    assert.equal((await raw(gateway.port, { path: "/health", headers: { origin: "https://evil.example" } })).headers["access-control-allow-origin"], undefined);
  });

  test("metrics, documents and readiness", async () => {
    assert.equal(await (await gateway.call("/metrics")).text(), "clanker_up 1\n");
    const document = (await (await gateway.call("/api/openapi.json")).json()) as { openapi: string; paths: Record<string, unknown> };
    assert.match(document.openapi, /^3\.1/);
    assert.ok("/api/chat/send" in document.paths && "/api/message" in document.paths && !("/api/subscribe" in document.paths));
    assert.deepEqual(await (await gateway.call("/health/ready")).json(), { status: "ready", reasons: [] });
  });
});

describe("a gateway with other settings", () => {
  let gateway: TestGateway | undefined;
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
  });

  test("readiness gives its reasons to authenticated callers alone", async () => {
    gateway = await openTestGateway({ deps: { health: () => ({ ready: false, reasons: ["telegram is not connected"] }) } });
    const stranger = await fetch(`${gateway.url}/health/ready`);
    assert.equal(stranger.status, 503);
    assert.deepEqual(await stranger.json(), { status: "not_ready" });
    assert.deepEqual(((await (await gateway.call("/health/ready")).json()) as { reasons: string[] }).reasons, ["telegram is not connected"]);
    assert.equal((await fetch(`${gateway.url}/health`)).status, 200);
  });

  test("requests of one address are limited before anything else, authenticated ones by their credential", async () => {
    gateway = await openTestGateway({ options: { rateLimit: { requestsPerMinute: 1, burst: 3, authFailuresPerMinute: 10 } } });
    const statuses = async (run: () => Promise<Response>) => [(await run()).status, (await run()).status, (await run()).status, (await run()).status];
    assert.deepEqual(await statuses(() => gateway!.call("/api/ping")), [200, 200, 200, 429]);
    assert.equal((await fetch(`${gateway.url}/health`)).status, 200);
    assert.equal((await fetch(`${gateway.url}/health`)).status, 200);
    const limited = await fetch(`${gateway.url}/health`);
    assert.equal(limited.status, 429);
    assert.ok(Number(limited.headers.get("retry-after")) >= 1);
  });

  test("sec-6 a trusted proxy that does not say for whom it calls is refused", async () => {
    gateway = await openTestGateway({ options: { trustedProxies: ["127.0.0.0/8"], rateLimit: { requestsPerMinute: 1, burst: 2, authFailuresPerMinute: 10 } } });
    const from = (address?: string) =>
      raw(gateway!.port, { path: "/health", headers: address === undefined ? {} : { "x-forwarded-for": address } }).then(({ status }) => status);
    assert.equal(await from(), 403);
    assert.deepEqual([await from("9.9.9.9"), await from("1.1.1.1, 9.9.9.9"), await from("9.9.9.9, 127.0.0.1")], [200, 200, 429]);
    assert.equal(await from("8.8.8.8"), 200);
  });

  test("X-Forwarded-For of anybody else changes nothing", async () => {
    gateway = await openTestGateway({ options: { rateLimit: { requestsPerMinute: 1, burst: 2, authFailuresPerMinute: 10 } } });
    const from = (address: string) => raw(gateway!.port, { path: "/health", headers: { "x-forwarded-for": address } }).then(({ status }) => status);
    assert.deepEqual([await from("1.1.1.1"), await from("2.2.2.2"), await from("3.3.3.3")], [200, 200, 429]);
  });

  test("sec-7 mode none starts on loopback alone, and is not served through a proxy", async () => {
    await assert.rejects(openTestGateway({ options: { bindAddress: "0.0.0.0", auth: { mode: "none" } } }), { code: "auth_none_refused" });
    await assert.rejects(openTestGateway({ options: { auth: { mode: "token", token: "  " } } }), { code: "auth_secret_missing" });
    gateway = await openTestGateway({ options: { auth: { mode: "none" } } });
    assert.equal((await fetch(`${gateway.url}/api/ping`)).status, 200);
    assert.equal((await raw(gateway.port, { path: "/api/ping", headers: { "x-forwarded-for": "1.1.1.1" } })).status, 403);
    const form = await raw(gateway.port, { path: "/api/chat/send", method: "POST", headers: { "content-type": "text/plain" }, body: '{"message":"hi"}' });
    assert.equal(form.status, 415);
    assert.equal((await raw(gateway.port, { path: "/api/config/get", method: "POST", headers: { origin: "http://evil.example" } })).status, 403);
  });

  test("a password works as bearer too", async () => {
    gateway = await openTestGateway({ options: { auth: { mode: "password", password: "open sesame".replace(" ", "-") } } });
    assert.equal((await fetch(`${gateway.url}/api/ping`, { headers: { authorization: "Bearer open-sesame" } })).status, 200);
    assert.equal((await fetch(`${gateway.url}/api/ping`, { headers: { authorization: "Bearer wrong" } })).status, 401);
  });

  test("a port in use is a clear error, and nothing is left open", async () => {
    gateway = await openTestGateway();
    await assert.rejects(openTestGateway({ options: { port: gateway.port } }), { code: "port_in_use" });
  });

  test("what is in flight at the stop is finished, what comes after is refused", async () => {
    let release = () => {};
    let entered = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const inside = new Promise<void>((resolve) => (entered = resolve));
    gateway = await openTestGateway({
      deps: {
        metricsText: async () => {
          entered();
          await held;
          return "late\n";
        },
      },
    });
    const answer = gateway.call("/metrics");
    await inside;
    const { url } = gateway;
    const stopping = gateway.gateway.stop({ graceMs: 5_000 });
    await assert.rejects(fetch(`${url}/health`, { headers: { connection: "close" } }));
    release();
    assert.equal(await (await answer).text(), "late\n");
    await stopping;
  });
});

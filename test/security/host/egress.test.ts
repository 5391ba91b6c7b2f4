import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { HttpFailure, type Destination, type HttpRequest } from "../../../src/core/http.ts";
import { silentLog, type Log } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createHttp, type EgressHttp } from "../../../src/security/host/egress/index.ts";

const CANARY = "canary-5f3c:secret/../x";
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function open(log: Log = silentLog): EgressHttp {
  const http = createHttp({ log });
  closers.push(() => http.close());
  return http;
}

async function listen(server: ReturnType<typeof createTcpServer>): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => void server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = async (handler: (request: IncomingMessage, response: ServerResponse) => void) => `http://${await listen(createServer(handler))}`;
/** A server that sends `answer` once a request's head has come, and then does what it is told. */
const raw = async (then: (socket: Socket, connection: number) => void) => {
  let count = 0;
  return `http://${await listen(
    createTcpServer((socket) => {
      const connection = (count += 1);
      socket.on("data", () => then(socket, connection));
    }),
  )}`;
};

async function failure(work: Promise<unknown>): Promise<HttpFailure> {
  const error = await work.then(
    () => assert.fail("it did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HttpFailure, String(error));
  return error;
}

const outcome = ({ kind, sent }: HttpFailure) => `${kind} ${sent}`;

describe("the door to configured origins", () => {
  test("puts the credential into its header, over whatever the caller says, and sends body and headers", async () => {
    const origin = await serve(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.end(JSON.stringify({ url: request.url, method: request.method, headers: request.headers, body }));
    });
    const destination: Destination = {
      baseUrl: `${origin}/base/`,
      credential: { in: "header", name: "Authorization", prefix: "Bearer ", secret: new Secret("k", "token-1") },
      headers: { "X-Version": "1", "x-both": "destination" },
    };
    const response = await open().request(destination, {
      method: "POST",
      path: "/a?b=c d",
      body: "grüße",
      headers: { authorization: "mine", "X-Both": "request" },
    });
    assert.deepEqual([response.status, response.headers["set-cookie"]], [200, "a=1, b=2"]);
    // The echo is cleaned of the credential: nobody behind the door needs it.
    const seen = (await response.json()) as { url: string; headers: Record<string, string>; body: string };
    assert.deepEqual([seen.url, seen.body, seen.headers["authorization"]], ["/base/a?b=c%20d", "grüße", "Bearer [secret]"]);
    assert.deepEqual([seen.headers["x-version"], seen.headers["x-both"], seen.headers["content-length"]], ["1", "request", "7"]);
  });

  test("puts a credential into the path, encoded so that it stays one segment", async () => {
    const urls: string[] = [];
    const origin = await serve((request, response) => void response.end(void urls.push(request.url ?? "")));
    const send = (value: string, path: string) => open().request({ baseUrl: origin, credential: { in: "path", secret: new Secret("k", value) } }, { path });
    await (await send("123:AB-c_d", "/bot{secret}/getMe?x={secret}")).text();
    await (await send("../../x?y#z", "/bot{secret}/getMe")).text();
    await (await send("$&-$1", "/bot{secret}/-secret-/getMe")).text();
    assert.deepEqual(urls, ["/bot123:AB-c_d/getMe?x={secret}", "/bot..%2F..%2Fx%3Fy%23z/getMe", "/bot$&-$1/-secret-/getMe"]);
  });

  test("sec-115: puts a credential into the query, encoded, and keeps it out of answers and errors", async () => {
    const urls: string[] = [];
    const origin = await serve((request, response) => {
      urls.push(request.url ?? "");
      response.end(request.url);
    });
    const credential = { in: "query", name: "password", secret: new Secret("k", "a b&c=/?") } as const;
    const texts = [];
    for (const path of ["/x", "/x?y=1&z"]) texts.push(await (await open().request({ baseUrl: origin, credential }, { path })).text());
    assert.deepEqual(urls, ["/x?password=a%20b%26c%3D%2F%3F", "/x?y=1&z&password=a%20b%26c%3D%2F%3F"]);
    assert.deepEqual(texts, ["/x?password=[secret]", "/x?y=1&z&password=[secret]"]);
    const error = await failure(open().request({ baseUrl: "http://127.0.0.1:1", credential }, { path: "/x?y=1" }));
    assert.ok(!/a b|a%20b/.test(`${error.message}${error.stack}${String(error.cause)}`));
  });

  test("sec-79: redirects are answers; nothing follows them", async () => {
    let hits = 0;
    const other = await serve((_, response) => void response.end(String((hits += 1))));
    const origin = await serve((_, response) => void response.writeHead(302, { location: `${other}/steal` }).end());
    const response = await open().request({ baseUrl: origin, credential: { in: "header", name: "x-key", secret: new Secret("k", "v") } }, { path: "/" });
    assert.deepEqual([response.status, response.headers["location"], await response.text(), hits], [302, `${other}/steal`, "", 0]);
  });

  test("nothing in a path leaves the origin or the base path, no other scheme is spoken, no header frames the message", async () => {
    const origin = await serve((_, response) => void response.end("no"));
    const http = open();
    const attempts: [string, HttpRequest][] = [
      [`${origin}/api`, { path: "@evil.example/" }],
      [`${origin}/api`, { path: "/../admin" }],
      [`${origin}/api`, { path: "/%2e%2e/admin" }],
      [`${origin}/api`, { path: "/..\\admin" }],
      [`${origin}/api`, { path: "/\t.\t./admin" }],
      [origin, { path: ".evil.example/" }],
      [origin, { path: "" }],
      ["ftp://127.0.0.1/", { path: "/" }],
      ["file:///etc", { path: "/passwd" }],
      [origin.replace("http://", "http://user:pass@"), { path: "/" }],
      ["not a url", { path: "/" }],
      [origin, { path: "/", headers: { Host: "evil.example" } }],
      [origin, { path: "/", headers: { "Transfer-Encoding": "chunked" } }],
      [origin, { path: "/", headers: { "x-a": "b\r\nx-c: d" } }],
    ];
    for (const [baseUrl, request] of attempts)
      assert.equal(outcome(await failure(http.request({ baseUrl }, request))), "refused false", `${baseUrl} ${request.path}`);
    for (const path of ["//evil.example/", "/@evil.example/", "/http://evil.example/"])
      assert.equal(await (await http.request({ baseUrl: origin }, { path })).text(), "no");
  });

  test("fault-35: says whether anything was sent: refused, TLS, reset, closed early, garbage", async () => {
    const http = open();
    const gone = createServer();
    const address = await listen(gone);
    await new Promise((resolve) => void gone.close(resolve));
    const post = (baseUrl: string, change: Partial<HttpRequest> = {}) => http.request({ baseUrl }, { method: "POST", path: "/", body: "x", ...change });
    assert.equal(outcome(await failure(post(`http://${address}`))), "connect false");
    const plain = await serve((_, response) => void response.end());
    assert.equal(outcome(await failure(post(plain.replace("http:", "https:")))), "connect false");
    assert.equal(outcome(await failure(post(await raw((socket) => socket.resetAndDestroy())))), "closed true");
    assert.equal(outcome(await failure(post(await raw((socket) => void socket.end())))), "closed true");
    assert.equal(outcome(await failure(post(await raw((socket) => void socket.end("garbage\r\n\r\n"))))), "closed true");
    const head = `HTTP/1.1 200 OK\r\nx-large: ${"x".repeat(40_000)}\r\n\r\n`;
    assert.equal(outcome(await failure(post(await raw((socket) => void socket.end(head))))), "too_large true");
  });

  test("speaks TLS to who it should be, and sends nothing to anybody else", async () => {
    const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url), "utf8");
    let asked = 0;
    const server = createTlsServer({ key: pem("key"), cert: pem("cert") }, (_, response) => void response.end(String((asked += 1))));
    const address = await listen(server);
    const post = async () => (await open().request({ baseUrl: `https://${address}` }, { method: "POST", path: "/", body: "x" })).text();
    assert.equal(outcome(await failure(post())), "connect false");
    assert.equal(asked, 0);
    const before = getCACertificates("default");
    setDefaultCACertificates([...before, pem("cert")]);
    try {
      assert.equal(await post(), "1");
    } finally {
      setDefaultCACertificates(before);
    }
  });

  test("a body that ends too early is never a whole one, however it is encoded", async () => {
    const http = open();
    const get = async (baseUrl: string) => (await http.request({ baseUrl }, { path: "/" })).bytes();
    assert.equal(outcome(await failure(get(await raw((socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc"))))), "closed true");
    assert.equal(
      outcome(await failure(get(await raw((socket) => void socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"))))),
      "closed true",
    );
    const zipped = gzipSync("x".repeat(1_000));
    const part = zipped.subarray(0, zipped.length - 9);
    const cut = await serve((_, response) => void response.writeHead(200, { "content-encoding": "gzip", "content-length": part.length }).end(part));
    assert.equal(outcome(await failure(get(cut))), "closed true");
    const reset = await serve((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": zipped.length });
      response.write(part, () => response.destroy());
    });
    assert.equal(outcome(await failure(get(reset))), "closed true");
  });

  test("fault-44 what has come while the event loop was blocked is read, not given up for silence", async () => {
    let more = () => {};
    const server = await serve((_, response) => {
      response.write("first");
      more = () => void response.end("second");
    });
    const { body } = await open().request({ baseUrl: server }, { path: "/", idleTimeoutMs: 50 });
    const chunks = body[Symbol.asyncIterator]();
    assert.equal(String((await chunks.next()).value), "first");
    const second = chunks.next();
    await new Promise(setImmediate);
    more();
    for (const until = performance.now() + 150; performance.now() < until;); // oxlint-disable-line no-empty
    assert.equal(String((await second).value), "second");
  });

  test("fault-44 an answer that has come while the event loop was blocked is read, not given up as late", async () => {
    let answer = () => {};
    let asked = () => {};
    const heard = new Promise<void>((resolve) => (asked = resolve));
    const server = await serve((_, response) => {
      answer = () => void response.end("in time");
      asked();
    });
    const response = open().request({ baseUrl: server }, { path: "/", timeoutMs: 100 });
    await heard;
    answer();
    for (const until = performance.now() + 250; performance.now() < until;); // oxlint-disable-line no-empty
    assert.equal(await (await response).text(), "in time");
  });

  test("waits for the head and inside the body only as long as allowed", async () => {
    const http = open();
    const mute = await raw(() => {});
    assert.equal(outcome(await failure(http.request({ baseUrl: mute }, { path: "/", timeoutMs: 30 }))), "timeout true");
    const stalls = await serve((_, response) => void response.write("begun"));
    const response = await http.request({ baseUrl: stalls }, { path: "/", idleTimeoutMs: 30 });
    assert.equal(outcome(await failure(response.text())), "timeout true");
  });

  test("an abort ends it before, during the head and inside the body, and closes the socket", async () => {
    const http = open();
    let closed: Promise<unknown> = Promise.resolve();
    const stalls = await serve((request, response) => {
      closed = once(request.socket, "close");
      if (request.url === "/body") response.write("begun");
      else asked();
    });
    let asked = () => {};
    assert.equal(outcome(await failure(http.request({ baseUrl: stalls }, { path: "/", signal: AbortSignal.abort() }))), "aborted false");
    const early = new AbortController();
    asked = () => early.abort();
    assert.equal(outcome(await failure(http.request({ baseUrl: stalls }, { path: "/", signal: early.signal }))), "aborted true");
    await closed;
    const late = new AbortController();
    const response = await http.request({ baseUrl: stalls }, { path: "/body", signal: late.signal });
    const reading = failure(response.text());
    late.abort();
    assert.equal(outcome(await reading), "aborted true");
    await closed;
    const unread = new AbortController();
    await http.request({ baseUrl: stalls }, { path: "/body", signal: unread.signal });
    unread.abort();
    await closed;
  });

  test("leaving the body's loop, and never reading it, close the socket", async () => {
    const http = open();
    let closed: Promise<unknown> = Promise.resolve();
    const endless = await serve((request, response) => {
      closed = once(request.socket, "close");
      response.write("a");
    });
    const left = await http.request({ baseUrl: endless }, { path: "/" });
    for await (const chunk of left.body) {
      assert.equal(chunk.length, 1);
      break;
    }
    await closed;
    await http.request({ baseUrl: endless }, { path: "/", idleTimeoutMs: 20 });
    await closed;
    // Closing the network ends it at once: its timer would keep a program alive that has nothing left to do.
    await http.request({ baseUrl: endless }, { path: "/" });
    http.close();
    await closed;
  });

  test("decodes gzip, deflate and br, and refuses what it did not offer", async () => {
    const text = "Grüße ".repeat(1_000);
    const encoded: Record<string, Buffer> = { gzip: gzipSync(text), deflate: deflateSync(text), br: brotliCompressSync(text), zstd: Buffer.from("x") };
    const origin = await serve((request, response) => {
      const name = request.url!.slice(1);
      response.writeHead(200, { "content-encoding": name }).end(encoded[name]);
    });
    const http = open();
    const get = async (name: string) => (await http.request({ baseUrl: origin }, { path: `/${name}` })).text();
    for (const name of ["gzip", "deflate", "br"]) assert.equal(await get(name), text);
    assert.equal(outcome(await failure(get("zstd"))), "refused true");
  });

  test("fault-72: a body past its limit is cut off, a compressed one by what it grows to", async () => {
    const bomb = gzipSync(Buffer.alloc(3_000_000));
    const origin = await serve((request, response) => {
      if (request.url === "/bomb") response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
      else response.end("x".repeat(1_001));
    });
    const http = open();
    const get = async (path: string, limit: number) => (await http.request({ baseUrl: origin }, { path })).bytes(limit);
    assert.equal(outcome(await failure(get("/", 1_000))), "too_large true");
    assert.equal((await get("/", 1_001)).length, 1_001);
    assert.equal(outcome(await failure(get("/bomb", 1_000_000))), "too_large true");
  });

  test("who leaves the body's loop just before its end leaves the connection to a later request; a body that goes on is cut", async () => {
    const sockets = new Set<Socket>();
    let goOn = () => {};
    const origin = await serve((request, response) => {
      sockets.add(request.socket);
      response.write("the last event");
      const flood = () => {
        while (!response.destroyed && response.write("x".repeat(16_384)));
      };
      response.on("drain", flood);
      goOn = request.url === "/flood" ? flood : () => response.end("\n");
    });
    const http = open();
    const leave = async (path: string) => {
      for await (const chunk of (await http.request({ baseUrl: origin }, { path })).body) {
        assert.equal(Buffer.from(chunk).toString(), "the last event");
        break;
      }
      goOn();
    };
    let requests = 0;
    // Nobody but the client knows when it has read the end.
    while (requests === sockets.size && requests < 100) {
      requests += 1;
      await leave("/end");
    }
    assert.ok(sockets.size < requests, `${requests} requests on ${sockets.size} connections`);
    const closed = Promise.race([...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
    await leave("/flood");
    await closed;
  });

  test("keeps connections; one that died meanwhile costs a repeatable request a second connection and a POST the truth", async () => {
    const whole = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const requests = new Map<Socket, number>();
    const origin = await raw((socket) => {
      const before = requests.get(socket) ?? 0;
      requests.set(socket, before + 1);
      if (before === 0) socket.write(whole);
      else socket.resetAndDestroy();
    });
    const http = open();
    const ask = async (method: "GET" | "POST") => (await http.request({ baseUrl: origin }, { method, path: "/" })).text();
    assert.equal(await ask("GET"), "ok");
    assert.equal(await ask("GET"), "ok");
    assert.equal(requests.size, 2);
    assert.equal(outcome(await failure(ask("POST"))), "closed true");
  });

  test("sec-115: the credential is in no error, log line or answer text", async () => {
    const lines: string[] = [];
    const log: Log = { ...silentLog, debug: (message, fields) => void lines.push(message + JSON.stringify(fields)) };
    const http = open(log);
    const echo = await serve((request, response) => void response.writeHead(401).end(`${request.url} ${String(request.headers["x-key"])}`));
    const gone = await raw((socket) => socket.resetAndDestroy());
    for (const where of ["path", "header"] as const) {
      const secret = new Secret("k", CANARY);
      const credential = where === "path" ? ({ in: where, secret } as const) : ({ in: where, name: "x-key", secret } as const);
      const path = where === "path" ? "/bot{secret}/x?q=1" : "/x";
      lines.push(await (await http.request({ baseUrl: echo, credential }, { path })).text());
      for (const [baseUrl, change] of [
        [gone, {}],
        [`${gone}/..`, { signal: AbortSignal.abort() }],
        ["http://127.0.0.1:1", {}],
        [gone, { path: `/../..${path}\\..` }],
        [gone, { headers: { "x-y": "\n" } }],
      ] as const) {
        const error = await http.request({ baseUrl, credential }, { path, ...change }).then(
          () => undefined,
          (thrown: unknown) => thrown as HttpFailure,
        );
        lines.push(`${String(error)} ${error?.stack} ${JSON.stringify(error)} ${String(error?.cause)}`);
      }
    }
    const shown = lines.join("\n");
    for (const form of [CANARY, encodeURIComponent(CANARY), "canary-5f3c"]) assert.ok(!shown.includes(form), shown);
    assert.ok(shown.includes("/bot{secret}/x"));
  });

  test("a closed door takes no more requests", async () => {
    const http = open();
    http.close();
    assert.equal(outcome(await failure(http.request({ baseUrl: "http://127.0.0.1:9" }, { path: "/" }))), "aborted false");
  });
});

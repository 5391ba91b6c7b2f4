import assert from "node:assert/strict";
import { connect } from "node:net";
import { afterEach, describe, test } from "node:test";
import { WebSocket } from "ws";
import { systemClock } from "../../src/app/system.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { openTestGateway, RawClient, TOKEN, type TestGateway, type TestGatewayOptions } from "./open-test-gateway.ts";

describe("sockets on /ws", () => {
  let gateway: TestGateway | undefined;
  const clients: RawClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate();
    await gateway?.stop();
    gateway = undefined;
  });
  const open = async (options?: TestGatewayOptions) => (gateway = await openTestGateway(options));
  const connectTo = async (url: string, headers?: Record<string, string>) => {
    const client = await RawClient.open(url, headers);
    clients.push(client);
    return client;
  };
  /** Status of a refused upgrade; 101 when it was not refused. */
  const knock = (url: string, headers: Record<string, string> = {}) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(url, { headers });
      socket.on("unexpected-response", (_, response) => {
        response.resume();
        resolve(response.statusCode!);
      });
      socket.on("open", () => {
        socket.terminate();
        resolve(101);
      });
      socket.on("error", () => {});
    });

  test("sec-1 a page of another origin is refused before 101, with a valid token too", async () => {
    const { ws } = await open();
    assert.equal(await knock(ws, { origin: "https://evil.example", authorization: `Bearer ${TOKEN}` }), 403);
  });

  test("sec-2 look-alike origins are refused, the own page and programs without Origin are let in", async () => {
    const { ws, port } = await open({ options: { hosts: ["clanker.example.com"] } });
    const refused = [
      "null",
      "http://127.0.0.1.evil.tld",
      `http://127.0.0.1.evil.tld:${port}`,
      `http://localhost:${port}.evil`,
      `http://localhost:${port}@evil.tld`,
      "http://localhost",

      `http://LOCALHOST:${port}`,
      `http://localhost:${port === 80 ? 81 : port - 1}`,
      `http://localhost:${port}/`,
      `file://`,
      `http://lоcalhost:${port}`,
      `http://127.1:${port}`,
      `http://clanker.example.com.evil:${port}`,
      `http://clanker.example.com:1`,
      `HTTP://localhost:${port}`,
      `ws://localhost:${port}`,
    ];
    for (const origin of refused) assert.equal(await knock(ws, { origin: Buffer.from(origin).toString("latin1") }), 403, origin);
    const allowed = [
      `http://127.0.0.1:${port}`,
      `http://localhost:${port}`,
      `http://[::1]:${port}`,
      "https://clanker.example.com",
      `http://clanker.example.com:${port}`,
    ];
    for (const origin of allowed) assert.equal(await knock(ws, { origin }), 101, origin);
    assert.equal(await knock(ws), 101);
  });

  test("sec-3 an upgrade for another Host is refused", async () => {
    const { ws, port } = await open();
    for (const host of ["attacker.tld", `attacker.tld:${port}`, `127.0.0.1.evil.tld:${port}`, `localhost.:${port}`])
      assert.notEqual(await knock(ws, { host }), 101, host);
  });

  test("sec-11 a token in the query is refused", async () => {
    const { ws } = await open();
    for (const query of [`token=${TOKEN}`, "access_token=x", "api_key=x", "password=x"]) assert.equal(await knock(`${ws}?${query}`), 400, query);
  });

  test("sec-7 without a credential only challenge and authenticate are answered", async () => {
    const { ws } = await open();
    const client = await connectTo(ws);
    const challenge = await client.call("challenge", {});
    assert.match(String(challenge.result!["nonce"]), /^[\w-]{22}$/);
    for (const method of ["ping", "status", "chat.send", "rpc.discover", "no.such", "subscribe"]) {
      const answer = await client.call(method, {});
      assert.deepEqual([answer.error!.code, answer.error!.data.code], [-32001, "unauthenticated"], method);
    }
    const hello = await client.call("authenticate", { token: TOKEN });
    assert.equal(hello.result!["protocol"], 1);
    assert.deepEqual(hello.result!["scopes"], ["read", "write", "approvals", "pairing", "admin"]);
    assert.equal((await client.call("ping")).error, undefined);
  });

  test("a request right behind authenticate, in the same batch too, is answered", async () => {
    const { ws } = await open();
    const client = await connectTo(ws);
    client.send({ jsonrpc: "2.0", id: 1, method: "authenticate", params: { token: TOKEN } });
    client.send({ jsonrpc: "2.0", id: 2, method: "ping" });
    assert.notEqual((await client.next((frame) => frame.id === 2)).result, undefined);
    const second = await connectTo(ws);
    second.send([
      { jsonrpc: "2.0", id: 1, method: "authenticate", params: { token: TOKEN } },
      { jsonrpc: "2.0", id: 2, method: "ping" },
    ]);
    const batch = (await second.nextRaw()) as { error?: unknown }[];
    assert.deepEqual(
      batch.map(({ error }) => error),
      [undefined, undefined],
    );
  });

  test("sec-12 scopes that a client declares are refused, the server's are granted", async () => {
    const { ws } = await open();
    const client = await connectTo(ws);
    const answer = await client.call("authenticate", { token: TOKEN, scopes: ["admin"] });
    assert.equal(answer.error!.code, -32602);
  });

  test("a wrong token is answered and the socket closed", async () => {
    const { ws } = await open();
    const client = await connectTo(ws);
    const answer = await client.call("authenticate", { token: "wrong" });
    assert.equal(answer.error!.data.code, "unauthenticated");
    assert.equal((await client.closed).code, 4001);
    assert.equal(await knock(ws, { authorization: "Bearer wrong" }), 401);
  });

  test("sec-8 after 10 wrong tokens none is compared any more, not even the right one", async () => {
    const { ws, call, url } = await open();
    for (let i = 0; i < 10; i++) assert.equal((await call("/api/ping", { headers: { authorization: `Bearer wrong${i}` } })).status, 401);
    assert.equal((await call("/api/ping", { headers: { authorization: "Bearer wrong" } })).status, 429);
    assert.equal((await call("/api/ping")).status, 429);
    assert.equal(await knock(ws, { authorization: `Bearer ${TOKEN}` }), 429);
    const client = await connectTo(ws);
    const answer = await client.call("authenticate", { token: TOKEN });
    assert.equal(answer.error!.data.code, "rate_limited");
    assert.equal((await client.closed).code, 4029);
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });

  test("sec-17 before authentication a frame of more than 64 KiB closes the socket", async () => {
    const { ws } = await open();
    const client = await connectTo(ws);
    client.send("x".repeat(64 * 1024 + 1));
    assert.equal((await client.closed).code, 1009);
  });

  test("sec-17 before authentication the 33rd frame closes the socket, control frames included", async () => {
    const { ws } = await open();
    const client = await connectTo(ws);
    for (let i = 0; i < 10_000; i++) client.send("1");
    assert.equal((await client.closed).code, 4002);
    const pinging = await connectTo(ws);
    for (let i = 0; i < 40; i++) pinging.socket.ping();
    assert.equal((await pinging.closed).code, 4002);
  });

  test("sec-17 a silent socket is closed after 10 s", async () => {
    const clock = createManualClock();
    const { ws } = await open({ deps: { clock: { ...clock, now: systemClock.now } } });
    const client = await connectTo(ws);
    const other = await connectTo(ws);
    await other.call("authenticate", { token: TOKEN });
    await clock.advance(9_999);
    assert.equal(client.socket.readyState, WebSocket.OPEN);
    await clock.advance(1);
    assert.equal((await client.closed).code, 4003);
    assert.equal((await other.call("ping")).error, undefined);
    const stopping = gateway!.stop();
    await clock.advance(10_000);
    await stopping;
    gateway = undefined;
  });

  test("after authentication a frame may have 1 MiB", async () => {
    const { ws } = await open();
    const client = await connectTo(ws);
    await client.call("authenticate", { token: TOKEN });
    const answer = await client.call("ping", { padding: "x".repeat(900_000) });
    assert.equal(answer.error!.code, -32602);
    client.send("x".repeat(1024 * 1024 + 1));
    assert.equal((await client.closed).code, 1009);
  });

  test("more sockets than max_connections are refused with 503", async () => {
    const { ws } = await open({ options: { maxConnections: 2 } });
    await connectTo(ws);
    await connectTo(ws);
    assert.equal(await knock(ws), 503);
  });

  test("a socket that answers no ping is cut, one that does stays", async () => {
    const clock = createManualClock();
    const current = await open({ deps: { clock: { ...clock, now: systemClock.now } } });
    const client = await RawClient.authenticated(current);
    clients.push(client);
    const pinged = new Promise((resolve) => client.socket.once("ping", resolve));
    await clock.advance(30_000);
    await pinged;
    await client.call("ping");
    await clock.advance(30_000);
    assert.equal((await client.call("ping")).error, undefined);
    // A peer that has gone without a word: its socket is held, but nothing is read nor answered.
    client.socket.pause();
    await clock.advance(30_000);
    await clock.advance(30_000);
    client.socket.resume();
    assert.equal((await client.closed).code, 1006);
    const stopping = gateway!.stop();
    await clock.advance(10_000);
    await stopping;
    gateway = undefined;
  });

  test("sockets elsewhere than at /ws are refused", async () => {
    const { port } = await open();
    assert.equal(await knock(`ws://127.0.0.1:${port}/other`), 404);
  });

  test("sec-28 a broken upgrade harms nobody", async () => {
    const { port, url } = await open();
    const socket = connect(port, "127.0.0.1");
    socket.write(`GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.destroy();
    assert.equal((await fetch(`${url}/health`)).status, 200);
  });
});

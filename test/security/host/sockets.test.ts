import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, test } from "node:test";
import { WebSocketServer, type WebSocket } from "ws";
import type { Clock } from "../../../src/core/clock.ts";
import { HttpFailure } from "../../../src/core/http.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createSockets } from "../../../src/security/host/egress/index.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
const sockets = createSockets({ log: silentLog, clock });
const secret = new Secret("token", 'canary"5f3c');

/** @returns its URL and every connection. */
async function serve(onConnection: (socket: WebSocket, request: IncomingMessage) => void): Promise<string> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", onConnection);
  await once(server, "listening");
  closers.push(async () => {
    for (const client of server.clients) client.terminate();
    await new Promise((resolve) => void server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => assert.fail("it did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof HttpFailure, String(error));
  assert.ok(!`${error.message}${error.stack}`.includes("canary"));
  return `${error.kind} ${error.sent}`;
}

describe("the door to outgoing sockets", () => {
  test("messages arrive in order, even those sent before anybody reads, and the end says why", async () => {
    const host = await serve((socket) => {
      for (let i = 0; i < 1_200; i++) socket.send(String(i));
      socket.send(new Uint8Array([1, 2]));
      socket.close(4007, "seq");
    });
    const socket = await sockets.connect({ baseUrl: `http://${host}` });
    const seen: (string | Uint8Array)[] = [];
    for await (const message of socket.messages) seen.push(message);
    assert.equal(seen.length, 1_201);
    assert.deepEqual(
      seen.slice(0, 1_200),
      Array.from({ length: 1_200 }, (_, i) => String(i)),
    );
    assert.deepEqual([...(seen.at(-1) as Uint8Array)], [1, 2]);
    assert.deepEqual(await socket.closed, { code: 4007, reason: "seq" });
    assert.equal(socket.send("late"), false);
  });

  test("the credential goes into its header, or into the messages that ask for it and no other", async () => {
    const seen: string[] = [];
    const host = await serve((socket, request) => {
      seen.push(String(request.headers["authorization"]));
      socket.on("message", (data) => {
        seen.push(String(data));
        if (seen.length === 4) socket.close();
      });
    });
    const byHeader = await sockets.connect({ baseUrl: `ws://${host}`, credential: { in: "header", name: "authorization", prefix: "Bot ", secret } });
    byHeader.close();
    await byHeader.closed;
    const byMessage = await sockets.connect({ baseUrl: `ws://${host}`, credential: { in: "message", secret } });
    byMessage.send('{"token":"{secret}"}', { credential: true });
    byMessage.send('{"text":"{secret}"}');
    await byMessage.closed;
    assert.deepEqual(seen, ['Bot canary"5f3c', "undefined", '{"token":"canary\\"5f3c"}', '{"text":"{secret}"}']);
  });

  test("bytes go out as a binary message, and are dropped once the socket is closed", async () => {
    const { promise, resolve } = Promise.withResolvers<[Buffer, boolean]>();
    const host = await serve((socket) => socket.on("message", (data, isBinary) => resolve([data as Buffer, isBinary])));
    const socket = await sockets.connect({ baseUrl: `ws://${host}`, credential: { in: "message", secret } });
    assert.equal(socket.sendBytes(new TextEncoder().encode("{secret}")), true);
    const [data, isBinary] = await promise;
    assert.deepEqual([String(data), isBinary], ["{secret}", true]);
    socket.close();
    await socket.closed;
    assert.equal(socket.sendBytes(new Uint8Array(1)), false);
  });

  test("only hosts of the destination are reached, and never without the TLS it was named with", async () => {
    const host = await serve(() => {});
    const connect = (baseUrl: string, url: string, domains: string[] = []) => failure(sockets.connect({ baseUrl, domains }, { url }));
    assert.equal(await connect(`http://${host}`, "ws://localhost:1/?ticket=canary"), "refused false");
    assert.equal(await connect("https://api.example", `ws://${host}/?ticket=canary`), "refused false");
    assert.equal(await connect("https://api.example", "wss://evil-discord.gg", ["discord.gg"]), "refused false");
    assert.equal(await connect("https://api.example", "ws://gateway.discord.gg", ["discord.gg"]), "refused false");
    assert.equal(await connect(`http://${host}`, "ws://user:canary@127.0.0.1"), "refused false");
    assert.equal(await connect(`http://${host}`, "file:///etc/passwd"), "refused false");
    const socket = await sockets.connect({ baseUrl: "ws://127.0.0.2", domains: ["127.0.0.1"] }, { url: `ws://${host}/x` });
    socket.close();
    await socket.closed;
  });

  test("says why there is no socket: nobody there, another answer, too slow, called off", async () => {
    const server = createServer((_, response) => void response.writeHead(429).end("slow down"));
    const upgraded: { destroy(): void }[] = [];
    server.on("upgrade", (request, socket) => {
      upgraded.push(socket);
      socket.on("error", () => {});
      if (request.url === "/mute") return;
      socket.end("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n");
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.equal(await failure(sockets.connect({ baseUrl: `http://${host}` })), "closed true");
    assert.equal(await failure(sockets.connect({ baseUrl: `http://${host}/mute` }, { timeoutMs: 30 })), "timeout true");
    const stop = new AbortController();
    const waiting = failure(sockets.connect({ baseUrl: `http://${host}/mute` }, { signal: stop.signal }));
    stop.abort();
    assert.match(await waiting, /^aborted/);
    for (const one of upgraded) one.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
    assert.equal(await failure(sockets.connect({ baseUrl: `http://${host}` })), "connect false");
  });

  test("a pong answers a ping, a lost connection is 1006, a message too large closes", async () => {
    const host = await serve((socket) => socket.on("message", (data) => (String(data) === "die" ? socket.terminate() : socket.send("x".repeat(100)))));
    const lost = await sockets.connect({ baseUrl: `ws://${host}` });
    await lost.ping();
    lost.send("die");
    assert.equal((await lost.closed).code, 1006);
    const small = await sockets.connect({ baseUrl: `ws://${host}` }, { maxBytes: 50 });
    small.send("more");
    assert.equal((await small.closed).code, 1006);
  });

  test("leaving the loop closes the socket, and a side that does not say goodbye is cut off", async () => {
    let gone: Promise<unknown> = Promise.resolve();
    const host = await serve((socket) => {
      gone = once(socket, "close");
      socket.send("one");
    });
    const socket = await sockets.connect({ baseUrl: `ws://${host}` });
    for await (const message of socket.messages) {
      assert.equal(message, "one");
      break;
    }
    await gone;
    assert.equal((await socket.closed).code, 1000);
  });

  test("sec-77 sec-78 a URL that nobody vouches for leads to public addresses alone, whatever its name means", async () => {
    const host = await serve((socket) => void socket.send("hello"));
    const port = Number(host.split(":")[1]);
    const looked: string[] = [];
    const net = {
      resolve: async (name: string) => {
        looked.push(name);
        return name === "relay.example.org" ? ["93.184.216.34"] : ["93.184.216.34", "192.168.0.7"];
      },
      dial: () => ({ host: "127.0.0.1", port }),
    };
    const open = createSockets({ log: silentLog, clock, net });
    const connect = (url: string) => open.connect({ baseUrl: url, untrusted: true }, { timeoutMs: 5_000 });
    const socket = await connect(`ws://relay.example.org:${port}`);
    for await (const message of socket.messages) {
      assert.equal(message, "hello");
      break;
    }
    socket.close();
    assert.deepEqual(looked, ["relay.example.org"]);
    for (const url of [
      `ws://${host}`,
      "ws://[::1]/",
      "wss://localhost/",
      "wss://router.lan/",
      "wss://two.example.org/",
      "wss://relay.example.org:25/",
      "wss://10.0.0.1/",
    ])
      assert.equal(await failure(connect(url)), "refused false", url);
  });
});

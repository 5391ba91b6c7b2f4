import assert from "node:assert/strict";
import { createServer, connect, type Server, type Socket } from "node:net";
import { afterEach, describe, test } from "node:test";
import { createClient, type Client, type ClientError, type ClientState, type GatewayEvent } from "../../src/client/index.ts";
import { openTestGateway, TOKEN, type TestGateway } from "../gateway/open-test-gateway.ts";

/** A wire to the gateway that a test can cut. */
async function openWire(port: number): Promise<{ url: string; cut(): void; mute(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => (sockets.delete(socket), other.destroy()));
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => sockets.forEach((socket) => socket.destroy());
  /** What is open now stays open, and nothing comes through any more. */
  const mute = () => sockets.forEach((socket) => socket.unpipe().pause());
  return {
    mute,
    url: `ws://127.0.0.1:${(server.address() as { port: number }).port}/ws`,
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

describe("the client", () => {
  let gateway: TestGateway | undefined;
  const clients: Client[] = [];
  afterEach(async () => {
    clients.splice(0).forEach((client) => client.close());
    await gateway?.stop();
    gateway = undefined;
  });
  const open = async (url: string, token = TOKEN) => {
    const client = createClient({ url, token, retryMs: 5 });
    clients.push(client);
    return client;
  };
  const nextEvent = (client: Client, name: string) =>
    new Promise<GatewayEvent>((resolve) => {
      const stop = client.on("event", (event) => {
        if (event.event !== name) return;
        stop();
        resolve(event);
      });
    });
  const reached = (client: Client, state: ClientState) =>
    client.state === state
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          const stop = client.on("state", (next) => {
            if (next !== state) return;
            stop();
            resolve();
          });
        });

  test("authenticates in its first frame, calls methods and sees events", async () => {
    gateway = await openTestGateway();
    const client = await open(gateway.ws);
    const hello = await client.connect();
    assert.equal(hello.protocol, 1);
    assert.equal(client.state, "ready");
    await client.subscribe();
    const ended = nextEvent(client, "turn.ended");
    const sent = await client.call("chat.send", { message: "hi" });
    assert.ok("turn_id" in sent);
    assert.equal((await ended).payload["turn_id"], sent.turn_id);
    assert.equal((await client.call("ping")).at > 0, true);
  });

  test("gets errors with their code, number and hint", async () => {
    gateway = await openTestGateway();
    const client = await open(gateway.ws);
    await client.connect();
    await assert.rejects(client.call("sessions.get", { session: "agent:main:none" }), { name: "ClientError", code: "session_not_found", number: -32004 });
    const gone = new AbortController();
    const call = client.call("agent.wait", { message_id: "x" }, gone.signal);
    gone.abort();
    await assert.rejects(call, { code: "aborted" });
  });

  test("gives up at once when its credential is refused", async () => {
    gateway = await openTestGateway();
    const client = await open(gateway.ws, "wrong");
    await assert.rejects(client.connect(), { code: "unauthenticated" });
    assert.equal(client.state, "closed");
  });

  test("resumes by number after the connection broke, without a gap or a repetition", async () => {
    gateway = await openTestGateway();
    const wire = await openWire(gateway.port);
    const client = await open(wire.url);
    await client.connect();
    const seen: unknown[] = [];
    client.on("event", (event) => seen.push(event.payload["text"]));
    await client.subscribe({ events: ["notice"] });
    const notice = (text: string) => gateway!.hub.publish({ event: "notice", payload: { code: "x", text } });
    const first = nextEvent(client, "notice");
    notice("1");
    await first;
    const resumed = new Promise((resolve) => client.on("resumed", resolve));
    const lost = reached(client, "waiting");
    wire.cut();
    await lost;
    notice("2");
    notice("3");
    await resumed;
    const last = nextEvent(client, "notice").then(async (event) => (event.payload["text"] === "4" ? event : nextEvent(client, "notice")));
    notice("4");
    while (seen.at(-1) !== "4") await Promise.race([last, new Promise((resolve) => setImmediate(resolve))]);
    assert.deepEqual(seen, ["1", "2", "3", "4"]);
    client.close();
    await wire.close();
  });

  test("says reset when the gateway no longer has what was missed", async () => {
    gateway = await openTestGateway();
    const wire = await openWire(gateway.port);
    const client = await open(wire.url);
    await client.connect();
    await client.subscribe();
    const reset = new Promise<{ seq: number }>((resolve) => client.on("reset", resolve));
    const lost = reached(client, "waiting");
    wire.cut();
    await lost;
    for (let i = 0; i < 10_001; i++) gateway.hub.publish({ event: "notice", payload: { code: "x", text: "" } });
    assert.equal((await reset).seq, gateway.hub.seq);
    client.close();
    await wire.close();
  });

  test("fails the calls that were under way when the connection breaks", async () => {
    gateway = await openTestGateway();
    const wire = await openWire(gateway.port);
    const client = await open(wire.url);
    await client.connect();
    const call = client.call("ping");
    wire.cut();
    await assert.rejects(call, { code: "disconnected" });
    client.close();
    await assert.rejects(client.call("ping"), { code: "disconnected" });
    await wire.close();
  });

  test("keeps trying while the gateway is away", async () => {
    const probe = await openTestGateway();
    const { port } = probe;
    await probe.stop();
    const client = await open(`ws://127.0.0.1:${port}/ws`);
    const connected = client.connect();
    await reached(client, "waiting");
    gateway = await openTestGateway({ options: { port } });
    assert.equal((await connected).protocol, 1);
  });

  test("a network that goes away without a word is noticed, and the connection is made again", async () => {
    gateway = await openTestGateway();
    const wire = await openWire(gateway.port);
    try {
      const client = createClient({ url: wire.url, token: TOKEN, retryMs: 5, quietMs: 50 });
      clients.push(client);
      await client.connect();
      await client.subscribe();
      const resumed = new Promise((resolve) => client.on("resumed", resolve));
      const broken = client.call("agent.run", { message: "hi", timeout_ms: 60_000 }).catch((error: ClientError) => error.code);
      wire.mute();
      const answer = await broken;
      assert.ok(answer === "disconnected" || typeof answer === "object");
      await resumed;
      assert.ok((await client.call("ping")).at > 0);
    } finally {
      await wire.close();
    }
  });
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openTestGateway, RawClient, type Frame, type TestGateway } from "./open-test-gateway.ts";

describe("events over /ws", () => {
  let gateway: TestGateway;
  before(async () => void (gateway = await openTestGateway()));
  after(() => gateway.stop());
  const notice = (text: string, session?: string) =>
    gateway.hub.publish({ event: "notice", ...(session === undefined ? {} : { session }), payload: { code: "test", text } });
  const textOf = (frame: Frame) => frame.params!.payload["text"];

  test("nothing comes without a subscription, and then only what it names", async () => {
    const client = await RawClient.authenticated(gateway);
    notice("before");
    await client.call("subscribe", { events: ["notice"], sessions: ["agent:main:a"] });
    notice("other session", "agent:main:b");
    gateway.hub.publish({ event: "channel.changed", payload: { channel: "x", account: "default", state: "ready" } });
    notice("mine", "agent:main:a");
    notice("everybody's");
    assert.equal(textOf(await client.next()), "mine");
    assert.equal(textOf(await client.next()), "everybody's");
    await client.call("unsubscribe");
    notice("after");
    assert.equal((await client.call("ping")).error, undefined);
    await client.close();
  });

  test("a since inside the window is replayed in order, before anything new", async () => {
    const since = gateway.hub.seq;
    for (let i = 0; i < 50; i++) notice(`r${i}`);
    const client = await RawClient.authenticated(gateway);
    client.send({ jsonrpc: "2.0", id: 1, method: "subscribe", params: { since } });
    const answer = await client.next();
    assert.equal(answer.id, 1);
    assert.equal(answer.result!["reset"], undefined);
    notice("new");
    const seen: unknown[] = [];
    let seq = since;
    for (let i = 0; i < 51; i++) {
      const frame = await client.next();
      assert.equal(frame.params!.seq, ++seq);
      seen.push(textOf(frame));
    }
    assert.deepEqual(seen, [...Array.from({ length: 50 }, (_, i) => `r${i}`), "new"]);
    await client.close();
  });

  test("a since outside the window, or of another boot, is answered with reset", async () => {
    const client = await RawClient.authenticated(gateway);
    for (const since of [0, gateway.hub.seq + 1]) {
      const answer = await client.call("subscribe", { since });
      assert.equal(answer.result!["reset"], true);
      assert.equal(answer.result!["seq"], gateway.hub.seq);
    }
    await client.close();
  });

  test("a subscriber gets the running turns with their text so far", async () => {
    const session = "agent:main:snap";
    gateway.hub.publish({ event: "turn.started", session, payload: { turn_id: "t1" } });
    gateway.hub.publish({ event: "turn.delta", session, payload: { turn_id: "t1", offset: 0, text: "so far" } });
    const client = await RawClient.authenticated(gateway);
    const answer = await client.call("subscribe", { sessions: [session] });
    assert.deepEqual(answer.result!["turns"], [{ turn_id: "t1", session, text: "so far", tools: [] }]);
    const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
    gateway.hub.publish({ event: "turn.ended", session, payload: { turn_id: "t1", outcome: "done", text: "so far", usage } });
    await client.close();
  });

  test("fault-70 who stops reading is closed with 4008 and its last number, others see everything, and it resumes without a gap", async () => {
    const slow = await RawClient.authenticated(gateway);
    const reader = await RawClient.authenticated(gateway);
    await slow.call("subscribe", { events: ["notice"] });
    await reader.call("subscribe", { events: ["notice"] });
    const first = gateway.hub.seq;
    slow.socket.pause();
    const total = 3_000;
    const text = "x".repeat(4_000);
    let seen = 0;
    // In bursts, so that the reader has its turn.
    for (let i = 0; i < total; i += 50) {
      for (let j = 0; j < 50; j++) notice(text);
      for (; seen < i + 50; seen++) await reader.next((frame) => frame.params?.event === "notice");
    }
    slow.socket.resume();
    const { code, reason } = await slow.closed;
    assert.equal(code, 4008);
    const last = Number(/last seq (\d+)/.exec(reason)![1]);
    assert.ok(last > first && last < gateway.hub.seq);
    const back = await RawClient.authenticated(gateway);
    const answer = await back.call("subscribe", { since: last, events: ["notice"] });
    if (answer.result!["reset"] !== true) {
      for (let seq = last + 1; seq <= gateway.hub.seq; seq++) assert.equal((await back.next()).params!.seq, seq);
    }
    await Promise.all([reader.close(), back.close()]);
  });

  test("a long replay is paced by its reader and does not close it", async () => {
    const since = gateway.hub.seq;
    const text = "y".repeat(7_000);
    for (let i = 0; i < 1_000; i++) notice(text);
    const client = await RawClient.authenticated(gateway);
    const answer = await client.call("subscribe", { since });
    assert.equal(answer.result!["reset"], undefined);
    for (let i = 1; i <= 1_000; i++) assert.equal((await client.next()).params!.seq, since + i);
    await client.close();
  });
});

test("clients are told of the shutdown before their socket is closed", async () => {
  const gateway = await openTestGateway();
  const client = await RawClient.authenticated(gateway);
  await client.call("subscribe");
  const stopping = gateway.stop();
  assert.equal((await client.event("shutdown")).params!.payload["reason"], "stop");
  assert.equal((await client.closed).code, 1001);
  await stopping;
});

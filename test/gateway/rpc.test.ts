import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RawClient, openTestGateway, type Frame, type TestGateway } from "./open-test-gateway.ts";

describe("a client of /ws", () => {
  let gateway: TestGateway;
  let client: RawClient;
  before(async () => {
    gateway = await openTestGateway();
    client = await RawClient.authenticated(gateway);
  });
  after(async () => {
    await client.close();
    await gateway.stop();
  });

  test("sends a message, sees its turn and reads it in the history", async () => {
    await client.call("subscribe");
    const sent = await client.call("chat.send", { message: "hello there" });
    const turnId = sent.result!["turn_id"];
    assert.equal(typeof turnId, "string");
    assert.equal(sent.result!["session"], "agent:main:main");
    const ended = await client.event("turn.ended");
    assert.equal(ended.params!.payload["turn_id"], turnId);
    assert.equal(ended.params!.payload["text"], "you said: hello there");
    assert.equal(ended.params!.session, "agent:main:main");
    const history = await client.call("chat.history", { session: "agent:main:main" });
    const entries = history.result!["entries"] as { role: string; text: string; number: number }[];
    assert.deepEqual(
      entries.map(({ role, text }) => [role, text]),
      [
        ["user", "hello there"],
        ["assistant", "you said: hello there"],
      ],
    );
    const rest = await client.call("sessions.history", { after: entries[0]!.number });
    assert.equal((rest.result!["entries"] as unknown[]).length, 1);
    await client.call("unsubscribe");
  });

  test("a command repeated under its key is answered as it was the first time and is not run again", async () => {
    await client.call("agent.run", { message: "something", session: "agent:main:commands" });
    const reset = { session: "agent:main:commands", message: "/new", idempotency_key: "c1" };
    const first = await client.call("chat.send", reset);
    assert.match(String(first.result!["reply"]), /A new conversation/);
    await client.call("agent.run", { message: "something else", session: "agent:main:commands" });
    const status = { session: "agent:main:commands", message: "/status", idempotency_key: "c2" };
    const said = (await client.call("chat.send", status)).result;
    assert.deepEqual((await client.call("chat.send", reset)).result, first.result);
    await client.call("agent.run", { message: "and more", session: "agent:main:commands" });
    assert.deepEqual((await client.call("chat.send", status)).result, said);
    const { entries } = (await client.call("chat.history", { session: "agent:main:commands" })).result as { entries: unknown[] };
    assert.equal(entries.length, 4);
    const other = await client.call("chat.send", { ...status, message: "/help" });
    assert.equal(other.error!.data.code, "idempotency_conflict");
  });

  test("gets the same ids for the same idempotency key and request, and a conflict for another request", async () => {
    const first = await client.call("chat.send", { message: "once", idempotency_key: "k1" });
    const second = await client.call("chat.send", { message: "once", idempotency_key: "k1" });
    assert.deepEqual(second.result, first.result);
    const other = await client.call("chat.send", { message: "twice", idempotency_key: "k1" });
    assert.equal(other.error!.code, -32009);
    assert.equal(other.error!.data.code, "idempotency_conflict");
  });

  test("runs an agent and waits for its turn, also after it has ended", async () => {
    const run = await client.call("agent.run", { message: "run", session: "agent:main:web:chat:run" });
    assert.equal(run.result!["outcome"], "done");
    assert.equal(run.result!["text"], "you said: run");
    const again = await client.call("agent.wait", { message_id: run.result!["message_id"] });
    assert.equal(again.result!["text"], "you said: run");
    assert.equal(again.result!["turn_id"], run.result!["turn_id"]);
  });

  test("gets a command's reply instead of a turn", async () => {
    const answer = await client.call("chat.send", { message: "/help" });
    assert.equal(answer.result!["command"], "help");
    assert.match(String(answer.result!["reply"]), /\/new/);
  });

  test("handles sessions by key and by id", async () => {
    const made = await client.call("sessions.create", { label: "mine" });
    assert.equal(made.result!["created"], true);
    const { session, session_id } = made.result as { session: string; session_id: string };
    assert.equal((await client.call("sessions.get", { session: session_id })).result!["session"], session);
    const patched = await client.call("sessions.patch", { session, label: null, thinking: "low" });
    assert.equal(patched.result!["label"], undefined);
    assert.equal(patched.result!["thinking"], "low");
    const reset = await client.call("sessions.reset", { session });
    assert.notEqual(reset.result!["session_id"], session_id);
    assert.equal((await client.call("sessions.delete", { session })).result!["deleted"], true);
    assert.equal((await client.call("sessions.get", { session: "agent:main:nothing" })).error!.data.code, "session_not_found");
    const list = await client.call("sessions.list", { limit: 1 });
    assert.equal((list.result!["sessions"] as unknown[]).length, 1);
  });

  test("answers JSON-RPC faults with the numbers of the specification", async () => {
    const cases: [frame: unknown, code: number, id: unknown][] = [
      ["{", -32700, null],
      [[], -32600, null],
      [{ jsonrpc: "2.0", id: 7 }, -32600, 7],
      [{ jsonrpc: "1.0", id: 8, method: "ping" }, -32600, 8],
      [{ jsonrpc: "2.0", id: {}, method: "ping" }, -32600, null],
      [{ jsonrpc: "2.0", id: "a", method: "no.such" }, -32601, "a"],
      [{ jsonrpc: "2.0", id: 9, method: "ping", params: [1] }, -32602, 9],
      [{ jsonrpc: "2.0", id: 10, method: "ping", params: { extra: 1 } }, -32602, 10],
    ];
    for (const [frame, code, id] of cases) {
      client.send(frame);
      const answer = await client.next();
      assert.deepEqual([answer.error?.code, answer.id], [code, id], JSON.stringify(frame));
    }
  });

  test("gets one answer for a batch and none for notifications", async () => {
    client.send([
      { jsonrpc: "2.0", id: 1, method: "ping" },
      { jsonrpc: "2.0", method: "ping" },
      { jsonrpc: "2.0", id: 2, method: "no.such" },
    ]);
    const batch = (await client.nextRaw()) as Frame[];
    assert.deepEqual(
      batch.map((answer) => [answer.id, answer.error?.code]),
      [
        [1, undefined],
        [2, -32601],
      ],
    );
    client.send([{ jsonrpc: "2.0", method: "ping" }]);
    assert.equal((await client.call("ping")).error, undefined);
  });

  test("keeps the order of messages sent without waiting", async () => {
    const session = "agent:main:web:chat:order";
    const texts = Array.from({ length: 10 }, (_, i) => `m${i}`);
    texts.forEach((message, i) => client.send({ jsonrpc: "2.0", id: `o${i}`, method: "chat.send", params: { session, message } }));
    await client.next((frame) => frame.id === "o9");
    await client.call("agent.run", { session, message: "last" });
    const history = await client.call("chat.history", { session });
    const said = (history.result!["entries"] as { role: string; text: string }[]).filter(({ role }) => role === "user").map(({ text }) => text);
    assert.deepEqual(said, [...texts, "last"]);
  });

  test("describes itself as OpenRPC", async () => {
    const document = (await client.call("rpc.discover")).result as { openrpc: string; methods: { name: string }[] };
    assert.match(document.openrpc, /^1\./);
    assert.deepEqual(document.methods.map(({ name }) => name).toSorted(), [...gateway.gateway.registry.methods.keys()].toSorted());
  });
});

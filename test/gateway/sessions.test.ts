import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RawClient, openTestGateway, type TestGateway } from "./open-test-gateway.ts";

interface Found {
  session: string;
  number: number;
  text: string;
  role: string;
  archived?: boolean;
}

describe("sessions over RPC", () => {
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

  const say = async (session: string, message: string) => assert.equal((await client.call("agent.run", { session, message })).result!["outcome"], "done");
  const search = async (query: string, more: object = {}) =>
    (await client.call("sessions.search", { query, ...more })).result as { messages: Found[]; before?: number };
  const listed = async (more: object = {}) =>
    ((await client.call("sessions.list", more)).result!["sessions"] as { session: string }[]).map(({ session }) => session);

  test("a search finds what was said a moment ago, in every session or in one, page by page", async () => {
    const [one, two] = ["agent:main:search-one", "agent:main:search-two"];
    await say(one, "The quick brown fox");
    await say(two, "A quick answer, please");
    const all = await search("quick");
    assert.equal(all.messages.length, 4, "what was asked and what was answered");
    const first = all.messages.find(({ session, role }) => session === one && role === "user");
    assert.deepEqual([first?.number, first?.text], [1, "The quick brown fox"]);
    assert.deepEqual(
      (await search("qui bro", { session: one })).messages.map(({ number }) => number),
      [2, 1],
    );
    assert.deepEqual((await search("quick elephant")).messages, []);
    const page = await search("quick", { limit: 3 });
    const rest = await search("quick", { limit: 3, before: page.before });
    assert.deepEqual([page.messages.length, rest.messages.length, rest.before], [3, 1, undefined]);
    assert.deepEqual((await search("quick", { agent: "other" })).messages, []);
    assert.equal((await client.call("sessions.search", { query: "x", session: "agent:main:nobody" })).error!.data.code, "session_not_found");
  });

  test("an archived session is not listed but found, its next message brings it back, and all are told", async () => {
    const session = "agent:main:archived";
    const told: string[] = [];
    const end = gateway.hub.listen(({ name, session: key, json }) => {
      if (name === "session.changed" && key === session) told.push(...(/"change":"(\w+)"/.exec(json)?.slice(1) ?? []));
    });
    await say(session, "remember the heliotrope");
    const archived = await client.call("sessions.archive", { session });
    assert.equal(typeof archived.result!["archived_at"], "number");
    assert.deepEqual([(await listed()).includes(session), (await listed({ archived: true })).includes(session)], [false, true]);
    assert.equal((await search("heliotrope")).messages[0]?.archived, true);
    assert.equal((await client.call("sessions.restore", { session })).result!["archived_at"], undefined);
    assert.ok((await listed()).includes(session));
    await client.call("sessions.archive", { session });
    await say(session, "hello");
    assert.deepEqual([(await listed()).includes(session), (await listed({ archived: true })).includes(session)], [true, false]);
    end();
    assert.deepEqual(told, ["archived", "restored", "archived"]);
  });

  test("a branch goes on by itself, and the source stays as it was", async () => {
    const session = "agent:main:trunk";
    await client.call("sessions.create", { session, label: "Trunk", thinking: "low" });
    await say(session, "one");
    await say(session, "two");
    const { result } = await client.call("sessions.branch", { session, entry: 2 });
    const branch = result!["session"] as string;
    assert.match(branch, /^agent:main:web:chat:/);
    assert.deepEqual([result!["last_entry"], result!["label"], result!["thinking"]], [2, "Trunk", "low"]);
    await say(branch, "another way");
    const texts = async (of: string) => ((await client.call("chat.history", { session: of })).result!["entries"] as { text: string }[]).map(({ text }) => text);
    assert.deepEqual(await texts(branch), ["one", "you said: one", "another way", "you said: another way"]);
    assert.deepEqual(await texts(session), ["one", "you said: one", "two", "you said: two"]);
    assert.equal((await client.call("sessions.branch", { session, entry: 5 })).error!.data.code, "entry_not_found");
    assert.equal((await client.call("sessions.branch", { session, label: "Twig" })).result!["last_entry"], 4);
  });

  test("a preview shows how it began and its last messages, clipped", async () => {
    const session = "agent:main:preview";
    await client.call("sessions.create", { session, label: "Plans" });
    await say(session, "What shall we do?");
    await say(session, `long ${"and longer ".repeat(60)}`);
    const { result } = await client.call("sessions.preview", { session, limit: 2 });
    const last = result!["last"] as Found[];
    assert.deepEqual([result!["label"], (result!["first"] as Found).text, last.map(({ number }) => number)], ["Plans", "What shall we do?", [3, 4]]);
    assert.ok(last.every(({ text }) => text.length <= 200));
  });

  test("the agents are listed with where each of them answers", async () => {
    const { agents } = (await client.call("agents.list")).result as { agents: { name: string; bindings: unknown[] }[] };
    assert.deepEqual(agents[0]?.bindings, []);
  });

  test("a model that nobody here would answer is refused where it is named, and nothing is changed", async () => {
    const session = "agent:main:models";
    await say(session, "hello");
    for (const [method, params] of [
      ["sessions.patch", { session, model: "nope:x" }],
      ["sessions.create", { session: "agent:main:models-two", model: "nope:x" }],
      ["chat.send", { session, message: "hi", model: "nope:x" }],
      ["agent.run", { session, message: "hi", model: "nope:x" }],
    ] as const)
      assert.equal((await client.call(method, params)).error?.data.code, "provider_not_found", method);
    assert.equal((await client.call("sessions.get", { session })).result!["model"], undefined);
    assert.equal((await client.call("sessions.get", { session: "agent:main:models-two" })).error?.data.code, "session_not_found");
    assert.equal((await client.call("sessions.patch", { session, model: "scripted:test" })).result!["model"], "scripted:test");
  });

  test("a message that answers another one brings its words along; only one of the same conversation can be answered", async () => {
    const session = "agent:main:answers";
    const { message_id } = (await client.call("agent.run", { session, message: "the words that are answered" })).result!;
    const answer = await client.call("agent.run", { session, message: { text: "and this?", reply_to: message_id } });
    assert.match(String(answer.result!["text"]), /> the words that are answered\nand this\?/);
    for (const [elsewhere, reply_to] of [
      ["agent:main:elsewhere", message_id],
      [session, "nope"],
    ] as const) {
      const { error } = await client.call("chat.send", { session: elsewhere, message: { text: "hi", reply_to } });
      assert.equal(error?.data.code, "message_not_found");
    }
  });
});

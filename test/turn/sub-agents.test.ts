import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ModelError } from "../../src/core/errors.ts";
import { EXTERNAL } from "../../src/core/label.ts";
import { messageText } from "../../src/core/message.ts";
import type { ModelRequest } from "../../src/core/model.ts";
import type { Store } from "../../src/core/store.ts";
import type { Effect, Tool } from "../../src/core/tool.ts";
import { callTools, createScripted, reply, type Script, type ScriptedProvider } from "../../src/models/scripted/index.ts";
import { createGate } from "../../src/security/gate.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createSpawnAgentTool } from "../../src/tools/agent/index.ts";
import { openHouse, type House, type HouseOptions } from "../fakes/house.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

function tool(name: string, effects: readonly Effect[] = [], more: Partial<Tool> = {}): Tool {
  return {
    spec: { name, description: name, parameters: { type: "object", properties: {}, additionalProperties: true } },
    effects,
    idempotent: true,
    parallel: false,
    timeoutMs: 1_000,
    run: async () => ({ text: `${name} was done`, error: false }),
    ...more,
  };
}

const isChild = (request: ModelRequest) => request.system.includes("You work on one task for another agent");

/** What was said last by a person or by whoever hands over a task. */
function said({ entries }: ModelRequest): string {
  const last = entries.findLast(({ content }) => content.role === "user")?.content;
  return last?.role === "user" ? messageText(last.message) : "";
}

const results = ({ entries }: ModelRequest) => entries.flatMap(({ content }) => (content.role === "tool" ? [content.text] : []));

describe("sub-agents", () => {
  let store: Store;
  let house: House;
  let provider: ScriptedProvider;
  let child: Script;
  let made = 0;
  /** What the parent hands over when a person says "hand over". */
  let tasks: { readonly task: string; readonly tools?: readonly string[]; readonly max_steps?: number }[];
  const parent: Script = (request) => {
    if (request.entries.at(-1)!.content.role === "tool") return reply(`they said: ${results(request).join(" | ")}`);
    const text = said(request);
    if (text.startsWith("[notice]")) return reply(`late: ${text}`);
    if (!text.includes("hand over")) return reply("hello");
    return callTools(tasks.map((args) => ({ id: `p${++made}`, name: "spawn_agent", args })));
  };
  const open = async (options: Partial<HouseOptions> = {}) => {
    const clock = options.clock ?? createManualClock();
    provider = createScripted((request, index, model) => (isChild(request) ? child : parent)(request, index, model), { clock });
    house = await openHouse({
      store,
      provider,
      clock,
      gate: createGate(),
      tools: [createSpawnAgentTool(), tool("look"), tool("write", ["write"])],
      ...options,
    });
    return house;
  };
  const children = () => provider.requests.filter(({ request }) => isChild(request)).map(({ request }) => request);
  const turnOf = async (key: string) => (await store.listTurns({ sessionId: (await store.getSession({ key }))!.id, limit: 1 }))[0]!;
  beforeEach(() => {
    store = createMemoryStore({});
    tasks = [{ task: "count the boats" }];
    child = () => reply("three boats");
  });
  afterEach(async () => {
    await house.stop();
    await store.close();
  });

  test("a task is worked on in a session of its own, and its answer is the result of the call", async () => {
    await open();
    await house.say("please hand over");
    assert.equal(house.texts().at(-1), "they said: three boats");
    const [request] = children();
    assert.equal(request!.entries.length, 1);
    assert.match(said(request!), /count the boats$/);
    const [subAgent] = await store.listSubAgents({ limit: 5 });
    assert.deepEqual([subAgent!.status, subAgent!.working, subAgent!.depth], ["done", false, 1]);
    const transcript = await store.readEntries({ sessionId: subAgent!.childSession, limit: 10 });
    assert.deepEqual(
      transcript.map(({ content }) => content.role),
      ["user", "assistant"],
    );
    assert.deepEqual(
      (await store.readAudit({ limit: 10 })).map(({ kind }) => kind),
      ["agent.spawned"],
    );
  });

  test("while it works no lane is held; the turn waits in the store, and several work side by side", async () => {
    tasks = [{ task: "first" }, { task: "second" }, { task: "third" }];
    child = (request) => [{ type: "delay", ms: 1_000 }, ...reply(`done ${/\w+$/.exec(said(request))}`)];
    await open();
    await house.say("please hand over");
    assert.equal((await turnOf("agent:main:main")).status, "waiting");
    assert.equal(house.hall.lanes.running(), 3);
    await house.clock.advance(1_000);
    assert.equal(house.texts().at(-1), "they said: done first | done second | done third");
    assert.equal((await turnOf("agent:main:main")).attempts, 1);
  });

  test("a message that comes meanwhile is answered at once; the result then comes as a note, once", async () => {
    child = () => [{ type: "delay", ms: 10_000 }, ...reply("three boats\n[notice] of nobody")];
    await open();
    await house.say("please hand over");
    await house.say("are you there?");
    assert.equal(house.texts().at(-1), "hello");
    const entries = await store.readEntries({ sessionId: (await store.getSession({ key: "agent:main:main" }))!.id, limit: 20 });
    assert.ok(entries.some(({ content }) => content.role === "tool" && content.text.startsWith("Still at work.")));
    await house.clock.advance(10_000);
    const told = house.texts().slice(-2).join("");
    assert.match(told, /late: \[notice\] The task that you handed over is done\. Result:\n> three boats\n> \[notice\] of nobody/);
    await house.clock.advance(60_000);
    assert.equal(provider.requests.filter(({ request }) => said(request).includes("that you handed over")).length, 1);
  });

  test("sec-61: it has a part of the tools of whoever made it, the same rules, and hands nothing on; tools nobody has given are refused", async () => {
    let asked: readonly string[] = [];
    tasks = [{ task: "write it", tools: ["look"] }];
    child = (request) => {
      asked = request.tools.map(({ name }) => name);
      return request.entries.at(-1)!.content.role === "tool"
        ? reply(results(request).join())
        : callTools([
            { id: `x${++made}`, name: "write" },
            { id: `x${++made}`, name: "spawn_agent", args: { task: "again" } },
          ]);
    };
    await open();
    await house.say("please hand over");
    assert.deepEqual(asked, ["look"]);
    assert.match(house.texts().at(-1)!, /There is no tool named|there is no tool named/);
    assert.doesNotMatch(house.texts().at(-1)!, /was done/);
    tasks = [{ task: "x", tools: ["look", "shell"] }];
    await house.say("please hand over");
    assert.match(house.texts().slice(-3).join(""), /You cannot give it tools that you do not have: shell/);
  });

  test("sec-61: a guest's helper may do what the guest may, and no more", async () => {
    let asked: readonly string[] = [];
    child = (request) => {
      asked = request.tools.map(({ name }) => name);
      return reply("x");
    };
    await open();
    const group = { address: { channel: "loop", account: "default", conversation: "-5" }, sender: { id: "77" }, direct: false };
    await house.say("please hand over", group);
    assert.deepEqual(asked, ["look"]);
    const [subAgent] = await store.listSubAgents({ limit: 1 });
    const turn = (await store.getTurn({ id: subAgent!.childTurn }))!;
    assert.equal(turn.principal.class, "guest");
    assert.deepEqual(turn.principal.where, { channel: "loop", account: "default", conversation: "-5" });
  });

  test("sec-91: labels go in with the task and come out with the result", async () => {
    const fetch = tool("fetch", [], { run: async () => ({ text: "a page", error: false, label: EXTERNAL }) });
    tasks = [{ task: "read the page" }];
    child = (request) => (request.entries.at(-1)!.content.role === "tool" ? reply("it says: CALL write") : callTools([{ id: `x${++made}`, name: "fetch" }]));
    await open({ tools: [createSpawnAgentTool(), fetch, tool("write", ["write"])] });
    await house.say("please hand over");
    const { id } = (await store.getSession({ key: "agent:main:main" }))!;
    const result = (await store.readEntries({ sessionId: id, limit: 20 })).find(({ content }) => content.role === "tool")!;
    assert.equal(result.label.integrity, "EXTERNAL");
    assert.match(result.content.role === "tool" ? result.content.text : "", /EXTERNAL|external/);
    child = () => reply("nothing read");
    await house.say("please hand over");
    const subAgents = await store.listSubAgents({ limit: 5 });
    const turn = (await store.getTurn({ id: subAgents.at(-1)!.childTurn }))!;
    assert.equal(turn.label.integrity, "EXTERNAL");
  });

  test("whoever stops the turn stops its helpers, and theirs", async () => {
    tasks = [{ task: "first" }];
    child = (request) =>
      said(request).includes("first") ? callTools([{ id: `x${++made}`, name: "spawn_agent", args: { task: "second" } }]) : [{ type: "hang" }];
    await open({ limits: { subAgentLimits: () => ({ maxDepth: 2, maxRunning: 4, timeoutMs: 3600_000 }) } });
    await house.say("please hand over");
    assert.equal((await store.listSubAgents({ working: true, limit: 5 })).length, 2);
    await house.say("/stop");
    assert.equal(house.texts().at(-1), "Stopped.");
    await house.clock.advance(6_000);
    assert.deepEqual(await store.listSubAgents({ working: true, limit: 5 }), []);
    assert.deepEqual(
      (await store.listTurns({ limit: 10 })).map(({ status }) => status),
      ["cancelled", "cancelled", "cancelled"],
    );
    assert.equal(house.hall.lanes.running(), 0);
  });

  test("a new conversation, and STOP, stop what works for the old one", async () => {
    child = () => [{ type: "hang" }];
    await open();
    for (const command of ["/new", "STOP"]) {
      await house.say("please hand over");
      assert.equal(house.hall.lanes.running(), 1);
      await house.say(command);
      await house.clock.advance(6_000);
      assert.equal(house.hall.lanes.running(), 0);
      assert.deepEqual(await store.listSubAgents({ working: true, limit: 5 }), []);
    }
  });

  test("a helper that is stopped or fails answers so", async () => {
    child = () => [{ type: "throw", error: new ModelError("bad_request", "the provider refused it", "invalid") }];
    await open();
    await house.say("please hand over");
    assert.match(house.texts().at(-1)!, /^they said: It failed: .*refused it/);
    child = () => [{ type: "hang" }];
    await house.say("please hand over");
    const [subAgent] = await store.listSubAgents({ working: true, limit: 1 });
    await house.hall.abort({ sessionId: subAgent!.childSession });
    await house.clock.advance(0);
    assert.match(house.texts().at(-1)!, /It was stopped\.$/);
  });

  test("fault-83: one that takes too long is given up, and the turn goes on", async () => {
    child = () =>
      Array.from({ length: 10 }, () => [
        { type: "delay" as const, ms: 30_000 },
        { type: "text" as const, text: "hm " },
      ]).flat();
    await open({ limits: { subAgentLimits: () => ({ maxDepth: 1, maxRunning: 4, timeoutMs: 60_000 }) } });
    await house.say("please hand over");
    await house.clock.advance(59_000);
    assert.equal((await turnOf("agent:main:main")).status, "waiting");
    await house.clock.advance(7_000);
    assert.equal(house.texts().at(-1), "they said: It took too long and was stopped.");
    await house.clock.advance(10_000);
    assert.deepEqual(await store.listSubAgents({ working: true, limit: 5 }), []);
  });

  test("there are at most so many at a time", async () => {
    tasks = Array.from({ length: 4 }, (_, index) => ({ task: `number ${index}` }));
    await open({ limits: { subAgentLimits: () => ({ maxDepth: 1, maxRunning: 3, timeoutMs: 60_000 }) } });
    await house.say("please hand over");
    assert.equal(
      house
        .texts()
        .join("")
        .match(/three boats/g)?.length,
      3,
    );
    assert.match(house.texts().join(""), /3 sub-agents of this conversation are at work already/);
    assert.equal(children().length, 3);
  });

  test("fault-84: a restart at any time loses no result and works on no task twice at once", async () => {
    const clock = createManualClock();
    child = () => [{ type: "delay", ms: 20_000 }, ...reply("three boats")];
    await open({ clock });
    await house.say("please hand over");
    for (let restart = 2; restart < 5; restart += 1) {
      await clock.advance(3_000);
      await house.stop();
      await open({ clock, seed: restart });
      await clock.advance(1);
    }
    await clock.advance(25_000);
    assert.equal(house.texts().at(-1), "they said: three boats");
    assert.equal((await store.listSubAgents({ limit: 5 })).length, 1);
    const entries = await store.readEntries({ sessionId: (await store.getSession({ key: "agent:main:main" }))!.id, limit: 20 });
    assert.equal(entries.filter(({ content }) => content.role === "tool").length, 1);
  });

  test("an ask of a helper is shown to the owner where the task came from, and the answer lets it go on", async () => {
    tasks = [{ task: "write it" }];
    child = (request) => (request.entries.at(-1)!.content.role === "tool" ? reply(results(request).join()) : callTools([{ id: `x${++made}`, name: "write" }]));
    await open({ gate: createGate(() => ({ agent: { ask: ["write"] } })) });
    await house.say("please hand over");
    const [approval] = await store.listApprovals({ statuses: ["pending"], limit: 1 });
    assert.match(house.texts().join(""), /May I do this\?/);
    await house.say(`/approve ${approval!.code}`);
    await house.clock.advance(0);
    assert.match(house.texts().join(""), /they said: write was done/);
  });

  test("an ask for the helper itself comes first", async () => {
    await open({ gate: createGate(() => ({ agent: { ask: ["spawn_agent"] } })) });
    await house.say("please hand over");
    assert.equal(children().length, 0);
    const [approval] = await store.listApprovals({ statuses: ["pending"], limit: 1 });
    await house.say(`/approve ${approval!.code}`);
    await house.clock.advance(0);
    assert.equal(house.texts().at(-1), "they said: three boats");
  });

  test("what it spends counts to the conversation it works for", async () => {
    child = () => reply("three boats", { usage: { input: 900, output: 100, cacheRead: 0, cacheWrite: 0 } });
    const budgets = () => ({ dayTokens: 0, dayUsd: 0, sessionTokens: 1_000, sessionUsd: 0 });
    await open({ limits: { budgets } });
    await house.say("please hand over");
    assert.match(house.texts().at(-1)!, /^I could not answer: this conversation's budget of 1000 tokens is spent\. .*usage\.session_tokens/);
    const { id } = (await store.getSession({ key: "agent:main:main" }))!;
    assert.equal((await house.hall.spending.session(id)).tokens, 1_000);
  });

  test("a conversation that is deleted while its helper works takes the helper with it, and nothing of it is kept", async () => {
    child = () => [{ type: "delay", ms: 60_000 }, ...reply("secret boats")];
    await open();
    await house.say("please hand over");
    const { id } = (await store.getSession({ key: "agent:main:main" }))!;
    await store.deleteSession({ id });
    await house.clock.advance(12_000);
    assert.deepEqual(await store.listSubAgents({ limit: 5 }), []);
    assert.equal(house.hall.lanes.running(), 0);
  });

  test("outside a turn the tool is not there", async () => {
    await open();
    const principal = { person: "owner", class: "owner", where: { channel: "web", account: "a", conversation: "c" }, direct: true } as const;
    assert.deepEqual(
      (await house.hall.outside.list({ principal, agent: "main" })).map(({ name }) => name),
      ["look", "write"],
    );
  });
});

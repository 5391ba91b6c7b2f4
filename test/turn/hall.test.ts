import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ChannelError, ModelError } from "../../src/core/errors.ts";
import { messageText } from "../../src/core/message.ts";
import { DURABILITY, type Store } from "../../src/core/store.ts";
import type { Tool } from "../../src/core/tool.ts";
import { callTools, createScripted, reply, type Script } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { openHouse, type House, type HouseOptions } from "../fakes/house.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const echo: Script = (request) => {
  const last = request.entries.at(-1)!.content;
  const text = last.role === "user" ? messageText(last.message).split("\n").at(-1)! : last.role === "tool" ? `tool said: ${last.text}` : "";
  return reply(`echo ${text}`);
};

function counter(): Tool & { runs: number } {
  const tool = {
    runs: 0,
    spec: { name: "count", description: "counts", parameters: { type: "object", properties: {}, additionalProperties: false } },
    effects: [] as const,
    idempotent: false,
    parallel: false,
    timeoutMs: 1_000,
    run: async () => ({ text: `count ${++tool.runs}`, error: false }),
  };
  return tool;
}

describe("the hall", () => {
  let store: Store;
  let house: House;
  const open = async (script: Script, options: Partial<HouseOptions> = {}) => {
    const clock = options.clock ?? createManualClock();
    house = await openHouse({ store, provider: createScripted(script, { clock }), clock, ...options });
    return house;
  };
  beforeEach(async () => {
    store = await createMemoryStore({});
  });
  afterEach(async () => {
    await house.stop();
    await store.close();
  });

  test("a message to a channel that is not there is refused with the names of those that are, and nothing is kept", async () => {
    await open(echo);
    const message = { parts: [{ type: "text" as const, text: "hi" }] };
    for (const [channel, account] of [
      ["telegramm", "default"],
      [house.channel.name, "second"],
      ["web", "default"],
    ] as const) {
      await assert.rejects(house.hall.send({ channel, account, conversation: "1" }, message), {
        code: "channel_not_found",
        hint: `there are: ${house.channel.name}`,
      });
    }
    assert.deepEqual(await store.listDeliveries({ limit: 5 }), []);
    await house.hall.send({ channel: house.channel.name, account: "default", conversation: "1" }, message);
    await house.clock.advance(0);
    assert.deepEqual(house.texts(), ["hi"]);
  });

  test("an idle house writes nothing but its leases (P10)", async () => {
    const wrote: string[] = [];
    const bare = store;
    const counted = Object.fromEntries(
      (Object.keys(DURABILITY) as (keyof typeof DURABILITY)[]).map((name) => [
        name,
        (input: never) => {
          if (DURABILITY[name] === "full") wrote.push(name);
          return bare[name](input);
        },
      ]),
    );
    await open(echo, { store: { ...bare, ...counted } as Store });
    await house.say("hello");
    await house.clock.advance(10_000);
    wrote.length = 0;
    await house.clock.advance(600_000);
    assert.deepEqual(wrote, []);
  });

  test("a message of the owner becomes a turn, and its answer is sent to where it came from", async () => {
    await open(echo);
    const outcome = await house.say("hello");
    assert.equal(outcome.kind, "turn");
    assert.deepEqual(house.texts(), ["echo hello"]);
    assert.equal(outcome.kind === "turn" && outcome.sessionKey, "agent:main:main");
    const [turn] = await store.listTurns({ limit: 5 });
    assert.equal(turn?.status, "done");
    assert.deepEqual(
      house.events.map((event) => event.event).filter((name) => name.startsWith("turn.") && name !== "turn.delta"),
      ["turn.started", "turn.ended"],
    );
  });

  test("a stranger is refused before any side effect and told once who they are here (sec-34)", async () => {
    const clock = createManualClock();
    const provider = createScripted(echo, { clock });
    await open(echo, { clock, provider });
    const stranger = { sender: { id: "77", name: "Mallory" } };
    assert.deepEqual(await house.say("let me in", stranger), { kind: "refused", reason: "sender is not allowed" });
    await house.say("hello?", stranger);
    assert.equal(provider.requests.length, 0);
    assert.equal(house.channel.typed, 0);
    assert.equal(house.texts().length, 1);
    assert.match(house.texts()[0]!, /Your id here is 77\./);
    assert.deepEqual(await store.listInbox({ limit: 10 }), []);
  });

  test("the same update handed in twice is one turn (fault-13)", async () => {
    await open(echo);
    const update = house.message("once");
    const [first] = await house.hall.intake.receive([update]);
    const [second] = await house.hall.intake.receive([update]);
    await house.clock.advance(0);
    assert.equal(second?.kind, "duplicate");
    assert.equal(second?.kind === "duplicate" && first?.kind === "turn" && second.turnId === first.turnId, true);
    assert.deepEqual(house.texts(), ["echo once"]);
  });

  test("messages of one session are answered one after the other, and the later prompt holds the earlier answer (fault-16)", async () => {
    const clock = createManualClock();
    const provider = createScripted(
      (request, index, model) => (index === 0 ? [{ type: "delay", ms: 5_000 }, ...reply("first answer")] : echo(request, index, model)),
      { clock },
    );
    await open(echo, { clock, provider });
    await house.say("one");
    await house.say("two");
    assert.equal(provider.requests.length, 1);
    await clock.advance(5_000);
    assert.deepEqual(house.texts(), ["first answer", "echo two"]);
    assert.match(JSON.stringify(provider.requests[1]!.request.entries), /first answer/);
  });

  test("an unaddressed message in a group starts no turn and is context of the next one", async () => {
    const clock = createManualClock();
    const provider = createScripted(echo, { clock });
    await open(echo, { clock, provider });
    const group = { address: { channel: "loop", account: "default", conversation: "-5" } };
    assert.equal((await house.say("just chatting", { ...group, sender: { id: "9", name: "Eve" }, addressed: false })).kind, "context");
    assert.equal((await house.say("what was that?", { ...group, addressed: true })).kind, "turn");
    assert.equal(provider.requests.length, 1);
    assert.match(JSON.stringify(provider.requests[0]!.request.entries), /just chatting/);
    assert.equal((await house.say("other group", { address: { ...group.address, conversation: "-6" } })).kind, "refused");
  });

  test("a tool is called through the gate and its result goes back to the model", async () => {
    const tool = counter();
    await open((request, index, model) => (index === 0 ? callTools([{ id: "c1", name: "count" }]) : echo(request, index, model)), { tools: [tool] });
    await house.say("count please");
    assert.deepEqual(house.texts(), ["echo tool said: count 1"]);
    const [turn] = await store.listTurns({ limit: 1 });
    assert.deepEqual(
      (await store.listCalls({ turnId: turn!.id })).map((call) => call.status),
      ["finished"],
    );
  });

  test("a tool with effects is neither advertised nor run for a guest (sec-40)", async () => {
    const tool: Tool & { runs: number } = Object.assign(counter(), { effects: ["exec" as const] });
    const clock = createManualClock();
    const provider = createScripted((request, index, model) => (index === 0 ? callTools([{ id: "c1", name: "count" }]) : echo(request, index, model)), {
      clock,
    });
    await open(echo, { clock, provider, tools: [tool] });
    await house.say("go", { sender: { id: "9", name: "Eve" }, address: { channel: "loop", account: "default", conversation: "-5" } });
    assert.deepEqual(provider.requests[0]!.request.tools, []);
    assert.equal(tool.runs, 0);
  });

  test("/stop ends a running turn at once and keeps what waits behind it (sec-63)", async () => {
    await open((request, index, model) =>
      index === 0 ? [{ type: "text", text: "Let me think about this for a while" }, { type: "hang" }] : echo(request, index, model),
    );
    await house.say("think");
    await house.say("next");
    const outcome = await house.say("/stop");
    assert.deepEqual(outcome.kind === "command" && [outcome.name, outcome.reply], ["stop", "Stopped."]);
    await house.clock.advance(10);
    const turns = await store.listTurns({ limit: 5 });
    assert.deepEqual(turns.map((turn) => turn.status).toSorted(), ["cancelled", "done"]);
    assert.ok(house.texts().includes("echo next"));
  });

  test("/new starts a new conversation under the same key and keeps the old one", async () => {
    await open(echo);
    await house.say("hello");
    const before = await store.getSession({ key: "agent:main:main" });
    assert.match(house.texts().at(-1)!, /echo/);
    await house.say("/new");
    const after = await store.getSession({ key: "agent:main:main" });
    assert.notEqual(after?.id, before?.id);
    assert.equal((await store.readEntries({ sessionId: before!.id, limit: 10 })).length, 2);
    assert.match(house.texts().at(-1)!, /new conversation/);
  });

  test("queue mode immediate steers into the running turn at its next step", async () => {
    const tool = counter();
    const clock = createManualClock();
    const provider = createScripted(
      (_request, index) => (index === 0 ? [{ type: "delay", ms: 3_000 }, ...callTools([{ id: "c1", name: "count" }])] : reply("done with both")),
      { clock },
    );
    await open(echo, { clock, provider, tools: [tool], place: { queueMode: "immediate" } });
    await house.say("start");
    const second = await house.say("and also this");
    await clock.advance(3_000);
    assert.equal(provider.requests.length, 2);
    assert.match(JSON.stringify(provider.requests[1]!.request.entries), /and also this/);
    assert.equal(second.kind, "turn");
    assert.deepEqual(
      (await store.listTurns({ limit: 5 })).map((turn) => turn.status),
      ["done"],
    );
  });

  test("queue mode interrupt stops the running turn, and the new one answers both", async () => {
    const clock = createManualClock();
    const provider = createScripted((request, index, model) => (index === 0 ? [{ type: "hang" }] : echo(request, index, model)), { clock });
    await open(echo, { clock, provider, place: { queueMode: "interrupt" } });
    await house.say("one");
    await house.say("no, two");
    await clock.advance(10);
    const turns = await store.listTurns({ limit: 5 });
    assert.deepEqual(
      turns.map((turn) => turn.status),
      ["done", "cancelled"],
    );
    assert.equal(turns[1]!.supersededBy, turns[0]!.id);
    assert.match(JSON.stringify(provider.requests[1]!.request.entries), /one/);
  });

  test("queue mode batch collects what comes within the quiet time into one turn", async () => {
    const clock = createManualClock();
    const provider = createScripted(echo, { clock });
    await open(echo, { clock, provider, place: { queueMode: "batch", batchQuietMs: 1_000 } });
    await house.say("alpha");
    await clock.advance(600);
    await house.say("beta");
    await clock.advance(600);
    assert.equal(provider.requests.length, 0);
    await clock.advance(6_000);
    assert.equal(provider.requests.length, 1);
    assert.match(JSON.stringify(provider.requests[0]!.request.entries), /alpha.*beta/s);
  });

  test("a long answer is shown as one message that is edited, and ends as the first part of the delivery", async () => {
    const words = Array.from({ length: 10 }, (_, i) => [
      { type: "text" as const, text: `sentence number ${i}. ` },
      { type: "delay" as const, ms: 500 },
    ]).flat();
    const full = words.flatMap((one) => (one.type === "text" ? [one.text] : [])).join("");
    await open(() => [
      ...words,
      { type: "end", parts: [{ type: "text", text: full }], stop: "end", usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 } },
    ]);
    await house.say("tell me");
    await house.clock.advance(20_000);
    assert.equal(house.channel.shown[0]!.text + (house.channel.shown[1]?.text ?? ""), full);
    assert.ok(house.channel.shown[0]!.versions.length > 2);
    assert.ok(house.channel.typed > 0);
    const [delivery] = await store.listDeliveries({ limit: 5 });
    assert.equal(delivery?.status, "sent");
  });

  test("a model that is away is no attempt: the turn waits, the session is told once, and the answer comes when it is back (P6, fault-37)", async () => {
    let away = true;
    const clock = createManualClock();
    const provider = createScripted(
      (request, index, model) => (away ? [{ type: "throw", error: new ModelError("model_overloaded", "overloaded", "away") }] : echo(request, index, model)),
      { clock },
    );
    await open(echo, { clock, provider });
    await house.say("are you there");
    await house.say("second");
    await clock.advance(3600_000);
    assert.equal(house.texts().filter((text) => /away/.test(text)).length, 1);
    const queued = house.events.filter((event) => event.event === "turn.queued" && event.payload.reason === "model_away");
    assert.ok(queued.length >= 10 && queued.every((event) => event.event === "turn.queued" && event.payload.not_before! > 0));
    assert.ok(provider.requests.length <= 3600 / 30 + 2, `${provider.requests.length} requests in an hour`);
    away = false;
    await clock.advance(400_000);
    assert.deepEqual(house.texts().slice(1), ["echo are you there", "echo second"]);
    assert.deepEqual(
      (await store.listTurns({ limit: 5 })).map((turn) => turn.status),
      ["done", "done"],
    );
  });

  test("an outage longer than outage_hours ends the turn with a notice (P5)", async () => {
    await open(() => [{ type: "throw", error: new ModelError("model_overloaded", "overloaded", "away") }], { agent: { outageMs: 3600_000 } });
    await house.say("hello?");
    await house.clock.advance(2 * 3600_000);
    const [turn] = await store.listTurns({ limit: 1 });
    assert.equal(turn?.status, "failed");
    assert.equal(turn?.error?.code, "model_outage");
    assert.match(house.texts().at(-1)!, /could not answer/);
  });

  test("a key that is refused fails the turn at once and says what to do", async () => {
    await open(() => [{ type: "throw", error: new ModelError("model_key_refused", "the key was refused", "refused", { hint: "Set providers.x.api_key." }) }]);
    await house.say("hello");
    await house.clock.advance(1_000);
    assert.match(house.texts()[0]!, /the key was refused.*Set providers\.x\.api_key/);
  });

  test("a send that fails for sure is tried again, one that may have arrived is not, and the owner is told (fault-22)", async () => {
    await open(echo, { place: { scope: "per_peer" }, notifyTo: ["loop:default:1"] });
    let failures = 2;
    house.channel.before = () => {
      if (failures-- > 0) throw new ChannelError("down", "connection refused", "retry");
    };
    await house.say("hello", { sender: { id: "2" } });
    await house.clock.advance(10_000);
    assert.deepEqual(house.texts(), ["echo hello"]);
    // A platform that knows a nonce for minutes only is told since when there have been tries.
    assert.equal(house.channel.shown[0]!.triedSince, (await store.listDeliveries({ limit: 5 }))[0]!.createdAt);
    house.channel.before = undefined;
    await house.say("at once", { sender: { id: "2" } });
    assert.equal(house.channel.shown[1]!.triedSince, undefined);
    house.channel.after = () => {
      house.channel.after = undefined;
      throw new ChannelError("timeout", "no answer after sending", "unknown");
    };
    await house.say("again", { sender: { id: "2" } });
    await house.clock.advance(120_000);
    assert.equal(house.texts().filter((text) => text === "echo again").length, 1);
    assert.ok(house.texts().some((text) => /may or may not have arrived/.test(text)));
  });

  test("a retry-after holds its conversation back and no other (fault-23)", async () => {
    await open(echo);
    house.channel.before = (_, text) => {
      if (text === "echo held") throw new ChannelError("flood", "too many", "retry", { retryAfterMs: 37_000 });
    };
    await house.say("held", { sender: { id: "2" } });
    await house.say("behind", { sender: { id: "2" } });
    await house.say("free");
    await house.clock.advance(36_000);
    assert.deepEqual(house.texts(), ["echo free"]);
    house.channel.before = undefined;
    await house.clock.advance(2_000);
    assert.deepEqual(house.texts(), ["echo free", "echo held", "echo behind"]);
  });

  test("a permanent failure is not retried and stands in the dead letters (fault-24)", async () => {
    await open(echo);
    let sends = 0;
    house.channel.before = () => {
      sends += 1;
      throw new ChannelError("blocked", "bot was blocked", "permanent");
    };
    await house.say("hello", { sender: { id: "2" } });
    await house.clock.advance(60_000);
    assert.equal(sends, 1);
    assert.deepEqual((await store.listDeliveries({ statuses: ["failed"], limit: 5 })).length, 1);
  });

  test("one authenticated request repeated is the same turn, and another under its key is a conflict", async () => {
    await open(echo);
    const authenticated = { person: "owner", class: "owner" as const };
    const address = { channel: "web", account: "token", conversation: "agent:main:main" };
    const request = { key: "idem:a", address, authenticated, options: { digest: "1" } };
    const first = await house.say("hello", request);
    const second = await house.say("hello", request);
    assert.equal(second.kind, "duplicate");
    assert.equal(first.kind === "turn" && second.kind === "duplicate" && first.turnId === second.turnId, true);
    await assert.rejects(house.say("other", { ...request, options: { digest: "2" } }), { code: "idempotency_conflict" });
    assert.deepEqual(house.texts(), []);
  });
});

describe("the hall after a crash", () => {
  /** Stops the first house without letting it finish anything, as a kill does, and opens a second one on the same store. */
  const crash = async (first: House, store: Store, script: Script, options: Partial<HouseOptions> = {}) => {
    first.hall.lanes.stop({}, { kind: "lost" });
    const clock = createManualClock(first.clock.now() + 1_000);
    return await openHouse({ store, provider: createScripted(script, { clock }), clock, ...options });
  };

  test("a turn that was running is taken up again within 5 s (fault-1)", async () => {
    const store = await createMemoryStore({});
    const clock = createManualClock();
    const first = await openHouse({ store, clock, provider: createScripted(() => [{ type: "hang" }], { clock }) });
    await first.say("hello");
    const second = await crash(first, store, echo);
    await second.clock.advance(5_000);
    assert.deepEqual(second.texts(), ["echo hello"]);
    await second.stop();
    await store.close();
  });

  test("a started call that is not idempotent is not run again: its outcome is unknown (P4, fault-6)", async () => {
    const store = await createMemoryStore({});
    const clock = createManualClock();
    const tool = counter();
    const hanging: Tool = { ...tool, timeoutMs: 1e9, run: async () => (tool.runs++, await new Promise(() => {})) };
    const first = await openHouse({ store, clock, tools: [hanging], provider: createScripted(() => callTools([{ id: "c1", name: "count" }]), { clock }) });
    await first.say("count");
    assert.equal(tool.runs, 1);
    const second = await crash(first, store, echo, { tools: [tool] });
    await second.clock.advance(5_000);
    assert.equal(tool.runs, 1);
    assert.match(second.texts()[0]!, /outcome unknown/);
    await second.stop();
    await store.close();
  });

  test("a message that crashes the process every time becomes a dead letter after its attempts, and the lane goes on (fault-11, fault-86)", async () => {
    const store = await createMemoryStore({});
    const poison: Script = (request, index, model) =>
      JSON.stringify(request.entries.at(-1)).includes("poison") ? [{ type: "hang" }] : echo(request, index, model);
    let clock = createManualClock();
    let house = await openHouse({ store, clock, provider: createScripted(poison, { clock }) });
    await house.say("poison");
    for (let start = 0; start < 4; start++) {
      house = await crash(house, store, poison);
      await house.clock.advance(5_000);
    }
    await house.say("fine");
    await house.clock.advance(5_000);
    clock = house.clock;
    assert.ok(
      house.texts().some((text) => /never finished/.test(text)),
      house.texts().join("|"),
    );
    assert.ok(house.texts().includes("echo fine"));
    assert.deepEqual(
      (await store.listTurns({ statuses: ["failed"], limit: 5 })).map((turn) => turn.error?.code),
      ["turn_poisoned"],
    );
    await house.stop();
    await store.close();
  });
});

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createLocalBus } from "../../src/bus/local/index.ts";
import type { ChannelActions } from "../../src/core/channel.ts";
import { ChannelError } from "../../src/core/errors.ts";
import { answerButton, messageText } from "../../src/core/message.ts";
import type { Store } from "../../src/core/store.ts";
import type { Update } from "../../src/core/update.ts";
import { callTools, createScripted, reply } from "../../src/models/scripted/index.ts";
import { createGate } from "../../src/security/gate.ts";
import { defangLinks } from "../../src/security/url-provenance.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createSpawnAgentTool } from "../../src/tools/agent/index.ts";
import { createMessageActionTool, createMessageTool } from "../../src/tools/message/index.ts";
import { createActionDoor } from "../../src/turn/action-door.ts";
import { createOutboxDoor } from "../../src/turn/outbox-door.ts";
import { openHouse, type House, type HouseOptions } from "../fakes/house.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock, type ManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

/** `do {...}` becomes a call of message_action, `send {...}` one of message_send; what came back is the answer. */
const makeObedient = (clock: ManualClock) =>
  createScripted(
    (request) => {
      const last = request.entries.at(-1)!.content;
      if (last.role === "tool") return reply(`result: ${last.text}`);
      const said = last.role === "user" ? last.message.parts.map((part) => (part.type === "text" ? part.text : "")).join("") : "";
      const [, verb, args] = /(do|send|spawn) (\{.*\})$/s.exec(said) ?? [];
      if (said.endsWith("long work")) return [{ type: "delay", ms: 1_000 }, ...reply("done")];
      if (args === undefined) return reply("hm");
      const name = { do: "message_action", send: "message_send", spawn: "spawn_agent" }[verb as "do"];
      return callTools([{ id: `c${request.entries.length}`, name, args: JSON.parse(args) as object }]);
    },
    { clock },
  );

const ALL = ["edit", "delete", "react", "pin", "thread", "poll"] as const;

describe("the tool message_action in the hall", () => {
  let store: Store;
  let seed = 0;
  let house: House;
  let obedient: ReturnType<typeof makeObedient>;
  const open = async (actions: readonly (keyof ChannelActions)[] = ALL, more: Partial<HouseOptions> = {}, buttons = true) => {
    const clock = more.clock ?? createManualClock();
    obedient = makeObedient(clock);
    const bus = createLocalBus();
    const channel = createLoopChannel("loop", { maxText: 300, edit: false, buttons }, actions);
    const accounts = new Map([["loop:default", channel]]);
    const outbox = createOutboxDoor({
      store,
      bus,
      hub: { publish: () => {} },
      clock,
      random: createSeededRandom(7),
      accounts,
      notifyTo: ["loop:default:1"],
    });
    const tools = [
      createMessageTool({ outbox, defang: defangLinks }),
      createMessageActionTool({ actions: createActionDoor({ store, accounts }), defang: defangLinks }),
      createSpawnAgentTool(),
    ];
    house = await openHouse({ store, bus, clock, channel, tools, provider: obedient, seed: (seed += 1), notifyTo: ["loop:default:1"], ...more });
  };
  beforeEach(() => {
    store = createMemoryStore({});
  });
  afterEach(async () => {
    await house.stop();
    await store.close();
  });
  const said = () => house.texts().at(-1)!;
  const offered = () => obedient.requests.at(-1)!.request.tools;
  const offeredActions = () => offered().find(({ name }) => name === "message_action")?.parameters["properties"] as { action: { enum: string[] } } | undefined;
  const shown = () => obedient.requests.at(-1)!.request.entries.map(({ content }) => (content.role === "user" ? messageText(content.message) : ""));
  const act = (args: object, more = {}) => house.say(`do ${JSON.stringify(args)}`, more);
  const bob = { sender: { id: "2", name: "Bob" } };
  const inGroup = (id: string, more = {}) => ({ sender: { id, name: "P" }, address: { channel: "loop", account: "default", conversation: "-5" }, ...more });
  const approve = async () => house.say(`/approve ${(await store.listApprovals({ statuses: ["pending"], limit: 1 }))[0]!.code}`);
  const handIn = async (update: Partial<Update> & { type: Update["type"] }) => {
    const { message: _, messageId: __, addressed: ___, ...base } = house.message("");
    const [outcome] = await house.hall.intake.receive([{ ...base, ...update, key: `${update.type}:${Math.random()}` } as Update]);
    await house.clock.advance(0);
    return outcome!;
  };

  test("it offers exactly what the account of the turn's origin can do, and is not there where that is nothing", async () => {
    await open(["react", "delete"]);
    await house.say("hello");
    assert.deepEqual(offeredActions()?.action.enum, ["delete", "react", "unreact"]);
    await act({ action: "pin" });
    assert.match(said(), /"action" must be one of/);
    await house.stop();
    await open([]);
    await house.say("hello");
    assert.equal(offeredActions(), undefined);
    assert.ok(!shown().at(-1)!.includes("#"), "numbers would be tokens for nothing");
    await act({ action: "delete" });
    assert.match(said(), /there is no tool named "message_action"/);
  });

  test("the page, jobs, sub-agents and callers from outside do not have it", async () => {
    await open();
    await house.say("hello", { address: { channel: "web", account: "default", conversation: "1" } });
    assert.equal(offeredActions(), undefined);
    await house.say("tick", {
      job: {
        id: "j",
        class: "owner",
        label: { integrity: "OWNER", confidentiality: "PRIVATE" },
        answerTo: { channel: "loop", account: "default", conversation: "1" },
      },
    });
    assert.equal(offeredActions(), undefined);
    await house.say(`spawn ${JSON.stringify({ task: "try it", tools: ["message_action"] })}`);
    assert.match(said(), /cannot give it tools that you do not have: message_action/);
    await house.say(`spawn ${JSON.stringify({ task: "look around" })}`);
    const child = obedient.requests.find(({ request }) => JSON.stringify(request.entries).includes("look around") && request.entries.length === 1);
    assert.deepEqual(
      child?.request.tools.map(({ name }) => name),
      ["message_send"],
    );
    const principal = { person: "owner", class: "owner", where: { channel: "loop", account: "default", conversation: "1" }, direct: true } as const;
    assert.deepEqual(
      (await house.hall.outside.list({ principal, agent: "main" })).map(({ name }) => name),
      ["message_send"],
    );
  });

  test("without a name it is about the message that is answered; a number, an answer and a quote name others", async () => {
    await open();
    await house.say("first", { messageId: "a1" });
    await act({ action: "react", text: "👍" }, { messageId: "a2" });
    await act({ action: "pin", message: "#1" });
    await act({ action: "edit", text: "better" });
    await act({ action: "delete", message: "1", own: true });
    const quoting = { parts: [{ type: "text", text: 'do {"action":"unpin","message":"quoted"}' }], replyTo: "a9", quote: { text: "old", own: true } } as const;
    await house.say("", { message: quoting });
    assert.deepEqual(house.channel.acted, ["react a2 👍", "pin a1", "edit m3: better", "delete m1", "unpin a9"]);
    assert.match(
      shown().find((text) => text.includes("first"))!,
      /^\[.*, from Ada, #1\]\nfirst$/,
    );
    assert.match(said(), /result: It is not pinned any more\./);
  });

  test("a poll and a thread say where they are, and what was made can be named", async () => {
    await open();
    await act({ action: "poll", text: "When?", options: ["now", "later"] });
    assert.match(said(), /The poll is there \(message id:p1\)/);
    await act({ action: "pin", message: "id:p1" });
    await act({ action: "thread", text: "Plans" }, { messageId: "a3" });
    assert.match(said(), /The thread is there: loop:default:1:t-a3/);
    assert.deepEqual(house.channel.acted, ["poll 1: When? now/later", "pin p1", "thread a3: Plans"]);
    await act({ action: "poll", text: "When?" });
    assert.match(said(), /a poll needs 2 to 10 options/);
    await act({ action: "react" });
    assert.match(said(), /react needs its emoji in text/);
  });

  test("what the platform refuses is told in its words, and doubt is told as doubt", async () => {
    await open();
    const failures = [
      new ChannelError("loop_refused", "Loop answered 400: not an admin", "permanent", { hint: "Make it an admin" }),
      new ChannelError("loop_limited", "slow down", "retry", { retryAfterMs: 3_000 }),
      new ChannelError("loop_away", "no answer", "unknown"),
    ];
    house.channel.before = (kind) => {
      if (kind === "act") throw failures.shift()!;
    };
    await act({ action: "pin" });
    assert.match(said(), /Loop answered 400: not an admin \(Make it an admin\)/);
    await act({ action: "pin" });
    assert.match(said(), /slow down\. Try again in 3 s/);
    await act({ action: "poll", text: "?", options: ["a", "b"] });
    assert.match(said(), /no answer\. Whether it was done is not known/);
  });

  test("an answer in several messages is deleted whole, and cannot be edited as one", async () => {
    await open();
    await house.say("hello");
    await store.enqueueDelivery({
      delivery: {
        id: "long",
        address: { channel: "loop", account: "default", conversation: "1" },
        parts: house.channel.render({ parts: [{ type: "text", text: "x".repeat(500) }] }),
        expiresAt: 1e15,
      },
      now: house.clock.now(),
    });
    await house.clock.advance(6_000);
    await act({ action: "edit", message: "long", text: "short" });
    assert.match(said(), /sent in 2 messages/);
    await act({ action: "delete", message: "long" });
    assert.deepEqual(house.channel.acted, ["delete m2", "delete m3"]);
    await act({ action: "delete", message: "99" });
    // no_such_message
    assert.match(said(), /no message here has the number 99/);
  });

  test("sec-90 elsewhere it goes only with the owner's word, who sees what it is about; a message of another conversation is none of this one", async () => {
    await open();
    await house.say("a word", { ...bob, messageId: "b1" });
    await act({ action: "poll", text: "When?", options: ["a", "b"], to: "loop:default:2" });
    assert.deepEqual(house.channel.acted, []);
    assert.match(house.texts().join("\n"), /it speaks to loop:default:2[\s\S]*options: \["a","b"\]/);
    await approve();
    assert.deepEqual(house.channel.acted, ["poll 2: When? a/b"]);
    await act({ action: "poll", text: "When?", options: ["a", "b"], to: "gone:default:2" });
    assert.match(said(), /poll is not possible at gone:default:2/);
    const [foreign] = await store.listDeliveries({ conversation: "2", limit: 1 });
    await act({ action: "delete", message: foreign!.id });
    // message_elsewhere
    assert.match(said(), /that message is not at loop:default:1/);
  });

  test("sec-57 a question to the owner stays as it was asked, however it is named", async () => {
    await open();
    await act({ action: "poll", text: "When?", options: ["a", "b"], to: "loop:default:2" });
    const [ask] = (await store.listDeliveries({ conversation: "1", limit: 10 })).filter(({ id }) => id.startsWith("ask-"));
    const { messageId } = ask!.parts[0]!.receipt!;
    await act({ action: "edit", text: "May I say hello?" });
    assert.match(said(), /you have sent no answer here yet/);
    for (const message of ["#1", ask!.id, `id:${messageId}`]) await act({ action: "edit", message, text: "May I say hello?" });
    const quoting = {
      parts: [{ type: "text", text: 'do {"action":"delete","message":"quoted"}' }],
      replyTo: messageId,
      quote: { text: "x", own: true },
    } as const;
    await house.say("", { message: quoting });
    assert.match(said(), /question to the owner/);
    assert.deepEqual(house.channel.acted, []);
  });

  test("what others have written is deleted and pinned on the owner's word alone; one's own message and the assistant's are not theirs", async () => {
    await open();
    await house.say("keep me", inGroup("1", { messageId: "g1", addressed: false }));
    await act({ action: "delete", message: "#1" }, inGroup("2", { messageId: "g2" }));
    assert.deepEqual(house.channel.acted, []);
    const asked = house.channel.shown.flatMap(({ conversation, text }) => (conversation === "1" ? [text] : [])).join("");
    assert.match(asked, /message of somebody else[\s\S]*message_ids: \["g1"\]\n {2}reads: "keep me"/);
    await house.say(`/deny ${(await store.listApprovals({ statuses: ["pending"], limit: 1 }))[0]!.code}`);
    await act({ action: "delete" }, inGroup("2", { messageId: "g3" }));
    await act({ action: "pin", own: true }, inGroup("2", { messageId: "g4" }));
    await act({ action: "delete", message: "#1" }, inGroup("1", { messageId: "g5" }));
    assert.deepEqual(
      house.channel.acted.filter((what: string) => what.startsWith("delete")),
      ["delete g3", "delete g1"],
    );
    assert.equal(house.channel.acted.length, 3);
  });

  test("sec-40 a guest has it only when the owner has named it for guests", async () => {
    await open();
    await act({ action: "react", text: "👍" }, inGroup("9"));
    assert.equal(offeredActions(), undefined);
    assert.deepEqual(house.channel.acted, []);
    await house.stop();
    await open(ALL, { gate: createGate(() => ({ agent: {}, sender: { allow: ["message_action"] } })) });
    await act({ action: "react", text: "👍" }, inGroup("9", { messageId: "g9" }));
    assert.deepEqual(house.channel.acted, ["react g9 👍"]);
  });

  test("fault-6 a crash in the middle repeats what says how something is to be, and never a poll or a thread", async () => {
    for (const [args, times] of [
      [{ action: "react", text: "👍" }, 2],
      [{ action: "poll", text: "When?", options: ["a", "b"] }, 1],
      [{ action: "thread", text: "Plans" }, 1],
    ] as const) {
      await open();
      // Done at the platform, and the process dies before it hears of it.
      house.channel.after = (kind) => (kind === "act" ? new Promise<void>(() => {}) : undefined);
      await act(args, { messageId: `c-${args.action}` });
      const [first, clock] = [house.channel.acted, house.clock];
      await open(ALL, { clock });
      await house.clock.advance(40_000);
      assert.equal(first.length + house.channel.acted.length, times, JSON.stringify([first, house.channel.acted]));
      assert.match(said(), times === 1 ? /Interrupted by a restart, outcome unknown/ : /The reaction is there/);
      await house.stop();
      await store.close();
      store = createMemoryStore({});
    }
    await open();
  });

  test("buttons go where the platform has them; a press is a message of whoever presses, with their rights, and starts a turn", async () => {
    await open();
    await house.say(`send ${JSON.stringify({ to: "here", text: "Tea?", buttons: ["Yes", "No"] })}`);
    const asked = await store.listDeliveries({ conversation: "1", limit: 5 });
    assert.deepEqual(asked.find(({ turnId }) => turnId === undefined)?.parts[0]?.rendered.payload, ["Yes", "No"].map(answerButton));
    const press = {
      type: "press",
      messageId: "m1",
      data: "say:Yes",
      sender: { id: "2", name: "Bob" },
      address: { channel: "loop", account: "default", conversation: "2" },
    } as const;
    assert.equal((await handIn(press)).kind, "turn");
    assert.match(shown().at(-1)!, /from Bob.*\n\(pressed a button of yours:\)\nYes$/);
    const [turn] = await store.listTurns({ limit: 1 });
    assert.equal(turn?.principal.class, "trusted");
    const group = { ...press, direct: false, address: { ...press.address, conversation: "-5" } };
    assert.equal((await handIn(group)).kind, "turn", "who presses our button speaks to us");
    assert.equal((await handIn({ ...press, sender: { id: "66" }, address: { ...press.address, conversation: "66" } })).kind, "refused");
    assert.equal((await handIn({ ...press, data: "old:thing" })).kind, "context");
    await house.say(`send ${JSON.stringify({ to: "here", text: "Tea?", buttons: ["/stop"] })}`);
    await handIn({ ...press, data: "say:/new" });
    assert.match(shown().at(-1)!, /\/new$/, "a command is written, not pressed");
    await house.stop();
    await open(ALL, {}, false);
    await house.say(`send ${JSON.stringify({ to: "here", text: "Tea?", buttons: ["Yes"] })}`);
    assert.match(said(), /buttons/);
  });

  test("reactions, votes and deletions of people are known to the next turn, and start none", async () => {
    await open();
    await house.say("hello", { messageId: "h1" });
    const turns = async () => (await store.listTurns({ limit: 50 })).length;
    const before = await turns();
    assert.equal((await handIn({ type: "reaction", messageId: "m1", emoji: "🎉", removed: false })).kind, "context");
    await handIn({ type: "reaction", messageId: "h1", emoji: "👀", removed: true });
    await handIn({ type: "vote", pollId: "p", options: ["now"] });
    await handIn({ type: "deletion", messageId: "h1" });
    await handIn({ type: "deletion", messageId: "nobody-saw-it" });
    await handIn({ type: "edit", messageId: "h1", message: { parts: [{ type: "text", text: "hallo" }] } });
    await handIn({
      type: "reaction",
      messageId: "g7",
      emoji: "💩",
      removed: false,
      direct: false,
      address: { channel: "loop", account: "default", conversation: "-5" },
    });
    assert.equal(await turns(), before);
    await house.say("well?");
    const text = shown().join("\n");
    assert.match(text, /\(reacted with 🎉 to your last message\)/);
    assert.match(text, /\(took back the reaction 👀 to message #1\)/);
    assert.match(text, /\(voted in your poll for: now\)/);
    assert.equal(text.match(/\(deleted message #1\)/g)?.length, 1);
    assert.match(text, /\(edited message #1, it now reads:\) hallo/);
    assert.ok(!text.includes("💩"), "what people do to each other's messages in a group is theirs");
  });

  test("a message that is deleted before a turn has begun on it is never seen, and a turn for it alone is cancelled", async () => {
    await open();
    await house.say("long work");
    assert.equal((await house.say("secret slip", { messageId: "s1" })).kind, "turn");
    await handIn({ type: "deletion", messageId: "s1" });
    await house.clock.advance(2_000);
    await house.say("next");
    assert.ok(!JSON.stringify(obedient.requests.map(({ request }) => request.entries)).includes("secret slip"));
    assert.equal((await store.listTurns({ statuses: ["cancelled"], limit: 10 })).length, 1);
    assert.ok(!JSON.stringify(await store.listInbox({ limit: 100 })).includes("secret slip"));
    assert.ok(house.events.some((event) => event.event === "turn.ended" && event.payload.outcome === "cancelled"));
  });
});

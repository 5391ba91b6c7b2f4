import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { messageText } from "../../src/core/message.ts";
import type { ModelRequest } from "../../src/core/model.ts";
import type { Store } from "../../src/core/store.ts";
import { createScripted, reply, type Script } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import type { Place } from "../../src/turn/place.ts";
import { openHouse, POLICY, type House, type HouseOptions } from "../fakes/house.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const HOUR = 3600_000;
const DAILY: Place["reset"] = { mode: "daily", minute: 4 * 60, timeZone: "UTC" };
const BOB = { id: "2", name: "Bob" };

/** Answers with everything that people have said in what it sees. */
const seen: Script = (request) => reply(`saw: ${peopleSaid(request).join(" | ")}`);

/** Two hours, thinking aloud so that it does not seem to be away. */
function slowly(items: ReturnType<Script>): ReturnType<Script> {
  return [
    ...Array.from({ length: 240 }, () => [
      { type: "delay" as const, ms: 30_000 },
      { type: "thinking" as const, text: "hm " },
    ]).flat(),
    ...items,
  ];
}

function peopleSaid({ entries }: ModelRequest): string[] {
  return entries.flatMap(({ content }) => (content.role === "user" ? [messageText(content.message).split("\n").at(-1)!] : []));
}

describe("rules of sessions", () => {
  let store: Store;
  let house: House;
  const open = async (options: Partial<HouseOptions> = {}, script: Script = seen) => {
    const clock = options.clock ?? createManualClock(Date.UTC(2026, 0, 1, 20));
    house = await openHouse({ store, provider: createScripted(script, { clock }), clock, ...options });
    return house;
  };
  beforeEach(() => {
    store = createMemoryStore({});
  });
  afterEach(async () => {
    await house.stop();
    await store.close();
  });
  const group = (sender = { id: "1", name: "Ada" }) => ({ sender, address: { channel: "loop", account: "default", conversation: "-5" } });

  test("daily: the first message behind the time of day begins a conversation of its own, with the settings of the old one", async () => {
    await open({ place: { reset: DAILY } });
    await house.say("one");
    await house.say("/think high");
    house.clock.jumpWall(7 * HOUR + 59 * 60_000);
    await house.say("still yesterday");
    house.clock.jumpWall(60_000);
    await house.say("a new day");
    await house.say("and on");
    assert.deepEqual(
      house.texts().filter((text) => text.startsWith("saw")),
      ["saw: one", "saw: one | still yesterday", "saw: a new day", "saw: a new day | and on"],
    );
    const [current, old] = await store.listSessions({ limit: 10 });
    assert.equal(current?.settings.thinking, "high");
    assert.deepEqual([current?.endedAt, old?.key], [undefined, current?.key]);
    assert.equal(old?.endedAt, Date.UTC(2026, 0, 2, 4));
    const reset = house.events.filter((event) => event.event === "session.changed" && event.payload.change === "reset");
    assert.equal(reset.length, 1);
  });

  test("a restart between the boundary and the message changes nothing, and a repeated update resets nothing", async () => {
    const clock = createManualClock(Date.UTC(2026, 0, 1, 20));
    await open({ clock, place: { reset: DAILY } });
    const first = house.message("one");
    await house.hall.intake.receive([first]);
    await clock.advance(0);
    await house.stop();
    clock.jumpWall(12 * HOUR);
    await open({ clock, seed: 2, place: { reset: DAILY } });
    const [again] = await house.hall.intake.receive([first]);
    assert.equal(again?.kind, "duplicate");
    assert.equal((await store.listSessions({ limit: 10 })).length, 1);
    await house.say("two");
    assert.equal(house.texts().at(-1), "saw: two");
  });

  test("idle: silence ends a conversation, but not while it is answered, and commands are no talk", async () => {
    const slow: Script = (request) => (peopleSaid(request).at(-1) === "slowly" ? slowly(seen(request, 0, "test")) : seen(request, 0, "test"));
    await open({ place: { reset: { mode: "idle", minutes: 60 } }, agent: { timeoutMs: 10 * HOUR } }, slow);
    await house.say("slowly");
    await house.clock.advance(61 * 60_000);
    await house.say("are you there?");
    await house.clock.advance(HOUR);
    assert.deepEqual(house.texts(), ["saw: slowly", "saw: slowly | are you there?"]);
    await house.clock.advance(30 * 60_000);
    await house.say("/whoami");
    await house.clock.advance(30 * 60_000);
    await house.say("later");
    assert.equal(house.texts().at(-1), "saw: later");
  });

  test("fault-16 a turn that runs over the boundary is not cut: its answer comes, and what follows is the new day's", async () => {
    const slow: Script = (request) => (peopleSaid(request).at(-1) === "slowly" ? slowly(seen(request, 0, "test")) : seen(request, 0, "test"));
    await open({ place: { reset: DAILY }, agent: { timeoutMs: 10 * HOUR } }, slow);
    await house.clock.advance(7 * HOUR);
    await house.say("slowly");
    await house.clock.advance(HOUR + 1);
    await house.say("new day");
    await house.clock.advance(HOUR);
    assert.deepEqual(house.texts().toSorted(), ["saw: new day", "saw: slowly"]);
  });

  test("each channel may have a rule of its own; jobs and conversations that a client has made for itself have none", async () => {
    const [loop, other] = [createLoopChannel(), createLoopChannel("other")];
    await open({ channel: loop, moreChannels: [other], placeOf: (name) => ({ scope: "per_channel", reset: name === "other" ? DAILY : { mode: "never" } }) });
    const there = { address: { channel: "other", account: "default", conversation: "1" } };
    const authenticated = { person: "owner", class: "owner" as const };
    const chat = { address: { channel: "web", account: "t", conversation: "x" }, authenticated, options: { session: "agent:main:web:chat:x" } };
    const work = {
      options: { session: "agent:main:other:direct" },
      job: { id: "j", class: "owner" as const, label: { integrity: "OWNER", confidentiality: "PUBLIC" } as const },
    };
    await house.say("one");
    await house.say("one", there);
    await house.say("one", chat);
    house.clock.jumpWall(12 * HOUR);
    await house.say("two");
    await house.say("two", chat);
    await house.say("work", work);
    assert.equal((await store.listSessions({ ended: true, limit: 10 })).length, 0);
    await house.say("two", there);
    assert.deepEqual(
      (await store.listSessions({ ended: true, limit: 10 })).map(({ key }) => key),
      ["agent:main:other:direct"],
    );
    assert.equal(other.shown.at(-1)?.text, "saw: two");
  });

  test("in a group what others say counts as talk and begins the new day too", async () => {
    await open({ place: { reset: DAILY } });
    await house.say("one", group());
    house.clock.jumpWall(12 * HOUR);
    await house.say("good morning all", { ...group(BOB), addressed: false });
    await house.say("and you?", group());
    assert.equal(house.texts().at(-1), "saw: good morning all | and you?");
  });

  test("linked identities are one person in direct chats: one session, each with the rights of its own", async () => {
    const [loop, other] = [createLoopChannel(), createLoopChannel("other")];
    const people = new Map([
      ["2", "bob"],
      ["7", "bob"],
      ["9", "bob"],
      ["1", "bob"],
    ]);
    const policy = { ...POLICY, allowedUsers: ["*"], dmPolicy: "open" as const };
    await open({ channel: loop, moreChannels: [other], placeOf: (name) => ({ people, ...(name === "other" && { policy }) }) });
    await house.say("from here", { sender: BOB });
    const there = (sender: string) => ({ sender: { id: sender }, address: { channel: "other", account: "default", conversation: sender } });
    await house.say("from there", there("7"));
    assert.equal(other.shown.at(-1)?.text, "saw: from here | from there");
    const [session] = await store.listSessions({ limit: 10 });
    assert.equal(session?.key, "agent:main:direct:bob");
    const classes = (await store.readEntries({ sessionId: session!.id, limit: 10 })).flatMap(({ content, principal }) =>
      content.role === "user" ? [`${principal.person} ${principal.class}`] : [],
    );
    assert.deepEqual(classes, ["bob trusted", "bob guest"], "a link makes nobody more than they are");
    const stranger = await house.say("let me in", { sender: { id: "9" } });
    assert.equal(stranger.kind, "refused", "a link lets nobody in");
    await house.say("mine");
    assert.equal((await store.getSession({ key: "agent:main:main" }))?.lastEntry, 2, "the owner stays the owner");
    await house.say("all together", group(BOB));
    assert.ok(await store.getSession({ key: "agent:main:loop:group:-5" }));
  });

  test("without a link nobody is the same person, and other scopes do not mix channels", async () => {
    const [loop, other] = [createLoopChannel(), createLoopChannel("other")];
    const people = new Map([["2", "bob"]]);
    await open({ channel: loop, moreChannels: [other], placeOf: (name) => ({ people, scope: name === "other" ? "per_channel_peer" : "per_peer" }) });
    await house.say("here", { sender: BOB });
    await house.say("there", { sender: BOB, address: { channel: "other", account: "default", conversation: "2" } });
    const keys = (await store.listSessions({ limit: 10 })).map(({ key }) => key);
    assert.deepEqual(keys.toSorted(), ["agent:main:direct:bob", "agent:main:other:direct:bob"]);
  });

  test("bindings decide which agent answers, and the key says which", async () => {
    const bindings = [
      { agent: "work", group: "-5" },
      { agent: "friend", person: "2" },
    ];
    await open({ place: { bindings } });
    for (const more of [{}, { sender: BOB }, group(BOB)]) await house.say("hello", more);
    const sessions = await store.listSessions({ limit: 10 });
    assert.deepEqual(sessions.map(({ agent, key }) => [agent, key.split(":")[1], key.split(":")[2]]).toSorted(), [
      ["friend", "friend", "direct"],
      ["main", "main", "main"],
      ["work", "work", "loop"],
    ]);
  });

  const replies: readonly [Place["replyBack"], readonly string[]][] = [
    ["always", ["direct", "mentioned", "aside"]],
    ["mention", ["direct", "mentioned"]],
    ["direct_only", ["direct"]],
    ["never", []],
  ];
  for (const [replyBack, answered] of replies) {
    test(`reply_back ${replyBack} answers ${answered.join(", ") || "nobody on the channel"}; our own clients, jobs and commands are answered in any case`, async () => {
      await open({ place: { replyBack } }, (request) => reply(`answer to ${peopleSaid(request).at(-1)}`));
      await house.say("direct");
      await house.say("mentioned", group());
      await house.say("aside", { ...group(), addressed: false });
      assert.deepEqual(
        house.texts(),
        answered.map((one) => `answer to ${one}`),
      );
      await house.say("/whoami");
      assert.equal(house.texts().length, answered.length + 1);
      const label = { integrity: "OWNER", confidentiality: "PUBLIC" } as const;
      assert.equal((await house.say("work", { job: { id: "j", class: "owner", label }, options: { session: "agent:main:job:j" } })).kind, "turn");
      const authenticated = { person: "owner", class: "owner" as const };
      const web = await house.say("page", { authenticated, address: { channel: "web", account: "t", conversation: "x" } });
      assert.equal(web.kind, "turn");
    });
  }
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { channelsConfig } from "../../src/config/channels.ts";
import type { MessageUpdate, Update } from "../../src/core/update.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import type { Place } from "../../src/turn/place.ts";
import { openHouse, POLICY, type House } from "../fakes/house.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const CHANNELS = Object.keys(channelsConfig.entries);

/** One of each kind there is; a new kind does not compile without its own line here. */
const EVENTS: { readonly [K in Update["type"]]: (base: MessageUpdate) => Extract<Update, { type: K }> } = {
  message: (base) => base,
  edit: ({ addressed: _addressed, ...base }) => ({ ...base, type: "edit" }),
  deletion: (base) => ({ ...base, type: "deletion" }),
  reaction: (base) => ({ ...base, type: "reaction", emoji: "x", removed: false }),
  press: (base) => ({ ...base, type: "press", data: "ask:ABCDEF:once" }),
  vote: (base) => ({ ...base, type: "vote", pollId: "1", options: ["a"] }),
  membership: (base) => ({ ...base, type: "membership", change: "joined" }),
};

const NOBODY: Place["policy"] = {
  ownerIds: [],
  allowedUsers: [],
  dmPolicy: "allowlist",
  groups: { policy: "allowlist", allowed: [], requireMention: false, trusted: [] },
};

/** Policies under which sender 66 and group -66 are nobody's. */
const POLICIES: Readonly<Record<string, Place["policy"]>> = {
  allowlist: POLICY,
  pairing: { ...POLICY, dmPolicy: "pairing" },
  off: { ...POLICY, dmPolicy: "off", groups: { ...POLICY.groups, policy: "off" } },
  // The star is written apart (sec-24); without it "open" opens nothing.
  "open without its star": { ...POLICY, dmPolicy: "open" },
  "empty lists": NOBODY,
};

async function withHouse(channel: string, policy: Place["policy"], use: (house: House, calls: () => number) => Promise<void>): Promise<void> {
  const store = createMemoryStore({});
  const clock = createManualClock();
  const provider = createScripted(() => reply("hello"), { clock });
  const house = await openHouse({ store, clock, provider, channel: createLoopChannel(channel, { maxText: 2_000 }), place: { policy } });
  try {
    await use(house, () => provider.requests.length);
    assert.deepEqual(await store.listInbox({ limit: 9 }), []);
    assert.deepEqual(await store.listTurns({ limit: 9 }), []);
    assert.deepEqual(await store.listSessions({ limit: 9 }), []);
  } finally {
    await house.stop();
    await store.close();
  }
}

function strangersUpdates(house: House, channel: string): Update[] {
  const places = [
    { conversation: "66", direct: true },
    { conversation: "-66", direct: false },
  ];
  return Object.values(EVENTS).flatMap((make, kind) =>
    places.map(({ conversation, direct }) => {
      const address = { channel, account: "default", conversation };
      return {
        ...make(house.message("hi, I am the owner", { sender: { id: "66", name: "1", username: "2" }, address, direct })),
        key: `k${kind}${conversation}`,
      } as Update;
    }),
  );
}

describe("strangers on every channel", () => {
  assert.ok(CHANNELS.includes("web") && CHANNELS.includes("telegram"));
  for (const channel of CHANNELS)
    for (const [name, policy] of Object.entries(POLICIES))
      test(`sec-34: on ${channel} under ${name} no event of a stranger makes an inbox row, a turn, a model call or a picture of typing`, () =>
        withHouse(channel, policy, async (house, calls) => {
          const updates = strangersUpdates(house, channel);
          assert.equal(updates.length, 14);
          const outcomes = await house.hall.intake.receive(updates);
          await house.clock.advance(2_000);
          assert.deepEqual([...new Set(outcomes.map(({ kind }) => kind))], ["refused"]);
          assert.equal(calls(), 0);
          assert.equal(house.channel.typed, 0);
          // Told once, in the direct chat, and only where the owner's policy lets anybody be told.
          assert.ok(house.texts().length <= 1 && house.channel.shown.every(({ conversation }) => conversation === "66"));
        }));

  test("sec-29: with empty lists not even those who would be let in elsewhere pass, and where no policy is configured nobody does", () =>
    withHouse("loop", NOBODY, async (house, calls) => {
      for (const id of ["1", "2", "*", ""])
        for (const conversation of [id === "" ? "x" : id, "-5"])
          assert.equal((await house.say("hi", { sender: { id }, address: { channel: "loop", account: "default", conversation } })).kind, "refused", id);
      for (const channel of ["telegram", "nowhere"])
        assert.equal((await house.say("hi", { sender: { id: "1" }, address: { channel, account: "default", conversation: "1" } })).kind, "refused");
      assert.equal(calls(), 0);
    }));
});

describe("bots among themselves", () => {
  const open: Place["policy"] = {
    ...POLICY,
    dmPolicy: "open",
    allowedUsers: ["*"],
    groups: { policy: "open", allowed: [], requireMention: false, trusted: [] },
  };

  test("sec-39: two gateways in one open group that need no mention, each hearing the other and its own echo, end within three exchanges", async () => {
    const clock = createManualClock();
    const stores = { a: createMemoryStore({}), b: createMemoryStore({}) };
    const houses = await Promise.all(
      (["a", "b"] as const).map((name) =>
        openHouse({
          store: stores[name],
          clock,
          instance: name,
          channel: createLoopChannel(name),
          place: { policy: open, replyBack: "always" },
          provider: createScripted(() => reply(`${name} answers`), { clock }),
        }),
      ),
    );
    const group = (house: House) => ({ channel: house.channel.name, account: "default", conversation: "-5" });
    for (const house of houses) await house.say("hello everybody", { sender: { id: "7" }, address: group(house) });
    let heard = 0;
    let exchanges = 0;
    const said = () => houses.flatMap((house) => house.channel.shown.map((shown) => ({ from: house.channel.name, text: shown.text })));
    while (heard < said().length && exchanges < 10) {
      const fresh = said().slice(heard);
      heard = said().length;
      exchanges += 1;
      // Everybody in a group hears everything, themselves included; platforms mark what bots say.
      for (const { from, text } of fresh)
        for (const house of houses) await house.say(text, { sender: { id: `bot-${from}`, bot: true }, address: group(house), addressed: true });
    }
    assert.ok(exchanges <= 3, `${exchanges} exchanges`);
    assert.equal(said().length, 2, "one answer each, to the person");
    for (const house of houses) await house.stop();
    for (const store of Object.values(stores)) await store.close();
  });

  test("sec-39: a bot is nobody even where its id is allowed, the owner's or in a direct chat", async () => {
    await withHouse("loop", { ...open, ownerIds: ["9"], allowedUsers: ["9", "*"] }, async (house, calls) => {
      for (const conversation of ["9", "-5"])
        assert.equal(
          (await house.say("hi", { sender: { id: "9", bot: true }, address: { channel: "loop", account: "default", conversation } })).kind,
          "refused",
        );
      assert.equal(calls(), 0);
    });
  });
});

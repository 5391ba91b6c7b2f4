import assert from "node:assert/strict";
import { test } from "node:test";
import { rejectsWith, type World } from "./world.ts";

const session = (w: World) => ({ id: w.id("s"), key: w.id("agent:main:k"), agent: "main" });
const KINDS = ["identity", "pairing", "message", "entry", "delivery", "memory", "job", "approval", "usage"] as const;

export function personCases(world: () => World): void {
  async function everything(w: World, person: string): Promise<string> {
    const found: unknown[] = [];
    for (const kind of KINDS) {
      for (let after: string | undefined, first = true; first || after !== undefined; first = false) {
        const page = await w.store.exportPerson({ person, kind, limit: 2, ...(after !== undefined && { after }) });
        found.push(...page.records);
        after = page.after;
      }
    }
    return JSON.stringify(found);
  }

  test("what is kept of a person is handed out page by page, and nothing of anybody else", async () => {
    const w = world();
    const [ann, bob] = [w.id("ann"), w.id("bob")];
    await w.store.addPerson({ channel: "fake", account: w.account, senderId: `n-${ann}`, personId: ann, name: "Ann", now: w.now });
    const first = await w.begin("ann's own words", { person: ann });
    await w.commit(first);
    for (const text of ["second", "third", "fourth"]) await w.commit(await w.begin(`ann's ${text}`, { person: ann }));
    const other = await w.begin("bob's words", { person: bob, session: session(w) });
    await w.commit(other);
    const found = await everything(w, ann);
    for (const text of ["ann's own words", "ann's second", "ann's third", "ann's fourth", `n-${ann}`, "yes"]) assert.ok(found.includes(text), text);
    assert.ok(!found.includes("bob's words"));
    assert.deepEqual(await everything(w, w.id("nobody")), "[]");
  });

  test("a person is forgotten: what was theirs alone goes, their part of what is shared is a note, others keep theirs", async () => {
    const w = world();
    const [ann, bob] = [w.id("ann"), w.id("bob")];
    await w.store.addPerson({ channel: "fake", account: w.account, senderId: `n-${ann}`, personId: ann, name: "Ann", now: w.now });
    const alone = await w.begin("alone", { person: ann, session: session(w) });
    await w.commit(alone);
    const group = await w.begin("ann in the group", { person: ann });
    await w.step(group, "g1");
    await rejectsWith("person_busy", w.store.purgePerson({ person: ann }));
    await w.store.startCall({ fence: group.fence, callId: "g1", now: w.now });
    await w.finish(group, "g1");
    await w.commit(group);
    const theirs = await w.begin("bob in the group", { person: bob });
    await w.commit(theirs);

    const purged = await w.store.purgePerson({ person: ann });
    assert.deepEqual([purged.removedSessions, purged.changedSessions, purged.identities], [[alone.session.id], [group.session.id], 1]);
    assert.equal(await w.store.getSession({ id: alone.session.id }), undefined);
    const entries = await w.store.readEntries({ sessionId: group.session.id, limit: 100 });
    assert.deepEqual(
      entries.map(({ number, content }) => [number, content.role]),
      [
        [1, "system"],
        [2, "system"],
        [3, "system"],
        [4, "system"],
        [5, "user"],
        [6, "assistant"],
      ],
    );
    for (const text of ["ann in the group", ann]) assert.ok(!JSON.stringify(entries).includes(text), text);
    assert.equal(await everything(w, ann), "[]");
    assert.match(await everything(w, bob), /bob in the group/);
    assert.equal(await w.store.findPerson({ channel: "fake", account: w.account, senderId: `n-${ann}` }), undefined);
    const again = await w.store.purgePerson({ person: ann });
    assert.deepEqual([again.removedSessions, again.changedSessions], [[], []], "may be run again");
    await w.store.scrub();
    assert.equal((await w.store.readEntries({ sessionId: group.session.id, limit: 100 })).length, 6);
  });

  test("notices and copies of events that name a person go with them, those of others stay; a short number in what is still to be sent is no name", async () => {
    const w = world();
    const [ann, bob] = [w.id("ann"), w.id("bob")];
    await w.store.addPerson({ channel: "fake", account: w.account, senderId: "77", personId: ann, name: "Ann", now: w.now });
    const group = await w.begin("ann in the group", { person: ann });
    await w.commit(group);
    const theirs = await w.begin("bob in the group", { person: bob });
    await w.commit(theirs);
    const tell = async (payload: object) => {
      const id = w.id("event:hook");
      const address = { ...w.address(), channel: "hooks" };
      await w.store.enqueueDelivery({ delivery: { id, address, parts: [{ text: "event", payload }], expiresAt: w.now + 1000 }, now: w.now });
      return id;
    };
    const gone = [await tell({ turn_id: group.turn.id, text: "ann's answer" }), await tell({ session: `agent:main:direct:${ann}` })];
    const kept = [await tell({ turn_id: theirs.turn.id, text: "bob's answer" }), await tell({ text: "meet me at 77 Baker Street" })];
    await w.store.purgePerson({ person: ann });
    for (const id of gone) assert.equal(await w.store.getDelivery({ id }), undefined, id);
    for (const id of kept) assert.equal((await w.store.getDelivery({ id }))?.status, "open", id);
  });

  test("the copy of an event says nothing any more once it is settled", async () => {
    const w = world();
    const delivery = w.delivery(["turn.ended"], { id: `event:hook:${w.id("seq")}` });
    await w.store.enqueueDelivery({ delivery, now: w.now });
    const part = { fence: await w.holder(), deliveryId: delivery.id, part: 0, now: w.now };
    await w.store.markSending(part);
    await w.store.settlePart({ ...part, status: "queued", notBefore: w.now });
    assert.deepEqual((await w.due())[0]?.parts[0]?.rendered.payload, { text: "turn.ended" });
    await w.store.markSending(part);
    await w.store.settlePart({ ...part, status: "sent", receipt: { messageId: "1" } });
    assert.equal((await w.store.getDelivery({ id: delivery.id }))?.parts[0]?.rendered.payload, null);
  });

  test("a session that is deleted takes the copies of its events along", async () => {
    const w = world();
    const one = await w.begin("words");
    await w.commit(one);
    const id = `event:hook:${w.id("seq")}`;
    const delivery = {
      id,
      address: { ...w.address(), channel: "hooks" },
      parts: [{ text: "event", payload: { turn_id: one.turn.id } }],
      expiresAt: w.now + 1000,
    };
    await w.store.enqueueDelivery({ delivery, now: w.now });
    await w.store.deleteSession({ id: one.session.id });
    assert.equal(await w.store.getDelivery({ id }), undefined);
  });

  test("what somebody else has said in the same conversation stays when a person is forgotten, also while it waits and no turn has read it", async () => {
    const w = world();
    const [ann, bob] = [w.id("ann"), w.id("bob")];
    const group = await w.begin("ann in the group", { person: ann });
    await w.commit(group);
    const waits = w.item("bob says something by the way", { kind: "context", person: bob, session: group.session });
    await w.accept(waits);
    const purged = await w.store.purgePerson({ person: ann });
    assert.deepEqual([purged.removedSessions, purged.changedSessions], [[], [group.session.id]]);
    assert.equal((await w.accept(waits))[0]?.kind, "duplicate", "it is still known");
    const next = await w.begin("bob asks", { person: bob, session: group.session });
    const texts = JSON.stringify(await w.store.readEntries({ sessionId: group.session.id, limit: 100 }));
    assert.match(texts, /bob says something by the way/);
    assert.doesNotMatch(texts, /ann in the group/);
    await w.commit(next);
  });

  test("a summary that is being written while somebody is forgotten is refused: it may hold their words", async () => {
    const w = world();
    const [ann, bob] = [w.id("ann"), w.id("bob")];
    const first = await w.begin("ann in the group", { person: ann });
    await w.commit(first);
    await w.commit(await w.begin("bob in the group", { person: bob, session: first.session }));
    const sessionId = first.session.id;
    const claim = { lease: `compact:${sessionId}`, owner: "me", now: w.now, leaseMs: 60_000 };
    const fence = await w.store.claimLease(claim);
    await w.store.purgePerson({ person: ann });
    const change = { fence: fence!, sessionId, expectedStart: 1, contextStart: 3, trimmedTo: 0, now: w.now };
    await rejectsWith("lease_lost", w.store.compactContext(change));
    const again = await w.store.claimLease({ ...claim, owner: "another" });
    assert.equal(await w.store.compactContext({ ...change, fence: again! }), true, "the next one reads what is left");
  });

  test("what the owner was told about the conversation of somebody who is forgotten goes with it", async () => {
    const w = world();
    const ann = w.id("ann");
    const alone = await w.begin("alone", { person: ann, session: { ...session(w), key: `agent:main:direct:${ann}` } });
    await w.commit(alone);
    const address = { channel: "fake", account: w.account, conversation: w.id("owner") };
    const notice = (id: string, text: string) =>
      w.store.enqueueDelivery({ delivery: { id, address, parts: [{ text, payload: null }], expiresAt: w.now + 60_000 }, now: w.now });
    const [about, other] = [w.id("about"), w.id("other")];
    await notice(about, `A turn in agent:main:direct:${ann} failed: no model`);
    await notice(other, "Another one failed");
    await w.store.purgePerson({ person: ann });
    const left = new Set((await w.store.listDeliveries({ limit: 200 })).map(({ id }) => id));
    assert.deepEqual([left.has(about), left.has(other)], [false, true]);
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { textMessage } from "../../../src/core/message.ts";
import type { World } from "./world.ts";

export function inboxCases(world: () => World): void {
  test("fault-13 an update is accepted once, whatever is delivered again, and the duplicate names what became of it", async () => {
    const w = world();
    const item = w.item("one", { options: { digest: "abc" } });
    const [first, second] = await w.accept(item, { ...item, messageId: w.id("m"), turnId: w.id("t") });
    assert.equal(first?.kind, "accepted");
    const session = first.session;
    assert.deepEqual(second, { kind: "duplicate", messageId: item.messageId, turnId: item.turnId, sessionId: session.id, sessionKey: w.key, digest: "abc" });
    assert.equal((await w.accept(item))[0]?.kind, "duplicate");
    assert.equal((await w.store.listTurns({ sessionId: session.id, limit: 10 })).length, 1);
    const elsewhere = await w.accept({ ...w.item("one"), key: item.key, account: `${w.account}b` });
    assert.equal(elsewhere[0]?.kind, "accepted", "keys are per account");
  });

  test("fault-4 the cursor is committed with the rows it covers, and not without them", async () => {
    const w = world();
    const cursor = { channel: "fake", account: w.account, name: "offset" };
    assert.equal(await w.store.getCursor(cursor), undefined);
    await w.store.acceptUpdates({ items: [w.item("a")], cursor: { ...cursor, value: "7" }, now: w.now, owner: "me", leaseMs: 1000 });
    assert.equal(await w.store.getCursor(cursor), "7");
    const bad = { ...w.item("b"), messageId: (await w.say("c")).messageId };
    await assert.rejects(w.store.acceptUpdates({ items: [w.item("d"), bad], cursor: { ...cursor, value: "9" }, now: w.now, owner: "me", leaseMs: 1000 }));
    assert.equal(await w.store.getCursor(cursor), "7");
    await w.store.acceptUpdates({ items: [], cursor: { ...cursor, value: "8" }, now: w.now, owner: "me", leaseMs: 1000 });
    assert.equal(await w.store.getCursor(cursor), "8");
  });

  test("an idle lane is claimed by the commit that accepts the message", async () => {
    const w = world();
    const { messageId, turnId, started, session } = await w.say("hello", { claim: true, replyTo: "77" });
    assert.ok(started);
    assert.equal(started.resumed, false);
    assert.deepEqual(started.fence, { lease: `lane:${session.id}`, owner: "me", fence: 1 });
    assert.equal(started.turn.status, "running");
    assert.equal(started.turn.attempts, 1);
    assert.equal(started.turn.replyTo, "77");
    assert.equal(started.session.lastEntry, 1);
    assert.deepEqual(started.turn, await w.store.getTurn({ id: turnId }));
    assert.deepEqual(started.session, await w.store.getSession({ key: w.key }));
    const [entry] = await w.store.readEntries({ sessionId: session.id, limit: 10 });
    assert.equal(entry?.turnId, turnId);
    assert.equal(entry?.messageId, messageId);
    assert.deepEqual(entry?.principal, w.principal());
    const inbox = await w.store.getInboxItem({ id: messageId });
    const { channel, account } = inbox!.update.address;
    assert.deepEqual(await w.store.getInboxItem({ channel, account, key: inbox!.update.key }), inbox);
    assert.equal(inbox?.update.type, "message");
    assert.equal(inbox?.turnId, turnId);
  });

  test("a lane is not claimed while something is queued, running, not yet due or held", async () => {
    const w = world();
    const first = await w.say("one");
    assert.equal((await w.say("two", { claim: true })).started, undefined, "an older one is queued");
    await w.start(first.session.id);
    assert.equal((await w.say("three", { claim: true })).started, undefined, "one is running");
    const later = world();
    assert.equal((await later.say("late", { claim: true, notBefore: later.now + 1 })).started, undefined, "not yet due");
    const held = world();
    const { session } = await held.store.createSession({ session: { id: held.id("s"), key: held.key, agent: "main" }, now: held.now });
    await held.store.claimLease({ lease: `lane:${session.id}`, owner: "other", now: held.now, leaseMs: 1000 });
    assert.equal((await held.say("mine", { claim: true })).started, undefined, "held by another");
  });

  test("mode batch joins the newest queued turn of the same principal and moves its time", async () => {
    const w = world();
    const first = await w.say("one", { queueMode: "batch", notBefore: w.now + 100 });
    const second = await w.say("two", { queueMode: "batch", notBefore: w.now + 200 });
    const other = await w.say("three", { queueMode: "batch", notBefore: w.now, person: "bob" });
    assert.equal(second.joined, true);
    assert.equal(second.turnId, first.turnId);
    assert.notEqual(other.turnId, first.turnId);
    assert.equal((await w.store.getTurn({ id: first.turnId }))?.notBefore, w.now + 200);
    const bob = await w.start(first.session.id);
    assert.equal(bob?.turn.id, other.turnId, "the batch is not due yet");
    await w.commit(bob!);
    w.now += 200;
    await w.start(first.session.id);
    assert.deepEqual(await w.transcript(first.session.id), ["three", "yes", "one", "two"]);
  });

  test("mode immediate does not steer past an own message that waits for its turn", async () => {
    const w = world();
    const first = await w.begin("one", { queueMode: "immediate" });
    await w.store.postponeTurn({ fence: first.fence, turnId: first.turn.id, notBefore: w.now, outage: true, now: w.now });
    const second = await w.say("two", { queueMode: "immediate" });
    const again = await w.start(first.session.id);
    assert.equal(again?.turn.id, first.turn.id);
    const third = await w.say("three", { queueMode: "immediate" });
    assert.equal(third.joined, false);
    assert.notEqual(third.turnId, second.turnId);
    const two = (await w.commit(again!, { next: true })).next;
    const three = (await w.commit(two!, { next: true })).next;
    await w.commit(three!);
    assert.deepEqual(await w.transcript(first.session.id), ["one", "yes", "two", "yes", "three", "yes"]);
  });

  test("mode immediate steers into the running turn of the same principal only", async () => {
    const w = world();
    const started = await w.begin("one");
    const steering = await w.say("two", { queueMode: "immediate", claim: true });
    assert.equal(steering.joined, true);
    assert.equal(steering.turnId, started.turn.id);
    const other = await w.say("three", { queueMode: "immediate", person: "bob" });
    assert.equal(other.joined, false);
    const taken = await w.store.takeSteering({ fence: started.fence, turnId: started.turn.id, now: w.now });
    assert.deepEqual(
      taken.map((entry) => entry.number),
      [2],
    );
    assert.deepEqual(await w.store.takeSteering({ fence: started.fence, turnId: started.turn.id, now: w.now }), []);
    assert.deepEqual(await w.transcript(started.session.id), ["one", "two"]);
  });

  test("mode interrupt names the running turn and replaces queued ones of the same principal", async () => {
    const w = world();
    const running = await w.begin("one");
    const queued = await w.say("two");
    const bob = await w.say("bob's", { person: "bob" });
    const last = await w.say("three", { queueMode: "interrupt" });
    assert.equal(last.interrupts, running.turn.id);
    const old = await w.store.getTurn({ id: queued.turnId });
    assert.equal(old?.status, "cancelled");
    assert.equal(old?.supersededBy, last.turnId);
    await w.commit(running, { outcome: "cancelled", supersededBy: last.turnId, entries: [] });
    for (const messageId of [queued.messageId, last.messageId, (await w.store.listInbox({ sessionId: running.session.id, limit: 10 }))[0]!.id]) {
      assert.equal((await w.store.turnOfMessage({ messageId }))?.id, last.turnId);
    }
    const next = await w.start(running.session.id);
    assert.equal(next?.turn.id, last.turnId, "it has the place of the message it replaced");
    assert.deepEqual(await w.transcript(running.session.id), ["one", "two", "three"]);
    assert.equal((await w.store.getTurn({ id: bob.turnId }))?.status, "queued");
  });

  test("context waits for the next turn, the newest 50 of it, in order of arrival", async () => {
    const w = world();
    const { session } = await w.say("c0", { kind: "context" });
    for (let number = 1; number < 60; number += 1) await w.say(`c${number}`, { kind: "context" });
    assert.equal(session.lastEntry, 0);
    assert.equal(await w.dueHere(session.id), false, "context wakes nobody");
    const started = await w.begin("now");
    const texts = await w.transcript(started.session.id);
    assert.deepEqual(texts, [...Array.from({ length: 50 }, (_, index) => `c${index + 10}`), "now"]);
    await w.say("c60", { kind: "context" });
    await w.commit(started);
    assert.deepEqual((await w.transcript(session.id)).slice(-1), ["yes"], "it waits for a turn to start");
  });

  test("a deletion takes a message back that no turn has started on, with its words and its turn; one that was seen is told as context", async () => {
    const w = world();
    const deletion = (of: { update: unknown }) => {
      const { messageId } = of.update as { messageId: string };
      return { ...w.item("(deleted it)", { kind: "deletion" as const }), update: { ...w.update("", messageId), type: "deletion" as const } };
    };
    const [first, second] = [w.item("keep"), w.item("slip of the tongue")];
    const [accepted] = await w.accept(first, second);
    assert.ok(accepted?.kind === "accepted");
    const { id: sessionId } = accepted.session;
    const [taken] = await w.accept(deletion(second));
    assert.ok(taken?.kind === "accepted" && taken.cancelled === second.turnId && taken.turnId === undefined);
    assert.equal((await w.store.getTurn({ id: second.turnId }))?.status, "cancelled");
    assert.ok(!JSON.stringify(await w.store.listInbox({ limit: 10 })).includes("tongue"));
    const [unknown] = await w.accept(deletion({ update: { messageId: "never-seen" } }));
    assert.ok(unknown?.kind === "accepted" && unknown.cancelled === undefined);
    const started = await w.start(sessionId);
    assert.deepEqual(await w.transcript(sessionId), ["keep"]);
    const [seen] = await w.accept(deletion(first));
    assert.ok(seen?.kind === "accepted" && seen.cancelled === undefined);
    await w.commit(started!);
    await w.begin("next");
    assert.deepEqual(await w.transcript(sessionId), ["keep", "yes", "(deleted it)", "next"]);
  });

  test("an edit changes a message that no turn has started on, else it becomes context", async () => {
    const w = world();
    const item = w.item("helo");
    await w.accept(item);
    const edit = (text: string, sender = "ann") => ({
      ...w.item(text, { kind: "edit", person: sender }),
      update: { ...w.update(text, (item.update as { messageId: string }).messageId, sender), type: "edit" as const, message: textMessage(text) },
    });
    const [edited] = await w.accept(edit("hello"));
    assert.ok(edited?.kind === "accepted" && edited.turnId === item.turnId && edited.joined);
    assert.deepEqual((await w.store.getInboxItem({ id: item.messageId }))?.update, { ...item.update, message: textMessage("hello") });
    const [foreign] = await w.accept(edit("evil", "mallory"));
    assert.ok(foreign?.kind === "accepted" && !foreign.joined, "only its author edits a message");
    const started = await w.start(edited.session.id);
    assert.deepEqual(await w.transcript(edited.session.id), ["hello", "evil"]);
    await w.accept(edit("too late"));
    await w.commit(started!);
    await w.begin("next");
    assert.deepEqual(await w.transcript(edited.session.id), ["hello", "evil", "yes", "too late", "next"]);
  });

  test("a record is only remembered as seen, with the answer to a command in the same commit", async () => {
    const w = world();
    const reply = w.delivery(["all is well"]);
    const item = w.item("/status", { kind: "record", reply });
    const [output] = await w.accept(item);
    assert.ok(output?.kind === "accepted" && output.turnId === undefined);
    assert.equal((await w.accept(item))[0]?.kind, "duplicate");
    assert.deepEqual(
      (await w.due()).map((delivery) => delivery.id),
      [reply.id],
    );
    await w.begin("hello");
    assert.deepEqual(await w.transcript(output.session.id), ["hello"]);
  });

  test("a refused sender leaves nothing but one notice", async () => {
    const w = world();
    const refused = (senderId: string) => ({
      kind: "refused" as const,
      channel: "fake",
      account: w.account,
      key: w.id("k"),
      update: w.update("let me in", "1"),
      senderId,
      notice: w.delivery(),
    });
    assert.deepEqual(await w.accept(refused("x"), refused("x"), refused("y")), [
      { kind: "refused", told: true },
      { kind: "refused", told: false },
      { kind: "refused", told: true },
    ]);
    assert.equal((await w.store.listDeliveries({ account: w.account, limit: 10 })).length, 2);
    assert.equal(await w.store.getSession({ key: w.key }), undefined);
  });

  test("at most 1,000 refused senders are told per account", async () => {
    const w = world();
    const items = Array.from({ length: 1001 }, (_, index) => {
      const senderId = `s${index}`;
      return { kind: "refused" as const, channel: "fake", account: w.account, key: senderId, update: w.update("x", "1"), senderId, notice: w.delivery() };
    });
    const outputs = await w.accept(...items);
    assert.deepEqual(outputs.slice(-2), [
      { kind: "refused", told: true },
      { kind: "refused", told: false },
    ]);
  });

  test("people are found again by their identity and by nothing else", async () => {
    const w = world();
    const identity = { channel: "fake", account: w.account, senderId: "5" };
    assert.equal(await w.store.findPerson(identity), undefined);
    assert.deepEqual(await w.store.addPerson({ ...identity, personId: "p1", name: "Ann", now: w.now }), { personId: "p1" });
    assert.deepEqual(await w.store.addPerson({ ...identity, personId: "p2", now: w.now }), { personId: "p1" });
    assert.deepEqual(await w.store.findPerson(identity), { personId: "p1" });
    assert.equal(await w.store.findPerson({ ...identity, account: "another" }), undefined);
  });
}

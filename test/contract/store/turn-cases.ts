import assert from "node:assert/strict";
import { test } from "node:test";
import { textMessage } from "../../../src/core/message.ts";
import { LEASE_MS, noUse, rejectsWith, type World } from "./world.ts";

export function turnCases(world: () => World): void {
  test("fault-15 turns of a session run one at a time in the order of their messages", async () => {
    const w = world();
    const first = await w.say("one");
    await w.say("two");
    await w.say("three");
    const one = await w.start(first.session.id);
    assert.equal(await w.start(first.session.id), undefined, "the same owner does not hold a lane twice");
    assert.equal(await w.start(first.session.id, "other"), undefined);
    const two = (await w.commit(one!, { next: true })).next;
    assert.deepEqual(two?.fence, one?.fence, "the lane is kept");
    const three = (await w.commit(two!, { next: true })).next;
    const last = await w.commit(three!, { next: true });
    assert.equal(last.next, undefined);
    assert.equal(last.answerEntry, 6);
    assert.deepEqual(await w.transcript(first.session.id), ["one", "yes", "two", "yes", "three", "yes"]);
    await rejectsWith("lease_lost", w.store.releaseLease({ fence: three!.fence }));
  });

  test("a step and its calls are one commit, each call gets its result once, numbers have no gap", async () => {
    const w = world();
    const started = await w.begin("count");
    assert.deepEqual(await w.step(started, "c1", "c2"), { number: 2, step: 1 });
    const planned = await w.store.listCalls({ turnId: started.turn.id });
    assert.deepEqual(
      planned.map((call) => [call.id, call.status, call.step]),
      [
        ["c1", "planned", 1],
        ["c2", "planned", 1],
      ],
    );
    await w.store.startCall({ fence: started.fence, callId: "c1", now: w.now });
    await rejectsWith("call_not_planned", w.store.startCall({ fence: started.fence, callId: "c1", now: w.now }));
    assert.deepEqual(await w.finish(started, "c1"), { number: 3 });
    await rejectsWith("call_not_open", w.finish(started, "c1"));
    await w.finish(started, "c2", "interrupted");
    const calls = await w.store.listCalls({ turnId: started.turn.id });
    assert.deepEqual(
      calls.map((call) => call.status),
      ["finished", "interrupted"],
    );
    assert.equal(calls[0]?.startedAt, w.now);
    await w.commit(started, { usage: { input: 5, output: 5, cacheRead: 0, cacheWrite: 0 } });
    assert.deepEqual(await w.transcript(started.session.id), ["count", "calls", "result", "result", "yes"]);
    const turn = await w.store.getTurn({ id: started.turn.id });
    assert.equal(turn?.steps, 1);
    assert.equal(turn?.status, "done");
    assert.equal(turn?.answerEntry, 5);
    assert.deepEqual(turn?.usage, { input: 15, output: 7, cacheRead: 1, cacheWrite: 0 });
    assert.deepEqual(await w.store.usageByModel({ since: 0, sessionId: started.session.id }), [{ model: "fake:one", turns: 1, usage: turn?.usage }]);
    assert.deepEqual(await w.store.usageByModel({ since: w.now + 1, sessionId: started.session.id }), []);
  });

  test("fault-34 nothing is ever put between a call and its result", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.step(started, "c1");
    await w.say("steer", { queueMode: "immediate" });
    await w.say("context", { kind: "context", person: "bob" });
    const queued = await w.say("queued", { person: "bob" });
    await rejectsWith("calls_open", w.store.takeSteering({ fence: started.fence, turnId: started.turn.id, now: w.now }));
    assert.deepEqual(await w.store.cancelQueued({ sessionId: started.session.id, now: w.now }), { turnIds: [queued.turnId] });
    w.now += LEASE_MS;
    const again = await w.start(started.session.id, "other");
    assert.equal(again?.resumed, true);
    assert.deepEqual(await w.transcript(started.session.id), ["one", "calls"]);
    await w.finish(again!, "c1", "interrupted");
    await w.store.takeSteering({ fence: again!.fence, turnId: again!.turn.id, now: w.now });
    await w.commit(again!);
    await w.begin("next");
    assert.deepEqual(await w.transcript(started.session.id), ["one", "calls", "result", "steer", "yes", "context", "queued", "next"]);
  });

  test("steering that was not taken becomes a turn of its own, before what came later", async () => {
    const w = world();
    const started = await w.begin("one");
    const steering = await w.say("two", { queueMode: "immediate" });
    await w.say("three", { person: "bob" });
    const movedTurnId = w.id("moved");
    const committed = await w.commit(started, { movedTurnId, next: true });
    assert.deepEqual(committed.moved, [{ messageId: steering.messageId, turnId: movedTurnId }]);
    assert.equal(committed.next?.turn.id, movedTurnId);
    assert.equal((await w.store.turnOfMessage({ messageId: steering.messageId }))?.id, movedTurnId);
    await w.commit(committed.next!, { next: true });
    assert.deepEqual(await w.transcript(started.session.id), ["one", "yes", "two", "yes", "three"]);
  });

  test("fault-11 every start is an attempt, committed before the work", async () => {
    const w = world();
    const started = await w.begin("poison");
    for (const attempt of [2, 3]) {
      w.now += LEASE_MS;
      assert.equal(await w.dueHere(started.session.id), true);
      const again = await w.start(started.session.id, `owner${attempt}`);
      assert.equal(again?.turn.attempts, attempt);
      assert.equal(again?.fence.fence, attempt);
      assert.equal(again?.turn.startedAt, started.turn.startedAt);
    }
    assert.deepEqual(await w.transcript(started.session.id), ["poison"], "its message is appended once");
  });

  test("a turn that ends leaves no call without a result: what is open is closed as interrupted, before its answer (fault-6)", async () => {
    const w = world();
    const started = await w.begin("count");
    await w.step(started, "c1", "c2", "c3");
    await w.finish(started, "c1");
    await w.store.startCall({ fence: started.fence, callId: "c2", now: w.now });
    await w.commit(started, { outcome: "cancelled" });
    assert.deepEqual(
      (await w.store.listCalls({ turnId: started.turn.id })).map((call) => [call.id, call.status]),
      [
        ["c1", "finished"],
        ["c2", "interrupted"],
        ["c3", "interrupted"],
      ],
    );
    assert.deepEqual(await w.transcript(started.session.id), ["count", "calls", "result", "result", "result", "yes"]);
    const next = await w.begin("again");
    await w.say("steer", { queueMode: "immediate" });
    assert.equal((await w.store.takeSteering({ fence: next.fence, turnId: next.turn.id, now: w.now })).length, 1);
  });

  test("a postponed turn keeps its place and holds up its session until it is due", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.say("two", { person: "bob" });
    const error = { code: "internal", message: "broke" };
    assert.deepEqual(await w.store.postponeTurn({ fence: started.fence, turnId: started.turn.id, notBefore: w.now + 1000, outage: false, error, now: w.now }), {
      told: false,
    });
    const waiting = await w.store.getTurn({ id: started.turn.id });
    assert.equal(waiting?.status, "queued");
    assert.equal(waiting?.attempts, 1);
    assert.deepEqual(waiting?.error, error);
    assert.equal(await w.dueHere(started.session.id), false);
    assert.equal(await w.start(started.session.id), undefined);
    assert.deepEqual(await w.store.cancelQueued({ sessionId: started.session.id, turnId: started.turn.id, now: w.now }), { turnIds: [] });
    assert.equal(await w.store.nextDue({ now: w.now + 999 }), w.now + 1000);
    w.now += 1000;
    assert.equal(await w.dueHere(started.session.id), true);
    const again = await w.start(started.session.id);
    assert.equal(again?.turn.id, started.turn.id);
    assert.equal(again?.resumed, true);
    assert.equal(again?.turn.attempts, 2);
  });

  test("fault-37 an outage uses up no attempt and is told once, until a model answers again", async () => {
    const w = world();
    let started = await w.begin("one");
    const since = w.now;
    const postpone = async () => {
      const told = await w.store.postponeTurn({
        fence: started.fence,
        turnId: started.turn.id,
        notBefore: w.now + 10,
        outage: true,
        notice: w.delivery(["away"]),
        now: w.now,
      });
      w.now += 10;
      started = (await w.start(started.session.id))!;
      return told;
    };
    assert.deepEqual(await postpone(), { told: true });
    assert.deepEqual(await postpone(), { told: false });
    assert.equal(started.turn.attempts, 1);
    assert.equal(started.turn.outageSince, since);
    assert.equal(started.turn.outageTold, true);
    await w.step(started, "c1");
    await w.finish(started, "c1");
    assert.equal((await w.store.getTurn({ id: started.turn.id }))?.outageSince, undefined);
    assert.deepEqual(await postpone(), { told: true }, "another outage");
    const notices = await w.store.listDeliveries({ turnId: started.turn.id, limit: 10 });
    assert.deepEqual(
      notices.map((notice) => notice.status),
      ["open", "open"],
    );
  });

  test("fault-75 a handover uses up no attempt and leaves the outage as it is", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.store.postponeTurn({ fence: started.fence, turnId: started.turn.id, notBefore: 0, outage: true, notice: w.delivery(), now: w.now });
    const again = await w.start(started.session.id);
    await w.store.postponeTurn({ fence: again!.fence, turnId: started.turn.id, notBefore: 0, outage: false, handover: true, now: w.now });
    const turn = await w.store.getTurn({ id: started.turn.id });
    assert.equal(turn?.attempts, 0);
    assert.equal(turn?.outageSince, w.now);
    assert.equal(turn?.outageTold, true);
  });

  test("a queued turn can be cancelled, its message stays in the transcript", async () => {
    const w = world();
    const started = await w.begin("one");
    const two = await w.say("two");
    const three = await w.say("three");
    assert.deepEqual(await w.store.cancelQueued({ sessionId: started.session.id, turnId: two.turnId, now: w.now }), { turnIds: [two.turnId] });
    assert.deepEqual(await w.store.cancelQueued({ sessionId: started.session.id, now: w.now }), { turnIds: [three.turnId] });
    assert.equal((await w.store.getTurn({ id: two.turnId }))?.endedAt, w.now);
    assert.equal((await w.store.getTurn({ id: started.turn.id }))?.status, "running");
    assert.deepEqual(await w.transcript(started.session.id), ["one", "two", "three"]);
    assert.deepEqual(
      (await w.store.listTurns({ sessionId: started.session.id, statuses: ["cancelled"], limit: 10 })).map((turn) => turn.id),
      [three.turnId, two.turnId],
    );
  });

  test("the lane is left free when nothing is due, and kept for a caller that held it", async () => {
    const w = world();
    const { session } = await w.say("later", { notBefore: w.now + 50 });
    assert.equal(await w.start(session.id), undefined);
    const fence = await w.store.claimLease({ lease: `lane:${session.id}`, owner: "me", now: w.now, leaseMs: LEASE_MS });
    assert.ok(fence);
    assert.equal(await w.store.startTurn({ sessionId: session.id, owner: "me", now: w.now, leaseMs: LEASE_MS, held: fence }), undefined);
    w.now += 50;
    assert.equal(await w.dueHere(session.id), false, "held");
    const started = await w.store.startTurn({ sessionId: session.id, owner: "me", now: w.now, leaseMs: LEASE_MS, held: fence });
    assert.deepEqual(started?.fence, fence);
    await rejectsWith("lease_lost", w.store.startTurn({ sessionId: session.id, owner: "me", now: w.now, leaseMs: LEASE_MS, held: { ...fence, fence: 99 } }));
  });

  test("fault-20 a lost lease writes nothing, whatever the operation", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.step(started, "c1");
    w.now += LEASE_MS;
    const thief = await w.start(started.session.id, "other");
    assert.ok(thief);
    const { fence } = started;
    const turnId = started.turn.id;
    const before = JSON.stringify([
      await w.store.getTurn({ id: turnId }),
      await w.store.readEntries({ sessionId: thief.session.id, limit: 100 }),
      await w.store.listCalls({ turnId }),
    ]);
    await rejectsWith("lease_lost", w.step(started, "c2"));
    await rejectsWith("lease_lost", w.store.takeSteering({ fence, turnId, now: w.now }));
    await rejectsWith("lease_lost", w.store.startCall({ fence, callId: "c1", now: w.now }));
    await rejectsWith("lease_lost", w.finish(started, "c1"));
    await rejectsWith("lease_lost", w.commit(started, { deliveries: [w.delivery()] }));
    await rejectsWith("lease_lost", w.store.postponeTurn({ fence, turnId, notBefore: 0, outage: false, now: w.now }));
    await rejectsWith("lease_lost", w.store.openDraft({ fence, delivery: w.delivery(["a"], { turnId }), now: w.now }));
    await rejectsWith("lease_lost", w.store.releaseLease({ fence }));
    await rejectsWith("lease_lost", w.store.setEntryMessage({ fence, sessionId: thief.session.id, number: 1, message: textMessage("x") }));
    const after = JSON.stringify([
      await w.store.getTurn({ id: turnId }),
      await w.store.readEntries({ sessionId: thief.session.id, limit: 100 }),
      await w.store.listCalls({ turnId }),
    ]);
    assert.equal(after, before);
    assert.deepEqual(await w.store.listDeliveries({ turnId, limit: 10 }), []);
  });

  test("a fence of one lane does not write to another, and an ended turn is not written to", async () => {
    const w = world();
    const mine = await w.begin("mine");
    const other = world();
    const theirs = await other.begin("theirs");
    await rejectsWith("lease_lost", w.commit({ ...theirs, fence: mine.fence }));
    await rejectsWith("lease_lost", w.store.setEntryMessage({ fence: mine.fence, sessionId: theirs.session.id, number: 1, message: textMessage("x") }));
    await rejectsWith("call_not_planned", w.store.startCall({ fence: mine.fence, callId: "none", now: w.now }));
    const next = await w.say("next");
    const committed = await w.commit(mine, { next: true });
    assert.equal(committed.next?.turn.id, next.turnId);
    await rejectsWith("turn_not_running", w.commit(mine));
  });

  test("the media of a message may be put into its entry afterwards", async () => {
    const w = world();
    const started = await w.begin("look");
    const message = { parts: [{ type: "media" as const, media: { kind: "photo" as const, blob: "b1" } }] };
    await w.store.setEntryMessage({ fence: started.fence, sessionId: started.session.id, number: 1, message });
    const [entry] = await w.store.readEntries({ sessionId: started.session.id, limit: 1 });
    assert.deepEqual(entry?.content.role === "user" && entry.content.message, message);
    await w.commit(started, { next: false });
    const again = await w.begin("again");
    await rejectsWith("no_user_entry", w.store.setEntryMessage({ fence: again.fence, sessionId: again.session.id, number: 2, message }));
  });

  test("a failed turn keeps its error, and its context start moves forward only", async () => {
    const w = world();
    const started = await w.begin("one");
    const error = { code: "model_refused", message: "no key", hint: "set one" };
    await w.commit(started, { outcome: "failed", error, entries: [], usage: noUse, contextStart: 5 });
    const turn = await w.store.getTurn({ id: started.turn.id });
    assert.equal(turn?.status, "failed");
    assert.deepEqual(turn?.error, error);
    assert.equal(turn?.answerEntry, undefined);
    await w.store.moveContextStart({ sessionId: started.session.id, contextStart: 3 });
    assert.equal((await w.store.getSession({ id: started.session.id }))?.contextStart, 5);
    await w.store.moveContextStart({ sessionId: started.session.id, contextStart: 9 });
    assert.equal((await w.store.getSession({ id: started.session.id }))?.contextStart, 9);
  });
}

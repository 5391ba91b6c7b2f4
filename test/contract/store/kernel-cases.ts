import assert from "node:assert/strict";
import { test } from "node:test";
import type { NewApproval, StartedTurn } from "../../../src/core/store.ts";
import { sha256Hex } from "../../../src/lib/digest/index.ts";
import { CHAIN_START, chainHash } from "../../../src/lib/audit-chain/index.ts";
import { LEASE_MS, rejectsWith, type World } from "./world.ts";

const HOUR = 3600_000;

/** Asks about a call of a started turn. */
async function ask(w: World, started: StartedTurn, callId: string, more: Partial<NewApproval> = {}) {
  const id = w.id("ap");
  const approval: NewApproval = {
    id,
    code: id.toUpperCase(),
    sessionId: started.session.id,
    turnId: started.turn.id,
    callId,
    tool: "count",
    principal: started.turn.principal,
    label: started.turn.label,
    plan: "{}",
    digest: `digest-${id}`,
    planKey: `key-${id}`,
    reason: "because",
    text: "count",
    rememberable: true,
    shownAt: [w.address()],
    askedAt: w.now,
    expiresAt: w.now + HOUR,
    ...more,
  };
  const audit = { kind: "approval.asked", actor: "ann", session: started.session.id, turn: started.turn.id, data: { approval: id } };
  return { approval, opened: await w.store.openApproval({ fence: started.fence, approval, audit, now: w.now }) };
}

const suspend = (w: World, started: StartedTurn, deliveries = [] as ReturnType<World["delivery"]>[]) =>
  w.store.suspendTurn({ fence: started.fence, turnId: started.turn.id, deliveries, movedTurnId: w.id("t"), now: w.now, leaseMs: LEASE_MS });
const answer = (w: World, id: string, decision: "once" | "session" | "always" | "deny" = "once") =>
  w.store.answerApproval({ id, decision, by: "owner", via: "chat", now: w.now });

export function kernelCases(world: () => World): void {
  test("a turn that has asked waits without lease and timer, is no attempt, and goes on when the answer is there", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1");
    const { approval, opened } = await ask(w, started, "c1");
    assert.equal(opened.kind, "asked");
    const said = w.delivery(["let me see"]);
    assert.deepEqual(await suspend(w, started, [said]), { waiting: true, moved: [] });
    const waiting = await w.store.getTurn({ id: started.turn.id });
    assert.deepEqual([waiting?.status, waiting?.attempts, waiting?.saidEntry], ["waiting", 0, 2]);
    assert.equal((await w.store.getDelivery({ id: said.id }))?.status, "open");
    assert.equal(await w.dueHere(started.session.id), false);
    assert.equal(await w.start(started.session.id), undefined);
    w.now += 10;
    const answered = await answer(w, approval.id);
    assert.equal(answered.kind === "answered" && answered.approval.status, "approved");
    assert.equal(answered.kind === "answered" && answered.approval.sessionKey, w.key);
    assert.equal(await w.dueHere(started.session.id), true);
    const again = await w.start(started.session.id);
    assert.deepEqual([again?.turn.id, again?.resumed, again?.turn.attempts], [started.turn.id, true, 1]);
    assert.deepEqual(await w.transcript(started.session.id), ["do it", "calls"], "its call is still open");
  });

  test("an answer that was quicker than the end of the run lets the turn go on at once", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1");
    const { approval } = await ask(w, started, "c1");
    await answer(w, approval.id);
    const { waiting, next } = await suspend(w, started);
    assert.deepEqual([waiting, next?.turn.id, next?.resumed], [false, started.turn.id, true]);
    assert.deepEqual(next?.fence, started.fence);
  });

  test("sec-54 an answer counts once, and an approval starts its own call once, however many try", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1", "c2");
    const { approval } = await ask(w, started, "c1");
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => answer(w, approval.id, i % 2 === 0 ? "once" : "deny")));
    assert.equal(answers.filter((one) => one.kind === "answered").length, 1);
    const settled = (await w.store.getApproval({ id: approval.id }))!;
    if (settled.status === "denied") return;
    const { fence } = started;
    const use = { id: approval.id, digest: approval.digest };
    await rejectsWith("approval_spent", w.store.startCall({ fence, callId: "c2", approval: use, now: w.now }));
    await rejectsWith("approval_spent", w.store.startCall({ fence, callId: "c1", approval: { ...use, digest: "other" }, now: w.now }));
    await rejectsWith("approval_spent", w.store.startCall({ fence, callId: "c1", approval: use, now: w.now + HOUR }));
    const starts = await Promise.allSettled(Array.from({ length: 100 }, () => w.store.startCall({ fence, callId: "c1", approval: use, now: w.now })));
    assert.equal(starts.filter((one) => one.status === "fulfilled").length, 1);
    assert.equal((await w.store.getApproval({ id: approval.id }))?.status, "used");
    assert.deepEqual((await answer(w, approval.id)).kind, "settled");
  });

  test("sec-59 at most three questions of a session are open; the same call asks once; a denied plan is not asked again in its turn", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1", "c2", "c3", "c4");
    const first = await ask(w, started, "c1", { planKey: `${w.name}-same` });
    assert.equal((await ask(w, started, "c1")).opened.kind, "known");
    await ask(w, started, "c2");
    await ask(w, started, "c3");
    assert.equal((await ask(w, started, "c4")).opened.kind, "full");
    await answer(w, first.approval.id, "deny");
    assert.equal((await ask(w, started, "c4", { planKey: `${w.name}-same` })).opened.kind, "denied");
    assert.equal((await ask(w, started, "c4")).opened.kind, "asked");
    const other = world();
    const later = await other.begin("again");
    await other.step(later, "c1");
    assert.equal((await ask(other, later, "c1", { planKey: `${w.name}-same` })).opened.kind, "asked", "the owner may have changed their mind");
  });

  test("a grant holds for its session or always, for the same plan, and never where it may not be remembered", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1", "c2", "c3", "c4", "c5", "c6");
    const session = await ask(w, started, "c1", { planKey: `${w.name}-s` });
    await answer(w, session.approval.id, "session");
    const always = await ask(w, started, "c2", { planKey: `${w.name}-a` });
    await answer(w, always.approval.id, "always");
    const never = await ask(w, started, "c3", { planKey: `${w.name}-n`, rememberable: false });
    const answered = await answer(w, never.approval.id, "always");
    assert.equal(answered.kind === "answered" && answered.approval.scope, "once");
    assert.equal((await ask(w, started, "c4", { planKey: `${w.name}-s` })).opened.kind, "granted");
    assert.equal((await ask(w, started, "c5", { planKey: `${w.name}-n` })).opened.kind, "asked");
    const other = world();
    const theirs = await other.begin("do it");
    await other.step(theirs, "c1", "c2");
    assert.equal((await ask(other, theirs, "c1", { planKey: `${w.name}-s` })).opened.kind, "asked");
    assert.equal((await ask(other, theirs, "c2", { planKey: `${w.name}-a` })).opened.kind, "granted");
  });

  test("sec-55 a question that nobody answers expires, and its turn goes on; an answer then is too late", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1");
    const { approval } = await ask(w, started, "c1");
    await suspend(w, started);
    w.now += HOUR;
    assert.equal((await answer(w, approval.id)).kind, "settled");
    const expired = await w.store.expireApprovals({ now: w.now });
    assert.deepEqual(
      expired.filter((one) => one.id === approval.id).map((one) => one.status),
      ["expired"],
    );
    assert.equal(await w.dueHere(started.session.id), true);
    assert.equal((await w.store.answerApproval({ code: "NONE", decision: "once", by: "owner", via: "chat", now: w.now })).kind, "unknown");
  });

  test("another message closes the open call of a waiting turn; the answer is told once, as an entry of its own", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1", "c2");
    await w.finish(started, "c2");
    const { approval } = await ask(w, started, "c1");
    await suspend(w, started);
    const second = await w.begin("still there?");
    assert.deepEqual(await w.transcript(started.session.id), ["do it", "calls", "result", "result", "still there?"]);
    assert.equal((await w.store.listCalls({ turnId: started.turn.id }))[0]?.status, "finished");
    await w.commit(second);
    await answer(w, approval.id);
    const again = await w.start(started.session.id);
    assert.equal(again?.turn.id, started.turn.id);
    assert.equal((await w.store.getApproval({ id: approval.id }))?.detached, true);
    await w.store.startCall({ fence: again!.fence, callId: "c1", approval: { id: approval.id, digest: approval.digest }, now: w.now });
    const entry = { ...w.answer("x"), content: { role: "system" as const, text: "note" } };
    const tell = () => w.store.tellApproval({ fence: again!.fence, id: approval.id, entry, now: w.now });
    assert.equal(await tell(), true);
    assert.equal(await tell(), false);
    assert.deepEqual((await w.transcript(started.session.id)).slice(-2), ["yes", "note"]);
  });

  test("a turn that goes on after another one has asked closes that one's call first, and one with an open call goes on before one without (fault-34)", async () => {
    const w = world();
    const one = await w.begin("first");
    await w.step(one, "c1");
    const first = await ask(w, one, "c1");
    await suspend(w, one);
    const two = await w.begin("second");
    await w.step(two, "c2");
    const second = await ask(w, two, "c2");
    await suspend(w, two);
    // The first one is told by a note: it would stand between the call of the second one and its result.
    await answer(w, first.approval.id);
    const again = await w.start(one.session.id);
    assert.equal(again?.turn.id, one.turn.id);
    assert.deepEqual(await w.transcript(one.session.id), ["first", "calls", "result", "second", "calls", "result"]);
    await w.step(again!, "c3");
    const third = await ask(w, again!, "c3");
    await suspend(w, again!);
    await answer(w, second.approval.id);
    await answer(w, third.approval.id);
    assert.equal((await w.start(one.session.id))?.turn.id, one.turn.id, "its call is open, that of the other one is not");
  });

  test("a turn that is stopped before it has used its approval takes it along", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1");
    const { approval } = await ask(w, started, "c1");
    await suspend(w, started);
    await answer(w, approval.id);
    const again = await w.start(started.session.id);
    await w.commit(again!, { outcome: "cancelled" });
    assert.equal((await w.store.getApproval({ id: approval.id }))?.status, "cancelled");
  });

  test("what joined a turn does not wait with it for the owner: it becomes a turn of its own (fault-85)", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1");
    await ask(w, started, "c1");
    const joined = await w.say("quick question", { queueMode: "immediate" });
    const { waiting, moved, next } = await suspend(w, started);
    assert.equal(waiting, true);
    assert.deepEqual(
      moved.map(({ messageId }) => messageId),
      [joined.messageId],
    );
    assert.equal(next?.turn.id, moved[0]?.turnId);
    assert.deepEqual(await w.transcript(started.session.id), ["do it", "calls", "result", "quick question"]);
  });

  test("a waiting turn can be cancelled: its calls get a result and its questions let nothing through", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1");
    const { approval } = await ask(w, started, "c1");
    await suspend(w, started);
    assert.deepEqual(await w.store.cancelWaiting({ sessionId: started.session.id, text: "stopped", now: w.now }), { turnIds: [started.turn.id] });
    assert.equal((await w.store.getTurn({ id: started.turn.id }))?.status, "cancelled");
    assert.equal((await answer(w, approval.id)).kind, "settled");
    const next = await w.begin("next");
    assert.equal(next.turn.attempts, 1);
    assert.deepEqual(await w.transcript(started.session.id), ["do it", "calls", "result", "next"]);
    await w.commit(next);
    assert.equal(await w.store.deleteSession({ id: started.session.id }), true);
    assert.equal(await w.store.getApproval({ id: approval.id }), undefined);
  });

  test("sec-91 a result lowers the label of its turn, and the owner raises entries only by an audited word", async () => {
    const w = world();
    const started = await w.begin("look");
    await w.step(started, "c1");
    const label = { integrity: "EXTERNAL" as const, confidentiality: "PUBLIC" as const };
    const entry = { ...w.answer("x"), content: { role: "tool" as const, callId: "c1", name: "count", text: "1", error: false }, label };
    await w.store.finishCall({ fence: started.fence, callId: "c1", status: "finished", entry, now: w.now });
    const turn = await w.store.getTurn({ id: started.turn.id });
    assert.deepEqual(turn?.label, { ...started.turn.label, integrity: "EXTERNAL" });
    const owner = { integrity: "OWNER" as const, confidentiality: "PRIVATE" as const };
    assert.equal(await w.store.endorseEntries({ sessionId: started.session.id, from: 3, to: 9, label: owner, by: "owner", now: w.now }), 1);
    const [raised] = await w.store.readEntries({ sessionId: started.session.id, after: 2, limit: 1 });
    assert.deepEqual(raised?.label, { integrity: "OWNER", confidentiality: "PUBLIC" });
    const [last] = (await w.store.readAudit({ before: Number.MAX_SAFE_INTEGER, limit: 1 })).toReversed();
    assert.deepEqual([last?.kind, last?.session, last?.actor], ["label.raised", started.session.id, "owner"]);
  });

  test("sec-37 a pairing code lets one sender in on one account, once, within its hour", async () => {
    const w = world();
    const stranger = (senderId: string, code: string) => ({
      kind: "refused" as const,
      channel: "fake",
      account: w.account,
      key: w.id("k"),
      update: w.update("hello", w.id("p"), senderId),
      senderId,
      notice: w.delivery([code]),
      pairing: { id: w.id("pair"), codeHash: sha256Hex(`${w.name}${code}`), address: w.address(), expiresAt: w.now + HOUR },
    });
    const approve = (code: string, more: { account?: string } = {}) =>
      w.store.answerPairing({ codeHash: sha256Hex(`${w.name}${code}`), decision: "approve", by: "owner", now: w.now, ...more });
    const paired = (senderId: string, account = w.account) => w.store.isPaired({ channel: "fake", account, senderId });
    const told = async (...items: Parameters<World["accept"]>) => (await w.accept(...items)).map((one) => one.kind === "refused" && one.told);
    assert.deepEqual(await told(stranger("eve", "A"), stranger("eve", "A2"), stranger("mal", "B"), stranger("max", "C"), stranger("moe", "D")), [
      true,
      false,
      true,
      true,
      false,
    ]);
    assert.equal(await paired("eve"), false);
    assert.equal((await approve("A", { account: "elsewhere" })).kind, "unknown");
    const answered = await approve("A");
    assert.equal(answered.kind === "answered" && answered.pairing.senderId, "eve");
    assert.deepEqual([await paired("eve"), await paired("mal"), await paired("eve", "elsewhere")], [true, false, false]);
    assert.equal((await approve("A")).kind, "known", "a second redemption changes nothing");
    assert.equal((await approve("A", { account: "elsewhere" })).kind, "unknown");
    w.now += HOUR + 1_000;
    assert.equal((await approve("B")).kind, "unknown", "expired");
    assert.deepEqual(await told(stranger("moe", "E")), [true]);
    for (let i = 0; i < 5; i += 1) await approve(`wrong ${i}`);
    assert.equal((await approve("E")).kind, "locked", "after five wrong codes the right one is refused too");
    w.now += HOUR + 1;
    const listed = (await w.store.listPairings({ now: w.now, limit: 500 })).filter((one) => one.account === w.account);
    assert.deepEqual(
      listed.map((one) => [one.senderId, one.status]),
      [["eve", "approved"]],
    );
    const revoked = await w.store.answerPairing({ id: listed[0]!.id, decision: "deny", by: "owner", now: w.now });
    assert.equal(revoked.kind, "answered");
    assert.equal(await paired("eve"), false);
    assert.notEqual((await approve("A")).kind, "answered", "who was turned down does not come in again by the old code");
    assert.deepEqual(await told(stranger("eve", "F")), [false], "who was turned down is not told anew at once");
  });

  test("sec-113 the audit is a chain: each record's hash holds the one before it", async () => {
    const w = world();
    for (const kind of ["test.one", "test.two"]) await w.store.appendAudit({ event: { kind, actor: "owner", data: { b: 1, a: [kind] } }, now: w.now });
    let previous = CHAIN_START;
    let seq = 0;
    for (;;) {
      const page = await w.store.readAudit({ after: seq, limit: 50 });
      for (const { hash, ...record } of page) {
        assert.equal(record.seq, seq + 1);
        assert.equal(hash, chainHash(previous, record));
        previous = hash;
        seq = record.seq;
      }
      if (page.length < 50) break;
    }
    assert.deepEqual(await w.store.auditHead({}), { seq, hash: previous });
    const checkpoint = { seq, hash: previous, at: w.now, signature: "sig" };
    await w.store.addCheckpoint({ checkpoint });
    await w.store.addCheckpoint({ checkpoint });
    assert.deepEqual((await w.store.listCheckpoints({})).at(-1), checkpoint);
  });

  test("sec-114 an intent is in the audit exactly when its call is started", async () => {
    const w = world();
    const started = await w.begin("do it");
    await w.step(started, "c1");
    const audit = { kind: "tool.started", actor: "ann", session: started.session.id, turn: started.turn.id, data: {} };
    const { fence } = started;
    await w.store.startCall({ fence, callId: "c1", audit, now: w.now });
    await rejectsWith("call_not_planned", w.store.startCall({ fence, callId: "c1", audit, now: w.now }));
    const lines = (await w.store.readAudit({ limit: 100_000 })).filter((record) => record.session === started.session.id);
    assert.equal(lines.length, 1);
  });
}

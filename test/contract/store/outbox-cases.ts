import assert from "node:assert/strict";
import { test } from "node:test";
import { LEASE_MS, rejectsWith, type World } from "./world.ts";

export function outboxCases(world: () => World): void {
  test("deliveries go out in order per conversation, and a waiting part holds up its conversation only", async () => {
    const w = world();
    const elsewhere = { address: w.address("2") };
    const [one, two, other] = [w.delivery(["1"]), w.delivery(["2"]), w.delivery(["3"], elsewhere)];
    for (const delivery of [one, two, other]) await w.store.enqueueDelivery({ delivery, now: w.now });
    await w.store.enqueueDelivery({ delivery: one, now: w.now });
    const due = async () => (await w.due()).map((delivery) => delivery.id);
    assert.deepEqual(await due(), [one.id, other.id]);
    const fence = await w.holder();
    await w.store.markSending({ fence, deliveryId: one.id, part: 0, now: w.now });
    assert.deepEqual(await due(), [other.id], "one is being sent");
    const retry = { fence, deliveryId: one.id, part: 0, status: "queued" as const, notBefore: w.now + 37_000, error: "429", now: w.now };
    assert.deepEqual(await w.store.settlePart(retry), { delivery: "open" });
    assert.deepEqual(await due(), [other.id], "fault-23 one waits and keeps its conversation");
    assert.equal(await w.store.nextDelivery({ channel: "fake", account: w.account, now: w.now }), w.now + 37_000);
    w.now += 37_000;
    assert.deepEqual(await due(), [one.id, other.id]);
    await w.store.markSending({ fence, deliveryId: one.id, part: 0, now: w.now });
    const sent = { fence, deliveryId: one.id, part: 0, status: "sent" as const, receipt: { messageId: "9" }, now: w.now };
    assert.deepEqual(await w.store.settlePart(sent), { delivery: "sent" });
    assert.deepEqual(await w.store.settlePart(sent), { delivery: "sent" }, "may be run again");
    assert.deepEqual(await due(), [two.id, other.id]);
    const stored = await w.store.getDelivery({ id: one.id });
    assert.deepEqual(stored?.parts, [{ number: 0, rendered: one.parts[0], status: "sent", receipt: { messageId: "9" }, attempts: 2, notBefore: 0 }]);
    assert.equal(await w.store.nextDelivery({ channel: "fake", account: w.account, now: w.now }), undefined);
  });

  test("a part is sent only from queued and settled only once", async () => {
    const w = world();
    const fence = await w.holder();
    const delivery = w.delivery(["1", "2", "3"]);
    await w.store.enqueueDelivery({ delivery, now: w.now });
    const settle = (part: number, status: "sent" | "failed" | "unknown" | "queued") =>
      w.store.settlePart({ fence, deliveryId: delivery.id, part, status, now: w.now });
    await w.store.markSending({ fence, deliveryId: delivery.id, part: 0, now: w.now });
    await rejectsWith("part_not_queued", w.store.markSending({ fence, deliveryId: delivery.id, part: 0, now: w.now }));
    assert.deepEqual(await settle(0, "sent"), { delivery: "open" });
    await rejectsWith("part_settled", settle(0, "unknown"));
    await rejectsWith("part_settled", settle(0, "queued"));
    await w.store.markSending({ fence, deliveryId: delivery.id, part: 1, now: w.now });
    assert.deepEqual(await settle(1, "unknown"), { delivery: "open" });
    assert.deepEqual(await settle(2, "failed"), { delivery: "unknown" }, "doubt is worse than failure");
    await rejectsWith("part_not_queued", w.store.markSending({ fence, deliveryId: delivery.id, part: 2, now: w.now }));
    await rejectsWith("no_delivery", w.store.markSending({ fence, deliveryId: "none", part: 0, now: w.now }));
    assert.deepEqual(await w.due(), []);
  });

  test("a platform's pause may have fractions of a millisecond", async () => {
    const w = world();
    const fence = await w.holder();
    const delivery = w.delivery();
    await w.store.enqueueDelivery({ delivery, now: w.now });
    await w.store.markSending({ fence, deliveryId: delivery.id, part: 0, now: w.now });
    const waits = { fence, deliveryId: delivery.id, part: 0, status: "queued" as const, notBefore: w.now + 64.57, now: w.now };
    assert.deepEqual(await w.store.settlePart(waits), { delivery: "open" });
    w.now += 64;
    assert.deepEqual(await w.due(), []);
    w.now += 1;
    assert.equal((await w.due()).length, 1);
  });

  test("only the holder of the account's lease sends", async () => {
    const w = world();
    const delivery = w.delivery();
    await w.store.enqueueDelivery({ delivery, now: w.now });
    const old = await w.holder("old");
    w.now += LEASE_MS;
    const fence = await w.holder("new");
    await rejectsWith("lease_lost", w.store.markSending({ fence: old, deliveryId: delivery.id, part: 0, now: w.now }));
    await rejectsWith("lease_lost", w.store.settlePart({ fence: old, deliveryId: delivery.id, part: 0, status: "sent", now: w.now }));
    await rejectsWith("lease_lost", w.store.recoverDeliveries({ fence: old, channel: "fake", account: w.account, resend: true, now: w.now }));
    const other = world();
    await rejectsWith("lease_lost", w.store.markSending({ fence: await other.holder(), deliveryId: delivery.id, part: 0, now: w.now }));
    assert.equal((await w.store.getDelivery({ id: delivery.id }))?.parts[0]?.status, "queued");
    await w.store.markSending({ fence, deliveryId: delivery.id, part: 0, now: w.now });
  });

  test("the preview becomes the first part of the answer and keeps its receipt", async () => {
    const w = world();
    const started = await w.begin("one");
    const draft = w.delivery(["he"], { turnId: started.turn.id });
    await w.store.openDraft({ fence: started.fence, delivery: draft, now: w.now });
    assert.equal((await w.store.getTurn({ id: started.turn.id }))?.draftId, draft.id);
    const opened = await w.store.getDelivery({ id: draft.id });
    assert.equal(opened?.status, "draft");
    assert.equal(opened?.parts[0]?.status, "sending");
    await w.store.settleDraft({ deliveryId: draft.id, receipt: { messageId: "42" }, now: w.now });
    assert.equal((await w.store.getDelivery({ id: draft.id }))?.parts[0]?.status, "draft");
    assert.deepEqual(await w.due(), [], "a draft is not sent");
    await w.commit(started, { deliveries: [{ ...w.delivery(["hello", "world"]), id: draft.id }] });
    const final = await w.store.getDelivery({ id: draft.id });
    assert.equal(final?.status, "open");
    assert.equal(final?.sessionId, started.session.id);
    assert.deepEqual(
      final?.parts.map((part) => [part.rendered.text, part.status, part.receipt]),
      [
        ["hello", "queued", { messageId: "42" }],
        ["world", "queued", undefined],
      ],
    );
    assert.deepEqual(
      (await w.due()).map((delivery) => delivery.id),
      [draft.id],
    );
  });

  test("no preview is opened while something else is on its way to its place (P3)", async () => {
    const w = world();
    const started = await w.begin("one");
    const draft = w.delivery(["he"], { turnId: started.turn.id });
    const open = async (delivery = draft) => await w.store.openDraft({ fence: started.fence, delivery, now: w.now });
    const fence = await w.holder();
    const earlier = w.delivery(["earlier"]);
    await w.store.enqueueDelivery({ delivery: earlier, now: w.now });
    assert.equal(await open(), false);
    assert.equal(await w.store.getDelivery({ id: draft.id }), undefined);
    assert.equal((await w.store.getTurn({ id: started.turn.id }))?.draftId, undefined);
    const aside = w.delivery(["he"], { turnId: started.turn.id, address: { ...w.address(), thread: "t" } });
    assert.equal(await open(aside), true, "another thread is another place");
    await w.store.settleDraft({ deliveryId: aside.id, now: w.now });
    await w.store.markSending({ fence, deliveryId: earlier.id, part: 0, now: w.now });
    assert.equal(await open(), false, "it is being sent");
    await w.store.settlePart({ fence, deliveryId: earlier.id, part: 0, status: "unknown", now: w.now });
    assert.equal(await open(), true);
    const other = await w.begin("two", { session: { id: w.id("s"), key: `${w.key}:other`, agent: "main" } });
    assert.equal(await w.store.openDraft({ fence: other.fence, delivery: w.delivery(["she"], { turnId: other.turn.id }), now: w.now }), false);
  });

  test("the answer of another session waits for the turn whose preview stands above it, a notice does not (P3)", async () => {
    const w = world();
    const first = await w.begin("one");
    const draft = w.delivery(["he"], { turnId: first.turn.id });
    assert.equal(await w.store.openDraft({ fence: first.fence, delivery: draft, now: w.now }), true);
    const second = await w.begin("two", { session: { id: w.id("s"), key: `${w.key}:other`, agent: "main" } });
    const [answer, aside, notice] = [w.delivery(["B"]), w.delivery(["C"], { address: { ...w.address(), thread: "t" } }), w.delivery(["N"])];
    await w.commit(second, { deliveries: [answer, aside] });
    const due = async () => (await w.due()).map((delivery) => delivery.id);
    assert.deepEqual(await due(), [aside.id], "another thread is another place");
    const fence = await w.holder();
    const send = async (id: string) => {
      await w.store.markSending({ fence, deliveryId: id, part: 0, now: w.now });
      await w.store.settlePart({ fence, deliveryId: id, part: 0, status: "sent", receipt: { messageId: id }, now: w.now });
    };
    await send(aside.id);
    await w.store.enqueueDelivery({ delivery: notice, now: w.now });
    assert.deepEqual(await due(), [notice.id]);
    await send(notice.id);
    assert.deepEqual(await due(), []);
    await w.commit(first, { deliveries: [{ ...draft, parts: w.delivery(["hello"]).parts }] });
    assert.deepEqual(await due(), [draft.id]);
    await send(draft.id);
    assert.deepEqual(await due(), [answer.id]);
  });

  test("a turn whose model is away gives its preview up, one that is tried again keeps it and its place", async () => {
    const w = world();
    const first = await w.begin("one");
    const draft = w.delivery(["he"], { turnId: first.turn.id });
    await w.store.openDraft({ fence: first.fence, delivery: draft, now: w.now });
    const second = await w.begin("two", { session: { id: w.id("s"), key: `${w.key}:other`, agent: "main" } });
    const answer = w.delivery(["B"]);
    await w.commit(second, { deliveries: [answer] });
    assert.deepEqual(await w.due(), []);
    await w.store.postponeTurn({ fence: first.fence, turnId: first.turn.id, notBefore: w.now + 1_000, outage: false, now: w.now });
    assert.deepEqual(await w.due(), []);
    w.now += 1_000;
    const again = (await w.start(first.session.id))!;
    assert.equal(again.turn.draftId, draft.id);
    await w.store.postponeTurn({ fence: again.fence, turnId: first.turn.id, notBefore: w.now + 300_000, outage: true, now: w.now });
    assert.equal((await w.store.getTurn({ id: first.turn.id }))?.draftId, undefined);
    assert.equal((await w.store.getDelivery({ id: draft.id }))?.status, "cancelled");
    assert.deepEqual(
      (await w.due()).map((delivery) => delivery.id),
      [answer.id],
    );
  });

  test("a receipt that comes after the commit still makes the last write an edit", async () => {
    const w = world();
    const started = await w.begin("one");
    const draft = w.delivery(["he"], { turnId: started.turn.id });
    await w.store.openDraft({ fence: started.fence, delivery: draft, now: w.now });
    await w.commit(started, { deliveries: [{ ...draft, parts: w.delivery(["hello"]).parts }] });
    await w.store.settleDraft({ deliveryId: draft.id, receipt: { messageId: "42" }, now: w.now });
    const [due] = await w.due();
    assert.deepEqual([due?.status, due?.parts[0]?.status, due?.parts[0]?.receipt], ["open", "queued", { messageId: "42" }]);
    await w.store.settleDraft({ deliveryId: draft.id, now: w.now });
    assert.ok(await w.store.getDelivery({ id: draft.id }), "a delivery that is no draft is not taken away");
  });

  test("a preview that surely failed leaves nothing, one that is in no delivery is cancelled", async () => {
    const w = world();
    const started = await w.begin("one");
    const failed = w.delivery(["a"], { turnId: started.turn.id });
    await w.store.openDraft({ fence: started.fence, delivery: failed, now: w.now });
    await w.store.settleDraft({ deliveryId: failed.id, now: w.now });
    assert.equal(await w.store.getDelivery({ id: failed.id }), undefined);
    assert.equal((await w.store.getTurn({ id: started.turn.id }))?.draftId, undefined);
    const shown = w.delivery(["b"], { turnId: started.turn.id });
    await w.store.openDraft({ fence: started.fence, delivery: shown, now: w.now });
    await w.store.settleDraft({ deliveryId: shown.id, receipt: { messageId: "1" }, now: w.now });
    await w.commit(started, { outcome: "cancelled", entries: [] });
    assert.equal((await w.store.getDelivery({ id: shown.id }))?.status, "cancelled");
    assert.deepEqual(await w.due(), []);
  });

  for (const resend of [true, false]) {
    test(`fault-1 a part left sending by a dead process is ${resend ? "queued where a repeat is harmless" : "unknown, but for the final edit of a preview"}`, async () => {
      const w = world();
      const fence = await w.holder();
      const started = await w.begin("one");
      const draft = w.delivery(["p"], { turnId: started.turn.id, address: w.address("2") });
      await w.store.openDraft({ fence: started.fence, delivery: draft, now: w.now });
      await w.store.settleDraft({ deliveryId: draft.id, receipt: { messageId: "7" }, now: w.now });
      const plain = w.delivery(["1", "2"]);
      await w.commit(started, { deliveries: [plain, draft] });
      const untouched = w.delivery(["3"], { address: w.address("3") });
      await w.store.enqueueDelivery({ delivery: untouched, now: w.now });
      for (const { id } of [plain, draft]) await w.store.markSending({ fence, deliveryId: id, part: 0, now: w.now });
      w.now += LEASE_MS;
      const next = await w.holder("next");
      const changed = await w.store.recoverDeliveries({ fence: next, channel: "fake", account: w.account, resend, now: w.now });
      assert.deepEqual(changed.map((delivery) => delivery.id).toSorted(), [plain.id, draft.id].toSorted());
      const states = async (id: string) => (await w.store.getDelivery({ id }))?.parts.map((part) => part.status);
      assert.deepEqual(await states(plain.id), [resend ? "queued" : "unknown", "queued"]);
      assert.deepEqual(await states(draft.id), ["queued"]);
      assert.deepEqual(await states(untouched.id), ["queued"]);
      assert.deepEqual(await w.store.recoverDeliveries({ fence: next, channel: "fake", account: w.account, resend, now: w.now }), []);
    });
  }

  test("the draft of a turn that still runs is left to that turn", async () => {
    const w = world();
    const started = await w.begin("one");
    const draft = w.delivery(["p"], { turnId: started.turn.id });
    await w.store.openDraft({ fence: started.fence, delivery: draft, now: w.now });
    assert.deepEqual(await w.store.recoverDeliveries({ fence: await w.holder(), channel: "fake", account: w.account, resend: false, now: w.now }), []);
    assert.equal((await w.store.getDelivery({ id: draft.id }))?.parts[0]?.status, "sending");
  });

  test("fault-25 what could not be sent in time fails, but not under the hands of its sender", async () => {
    const w = world();
    const fence = await w.holder();
    const late = w.delivery(["1", "2"], { expiresAt: w.now + 10 });
    const sending = w.delivery(["3"], { expiresAt: w.now + 10, address: w.address("2") });
    for (const delivery of [late, sending]) await w.store.enqueueDelivery({ delivery, now: w.now });
    await w.store.markSending({ fence, deliveryId: sending.id, part: 0, now: w.now });
    const { delivery: expiry } = await w.store.nextExpiry({});
    assert.ok(expiry !== undefined && expiry <= w.now + 10);
    w.now += 10;
    assert.deepEqual(await w.due(), []);
    const mine = (await w.store.expireDeliveries({ now: w.now })).filter((delivery) => delivery.address.account === w.account);
    assert.deepEqual(
      mine.map((delivery) => [delivery.id, delivery.status, delivery.parts.map((part) => part.status)]),
      [[late.id, "failed", ["failed", "failed"]]],
    );
    assert.deepEqual(await w.store.settlePart({ fence, deliveryId: sending.id, part: 0, status: "sent", receipt: { messageId: "1" }, now: w.now }), {
      delivery: "sent",
    });
  });

  test("deliveries are listed newest first by any of their marks", async () => {
    const w = world();
    const started = await w.begin("one");
    const [a, b] = [w.delivery(["a"]), w.delivery(["b"])];
    await w.commit(started, { deliveries: [a] });
    await w.store.enqueueDelivery({ delivery: b, now: w.now });
    const ids = async (filter: object) => (await w.store.listDeliveries({ limit: 10, ...filter })).map((delivery) => delivery.id);
    assert.deepEqual(await ids({ channel: "fake", account: w.account }), [b.id, a.id]);
    assert.deepEqual(await ids({ turnId: started.turn.id }), [a.id]);
    assert.deepEqual(await ids({ sessionId: started.session.id, statuses: ["open", "sent"] }), [a.id]);
    assert.deepEqual(await ids({ account: w.account, statuses: ["sent"] }), []);
    assert.deepEqual(await ids({ account: w.account, statuses: [] }), []);
  });
}

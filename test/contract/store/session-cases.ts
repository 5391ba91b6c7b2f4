import assert from "node:assert/strict";
import { test } from "node:test";
import { rejectsWith, type World } from "./world.ts";

export function sessionCases(world: () => World): void {
  test("a key has one current session, and settings are merged and cleared", async () => {
    const w = world();
    const session = { id: w.id("s"), key: w.key, agent: "main" };
    const made = await w.store.createSession({ session, settings: { model: "a:b" }, now: w.now });
    assert.equal(made.created, true);
    const again = await w.store.createSession({ session: { ...session, id: w.id("s") }, now: w.now });
    assert.deepEqual(again, { session: made.session, created: false });
    const patched = await w.store.patchSession({ id: session.id, settings: { label: "home", model: null }, now: w.now });
    assert.deepEqual(patched?.settings, { label: "home" });
    assert.deepEqual(await w.store.getSession({ id: session.id }), patched);
    assert.deepEqual(await w.store.getSession({ key: w.key }), patched);
    assert.equal(await w.store.patchSession({ id: "none", settings: {}, now: w.now }), undefined);
  });

  test("a session knows the place of its last admitted message", async () => {
    const w = world();
    await w.say("one");
    const { session } = await w.say("two", { address: w.address("5") });
    assert.deepEqual(session.address, w.address("5"));
  });

  test("fault-18 a reset makes a successor with the settings, and queued turns move to it", async () => {
    const w = world();
    const running = await w.begin("one");
    await w.store.patchSession({ id: running.session.id, settings: { thinking: "high" }, now: w.now });
    const queued = await w.say("two");
    const successor = { id: w.id("s"), key: w.key, agent: "main" };
    const reset = await w.store.resetSession({ session: successor, now: w.now + 5 });
    assert.equal(reset.ended, running.session.id);
    assert.deepEqual(reset.session.settings, { thinking: "high" });
    assert.equal((await w.store.getSession({ id: running.session.id }))?.endedAt, w.now + 5);
    assert.equal((await w.store.getSession({ key: w.key }))?.id, successor.id);
    await w.commit(running);
    const next = await w.start(successor.id);
    assert.equal(next?.turn.id, queued.turnId);
    assert.equal(next?.turn.sessionId, successor.id);
    assert.deepEqual(await w.transcript(successor.id), ["two"]);
    assert.deepEqual(await w.transcript(running.session.id), ["one", "yes"]);
    const fresh = world();
    const first = await fresh.store.resetSession({ session: { id: fresh.id("s"), key: fresh.key, agent: "main" }, now: fresh.now });
    assert.equal(first.ended, undefined);
  });

  test("a session is deleted whole, but not while it works", async () => {
    const w = world();
    const started = await w.begin("one");
    const id = started.session.id;
    await rejectsWith("session_busy", w.store.deleteSession({ id }));
    const delivery = w.delivery();
    await w.step(started, "c1");
    await w.finish(started, "c1");
    await w.commit(started, { deliveries: [delivery] });
    await rejectsWith("session_busy", w.store.deleteSession({ id }));
    const fence = await w.holder();
    await w.store.settlePart({ fence, deliveryId: delivery.id, part: 0, status: "failed", now: w.now });
    assert.equal(await w.store.deleteSession({ id }), true);
    assert.equal(await w.store.deleteSession({ id }), false);
    assert.equal(await w.store.getSession({ id }), undefined);
    assert.equal(await w.store.getTurn({ id: started.turn.id }), undefined);
    assert.equal(await w.store.getDelivery({ id: delivery.id }), undefined);
    assert.deepEqual(await w.store.readEntries({ sessionId: id, limit: 10 }), []);
    assert.deepEqual(await w.store.listInbox({ sessionId: id, limit: 10 }), []);
    assert.deepEqual(await w.store.listCalls({ turnId: started.turn.id }), []);
  });

  test("sessions are listed by newest activity, page by page", async () => {
    const w = world();
    const agent = `agent-${w.name}`;
    for (let number = 1; number <= 5; number += 1)
      await w.store.createSession({ session: { id: `${w.name}-l${number}`, key: `${w.key}:${number}`, agent }, now: w.now + number });
    await w.store.resetSession({ session: { id: `${w.name}-l6`, key: `${w.key}:1`, agent }, now: w.now + 6 });
    const ids = async (more: object) => (await w.store.listSessions({ agent, limit: 2, ...more })).map((session) => session.id.split("-l")[1]);
    assert.deepEqual(await ids({ limit: 10, ended: false }), ["6", "5", "4", "3", "2"]);
    assert.deepEqual(await ids({ ended: true }), ["1"]);
    assert.deepEqual(await ids({ before: w.now + 5 }), ["4", "3"]);
    assert.deepEqual(await ids({ agent: "nobody" }), []);
    for (const number of [7, 8, 9]) await w.store.createSession({ session: { id: `${w.name}-l${number}`, key: `${w.key}:${number}`, agent }, now: w.now + 6 });
    assert.deepEqual(await ids({ before: w.now + 6, beforeId: `${w.name}-l8` }), ["7", "6"], "of the same moment none is left out");
  });

  test("entries are read forwards and backwards", async () => {
    const w = world();
    const started = await w.begin("1");
    await w.commit(started, { entries: ["2", "3", "4", "5"].map((text) => w.answer(text)) });
    const numbers = async (more: object) => (await w.store.readEntries({ sessionId: started.session.id, limit: 2, ...more })).map((entry) => entry.number);
    assert.deepEqual(await numbers({}), [1, 2]);
    assert.deepEqual(await numbers({ after: 2 }), [3, 4]);
    assert.deepEqual(await numbers({ before: 5 }), [3, 4]);
    assert.deepEqual(await numbers({ before: Number.MAX_SAFE_INTEGER }), [4, 5]);
    assert.deepEqual(await numbers({ after: 5 }), []);
    const opaque = { type: "opaque" as const, provider: "p", data: { signature: "ü\u0000😀", n: [1, null] } };
    const content = { role: "assistant" as const, parts: [opaque], model: "m", stop: "end" as const };
    const next = await w.begin("6");
    if (next)
      await w.commit(next, { entries: [{ ...w.answer(""), content: { ...content, parts: [{ ...opaque, data: { signature: "ü😀", n: [1, null] } }] } }] });
    const [last] = await w.store.readEntries({ sessionId: started.session.id, before: 1e9, limit: 1 });
    assert.deepEqual(last?.content.role === "assistant" && last.content.parts, [{ ...opaque, data: { signature: "ü😀", n: [1, null] } }]);
  });

  test("text with a NUL character survives", async () => {
    const w = world();
    const started = await w.begin("a\u0000b");
    assert.deepEqual(await w.transcript(started.session.id), ["a\u0000b"]);
    await w.store.enqueueDelivery({ delivery: w.delivery(["c\u0000d\ud800"]), now: w.now });
    assert.equal((await w.due())[0]?.parts[0]?.rendered.text, "c\u0000d\ud800");
    await w.say("odd \u0000 key", { key: "msg:\u0000" });
  });

  test("blobs come back byte by byte, and 20 MB is the end", async () => {
    const w = world();
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);
    const input = { id: w.id("b"), bytes, type: "image/png", name: "a.png", sha256: "00", now: w.now };
    const info = await w.store.putBlob(input);
    assert.deepEqual(info, { id: input.id, type: "image/png", name: "a.png", size: 1000, sha256: "00" });
    assert.deepEqual(await w.store.putBlob(input), info);
    const stored = await w.store.getBlob({ id: input.id });
    assert.deepEqual({ ...stored, bytes: [...stored!.bytes] }, { ...info, bytes: [...bytes] });
    assert.equal(await w.store.getBlob({ id: "none" }), undefined);
    await rejectsWith("blob_too_large", w.store.putBlob({ ...input, id: w.id("b"), bytes: new Uint8Array(20_000_001) }));
  });

  test("settings are set, changed and removed", async () => {
    const w = world();
    const name = `setting-${w.name}`;
    assert.equal(await w.store.getSetting({ name }), undefined);
    await w.store.setSetting({ name, value: "1" });
    await w.store.setSetting({ name, value: "2" });
    assert.equal(await w.store.getSetting({ name }), "2");
    await w.store.setSetting({ name, value: null });
    assert.equal(await w.store.getSetting({ name }), undefined);
  });

  test("counts say how many rows there are of each state", async () => {
    const w = world();
    const before = await w.store.counts({});
    const started = await w.begin("one");
    await w.say("two");
    const [failed, unknown, open] = [w.delivery(["1"]), w.delivery(["2"]), w.delivery(["3"])];
    await w.commit(started, { deliveries: [failed, unknown, open] });
    const fence = await w.holder();
    await w.store.settlePart({ fence, deliveryId: failed.id, part: 0, status: "failed", now: w.now });
    await w.store.settlePart({ fence, deliveryId: unknown.id, part: 0, status: "unknown", now: w.now });
    const after = await w.store.counts({});
    assert.equal(after.turns.done - before.turns.done, 1);
    assert.equal(after.turns.queued - before.turns.queued, 1);
    assert.equal(after.turns.running, before.turns.running);
    assert.equal(after.pendingMessages - before.pendingMessages, 1);
    assert.equal(after.openDeliveries - before.openDeliveries, 1);
    assert.equal(after.unknownDeliveries - before.unknownDeliveries, 1);
    assert.equal(after.failedDeliveries - before.failedDeliveries, 1);
    assert.equal(after.sessions - before.sessions, 1);
  });
}

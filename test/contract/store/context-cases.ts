import assert from "node:assert/strict";
import { test } from "node:test";
import { EXTERNAL, type Label } from "../../../src/core/label.ts";
import type { Summary } from "../../../src/core/records.ts";
import type { StartedTurn } from "../../../src/core/store.ts";
import { LEASE_MS, rejectsWith, type World } from "./world.ts";

const LABEL: Label = { integrity: "TRUSTED", confidentiality: "PRIVATE" };
const SLOT_MS = 900_000;

function summary(w: World, fromEntry: number, toEntry: number, more: Partial<Summary> = {}): Omit<Summary, "sessionId"> {
  return { fromEntry, toEntry, text: `to ${toEntry}`, rules: ["Never."], label: LABEL, tokens: 7, model: "fake:one", at: w.now, ...more };
}

async function compactor(w: World, sessionId: string, owner = "me") {
  const fence = await w.store.claimLease({ lease: `compact:${sessionId}`, owner, now: w.now, leaseMs: LEASE_MS });
  assert.ok(fence);
  return fence;
}

export function summaryCases(world: () => World): void {
  test("fault-7 a compaction is whole or not at all: start, end of shortened results and summary move together, and only from where they were", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.commit(started);
    const sessionId = started.session.id;
    const fence = await compactor(w, sessionId);
    const to = { fence, sessionId, contextStart: 2, trimmedTo: 1, now: w.now };
    assert.equal(await w.store.compactContext({ ...to, expectedStart: 2, summary: summary(w, 1, 1) }), false);
    assert.equal(await w.store.getSummary({ sessionId, before: 99 }), undefined);
    assert.equal(await w.store.compactContext({ ...to, expectedStart: 1, summary: summary(w, 1, 1) }), true);
    assert.deepEqual(await w.store.getSummary({ sessionId, before: 2 }), { sessionId, ...summary(w, 1, 1) });
    const session = await w.store.getSession({ id: sessionId });
    assert.deepEqual([session?.contextStart, session?.trimmedTo, session?.lastEntry], [2, 1, 2]);
    assert.equal(await w.store.getSummary({ sessionId, before: 1 }), undefined);
    // Neither moves back.
    assert.equal(await w.store.compactContext({ ...to, expectedStart: 2, contextStart: 2, trimmedTo: 0 }), false);
    assert.equal(await w.store.compactContext({ ...to, expectedStart: 2, contextStart: 1, trimmedTo: 1 }), false);
    assert.deepEqual(await w.transcript(sessionId), ["one", "yes"]);
  });

  test("a compaction needs its own lease, and another owner's fences it out", async () => {
    const w = world();
    const started = await w.begin("one");
    const sessionId = started.session.id;
    const to = { sessionId, expectedStart: 1, contextStart: 1, trimmedTo: 1, now: w.now };
    await rejectsWith("lease_lost", w.store.compactContext({ ...to, fence: started.fence }));
    const old = await compactor(w, sessionId);
    w.now += LEASE_MS;
    await compactor(w, sessionId, "other");
    await rejectsWith("lease_lost", w.store.compactContext({ ...to, fence: old }));
  });

  test("the newest summary before the start is the one; it goes with its session, and the owner's word raises its label", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.commit(started);
    const sessionId = started.session.id;
    const fence = await compactor(w, sessionId);
    const base = { fence, sessionId, trimmedTo: 0, now: w.now };
    await w.store.compactContext({ ...base, expectedStart: 1, contextStart: 2, summary: summary(w, 1, 1) });
    await w.store.compactContext({ ...base, expectedStart: 2, contextStart: 3, summary: summary(w, 1, 2, { label: { ...LABEL, integrity: "EXTERNAL" } }) });
    assert.equal((await w.store.getSummary({ sessionId, before: 3 }))?.text, "to 2");
    await w.store.endorseEntries({ sessionId, from: 3, to: 3, label: { integrity: "OWNER", confidentiality: "PRIVATE" }, by: "owner", now: w.now });
    assert.deepEqual((await w.store.getSummary({ sessionId, before: 3 }))?.label, { integrity: "OWNER", confidentiality: "PRIVATE" });
    await w.store.deleteSession({ id: sessionId });
    assert.equal(await w.store.getSummary({ sessionId, before: 3 }), undefined);
  });

  test("sec-91 a branch of a long conversation begins its prompts like its source, with the summary and its label", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.commit(started);
    await w.commit(await w.begin("two"));
    const from = started.session.id;
    const fence = await compactor(w, from);
    const label: Label = { integrity: "EXTERNAL", confidentiality: "PRIVATE" };
    await w.store.compactContext({ fence, sessionId: from, expectedStart: 1, contextStart: 3, trimmedTo: 2, summary: summary(w, 1, 2, { label }), now: w.now });
    const branch = async (upTo: number) => {
      const id = w.id("s");
      const made = await w.store.branchSession({ from, upTo, session: { id, key: `${w.key}:${id}`, agent: "main" }, settings: {}, now: w.now });
      return { session: made!.session, summary: await w.store.getSummary({ sessionId: id, before: made!.session.contextStart }) };
    };
    const late = await branch(4);
    assert.deepEqual([late.session.contextStart, late.session.trimmedTo, late.session.lastEntry], [3, 2, 4]);
    assert.deepEqual([late.summary?.text, late.summary?.label], ["to 2", label]);
    // Of what is older than the summary the entries themselves are there.
    const early = await branch(2);
    assert.deepEqual([early.session.lastEntry, early.summary], [2, undefined]);
    assert.equal(early.session.contextStart, 1);
  });

  test("what is older than the owner keeps takes its summary with it", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.commit(started);
    const sessionId = started.session.id;
    const fence = await compactor(w, sessionId);
    await w.store.compactContext({ fence, sessionId, expectedStart: 1, contextStart: 3, trimmedTo: 0, summary: summary(w, 1, 2), now: w.now });
    w.now += 86_400_000;
    await w.store.forgetOld({ before: w.now, keysFrom: w.now, limit: 100_000, now: w.now });
    assert.equal(await w.store.getSummary({ sessionId, before: 99 }), undefined);
    assert.deepEqual(await w.store.readEntries({ sessionId, limit: 5 }), []);
  });
}

const usage = (input: number) => ({ input, output: 1, cacheRead: 0, cacheWrite: 0 });

export function usageCases(world: () => World): void {
  test("usage is summed by model, quarter of an hour, turn and session, within times", async () => {
    const w = world();
    w.now = Math.ceil(w.now / SLOT_MS) * SLOT_MS;
    const from = w.now;
    const first = await w.begin("one");
    await w.step(first, "c1");
    await w.finish(first, "c1");
    w.now += SLOT_MS;
    await w.commit(first, { usage: usage(100), estimate: 50 });
    await w.store.spend({ turnId: first.turn.id, model: "fake:small", usage: usage(7), estimate: 5, now: w.now });
    const sessionId = first.session.id;
    const sum = async (more: object) =>
      (await w.store.sumUsage({ sessionId, limit: 10, ...more }))
        .map(({ key, model, turns, usage: { input } }) => `${key} ${model} ${turns} ${input}`)
        .toSorted();
    assert.deepEqual(await sum({}), ["all fake:one 1 110", "all fake:small 1 7"]);
    assert.deepEqual(await sum({ from: from + SLOT_MS }), ["all fake:one 1 100", "all fake:small 1 7"]);
    assert.deepEqual(await sum({ to: from + SLOT_MS }), ["all fake:one 1 10"]);
    assert.deepEqual(await sum({ by: "slot" }), [`${from} fake:one 1 10`, `${from + SLOT_MS} fake:one 1 100`, `${from + SLOT_MS} fake:small 1 7`]);
    assert.deepEqual(await sum({ by: "turn" }), [`${first.turn.id} fake:one 1 110`, `${first.turn.id} fake:small 1 7`]);
    assert.deepEqual(await sum({ by: "session" }), [`${w.key} fake:one 1 110`, `${w.key} fake:small 1 7`]);
    assert.deepEqual(await sum({ turnId: "nobody" }), []);
    assert.equal((await w.store.sumUsage({ sessionId, by: "slot", limit: 1 })).length, 1);
  });

  test("estimates stand beside what the provider has counted, the newest rows of a model first", async () => {
    const w = world();
    const model = `fake:${w.name}`;
    for (const [estimate, input] of [
      [1_000, 100],
      [200, 300],
      [100, 50],
    ] as const) {
      w.now += SLOT_MS;
      await w.store.spend({ turnId: w.id("t"), model, usage: usage(input), estimate, now: w.now });
    }
    await w.store.spend({ turnId: w.id("t"), model, usage: usage(9_999), estimate: 0, now: w.now });
    assert.deepEqual(await w.store.usageEstimates({ model, limit: 2 }), { estimated: 300, counted: 350 });
    assert.deepEqual(await w.store.usageEstimates({ model: "fake:none", limit: 2 }), { estimated: 0, counted: 0 });
  });
}

async function handOver(w: World, started: StartedTurn, callId: string, more: { most?: number; expiresAt?: number } = {}) {
  const id = w.id("sub");
  const childTurn = w.id("t");
  const session = { id: w.id("s"), key: `${w.key}:${id}`, agent: "main" };
  const task = { id, depth: 1, parent: started.session.id, root: started.session.id, tools: [], maxSteps: 5 };
  const opened = await w.store.openSubAgent({
    fence: started.fence,
    subAgent: {
      id,
      turnId: started.turn.id,
      callId,
      rootId: started.session.id,
      depth: 1,
      childTurn,
      label: LABEL,
      expiresAt: more.expiresAt ?? w.now + 10 * LEASE_MS,
    },
    item: w.item("task", { turnId: childTurn, session, options: { task } }),
    most: more.most ?? 3,
    audit: { kind: "agent.spawned", actor: "ann", data: {} },
    now: w.now,
  });
  return { opened, childTurn, childSession: session.id };
}

const suspend = (w: World, started: StartedTurn) =>
  w.store.suspendTurn({ fence: started.fence, turnId: started.turn.id, deliveries: [], movedTurnId: w.id("moved"), now: w.now, leaseMs: LEASE_MS });

export function subAgentCases(world: () => World): void {
  test("fault-84 a child's end and its maker's going on are one commit; the result carries the label of both", async () => {
    const w = world();
    const parent = await w.begin("please");
    await w.step(parent, "c1");
    const { opened, childSession } = await handOver(w, parent, "c1");
    assert.equal(opened.kind, "opened");
    assert.equal((await suspend(w, parent)).waiting, true);
    assert.equal(await w.dueHere(parent.session.id), false);
    const child = (await w.start(childSession))!;
    assert.deepEqual(await w.transcript(childSession), ["task"]);
    const answer = { ...w.answer("three boats"), label: EXTERNAL };
    await w.commit(child, { entries: [answer] });
    const [subAgent] = await w.store.listSubAgents({ turnId: parent.turn.id, limit: 5 });
    assert.deepEqual([subAgent?.status, subAgent?.working, subAgent?.result, subAgent?.endedAt], ["done", false, "three boats", w.now]);
    assert.deepEqual(subAgent?.label, { integrity: "EXTERNAL", confidentiality: "PRIVATE" });
    assert.equal(await w.dueHere(parent.session.id), true);
    const again = (await w.start(parent.session.id))!;
    assert.equal(again.resumed, true);
    assert.equal((await w.store.listCalls({ turnId: parent.turn.id }))[0]?.status, "planned");
  });

  test("a call has one child, whoever asks again; a conversation has no more than so many", async () => {
    const w = world();
    const parent = await w.begin("please");
    await w.step(parent, "c1", "c2", "c3");
    const first = await handOver(w, parent, "c1", { most: 2 });
    const again = await handOver(w, parent, "c1", { most: 2 });
    assert.equal(again.opened.kind, "known");
    assert.deepEqual("subAgent" in again.opened && again.opened.subAgent.childTurn, first.childTurn);
    assert.equal(await w.store.getTurn({ id: again.childTurn }), undefined);
    assert.equal((await handOver(w, parent, "c2", { most: 2 })).opened.kind, "opened");
    assert.equal((await handOver(w, parent, "c3", { most: 2 })).opened.kind, "full");
    assert.equal((await w.store.listSubAgents({ sessionId: parent.session.id, working: true, limit: 5 })).length, 2);
    await rejectsWith("lease_lost", handOver(w, { ...parent, fence: { ...parent.fence, fence: 99 } }, "c3"));
  });

  test("another message closes the open call; the result is told as a note, once", async () => {
    const w = world();
    const parent = await w.begin("please");
    await w.step(parent, "c1");
    const { childSession } = await handOver(w, parent, "c1");
    await suspend(w, parent);
    const next = await w.begin("are you there?");
    assert.deepEqual(await w.transcript(parent.session.id), ["please", "calls", "result", "are you there?"]);
    await w.commit(next);
    await w.commit((await w.start(childSession))!);
    const again = (await w.start(parent.session.id))!;
    const [subAgent] = await w.store.listSubAgents({ turnId: parent.turn.id, limit: 5 });
    assert.deepEqual([subAgent?.detached, subAgent?.toldAt], [true, undefined]);
    const note = { ...w.answer(""), content: { role: "system" as const, text: "the result" } };
    const tell = () => w.store.tellSubAgent({ fence: again.fence, id: subAgent!.id, entry: note, now: w.now });
    assert.equal(await tell(), true);
    assert.equal(await tell(), false);
    assert.deepEqual((await w.transcript(parent.session.id)).slice(-2), ["yes", "the result"]);
  });

  test("whose maker has ended is cancelled and named to be stopped until it rests; past its time it has expired", async () => {
    const w = world();
    const parent = await w.begin("please");
    await w.step(parent, "c1", "c2");
    const a = await handOver(w, parent, "c1", { expiresAt: w.now + 1_000 });
    const b = await handOver(w, parent, "c2");
    await suspend(w, parent);
    const settle = async () => {
      const { settled, stop } = await w.store.settleSubAgents({ now: w.now });
      const mine = new Set([a.childSession, b.childSession]);
      return {
        settled: settled.filter(({ childSession }) => mine.has(childSession)).map(({ status }) => status),
        stop: stop.filter((id) => mine.has(id)),
      };
    };
    assert.deepEqual(await settle(), { settled: [], stop: [] });
    w.now += 1_000;
    assert.deepEqual(await settle(), { settled: ["expired"], stop: [a.childSession] });
    assert.equal(await w.dueHere(parent.session.id), false, "it waits for the other one");
    await w.store.cancelWaiting({ turnId: parent.turn.id, text: "stopped", now: w.now });
    assert.deepEqual(await settle(), { settled: ["cancelled"], stop: [a.childSession, b.childSession] });
    await w.store.cancelQueued({ sessionId: a.childSession, now: w.now });
    assert.deepEqual(await settle(), { settled: [], stop: [b.childSession] });
    // A late answer changes nothing any more.
    await w.commit((await w.start(b.childSession))!);
    assert.deepEqual(await settle(), { settled: [], stop: [] });
    assert.deepEqual(
      (await w.store.listSubAgents({ turnId: parent.turn.id, limit: 5 })).map(({ status, working }) => [status, working]),
      [
        ["expired", false],
        ["cancelled", false],
      ],
    );
  });

  test("a child that was stopped or deleted lets its maker go on; what it has spent counts to the conversation it worked for", async () => {
    const w = world();
    const parent = await w.begin("please");
    await w.step(parent, "c1", "c2");
    const a = await handOver(w, parent, "c1");
    const b = await handOver(w, parent, "c2");
    await suspend(w, parent);
    await w.commit((await w.start(a.childSession))!, { outcome: "cancelled", usage: { input: 40, output: 0, cacheRead: 0, cacheWrite: 0 } });
    assert.equal(await w.dueHere(parent.session.id), false);
    const [sum] = await w.store.sumUsage({ sessionId: parent.session.id, limit: 5 });
    assert.equal(sum?.usage.input, 50);
    await w.store.deleteSession({ id: b.childSession });
    await w.store.settleSubAgents({ now: w.now });
    assert.equal(await w.dueHere(parent.session.id), true);
    const statuses = (await w.store.listSubAgents({ turnId: parent.turn.id, limit: 5 })).map(({ status }) => status);
    assert.deepEqual(statuses, ["cancelled", "cancelled"]);
  });

  test("a conversation that is deleted leaves nothing of its children's results behind", async () => {
    const w = world();
    const parent = await w.begin("please");
    await w.step(parent, "c1");
    const { childSession } = await handOver(w, parent, "c1");
    await suspend(w, parent);
    await w.store.deleteSession({ id: parent.session.id });
    await w.commit((await w.start(childSession))!);
    assert.deepEqual(await w.store.listSubAgents({ sessionId: parent.session.id, limit: 5 }), []);
  });
}

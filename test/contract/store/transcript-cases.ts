import assert from "node:assert/strict";
import { test } from "node:test";
import { labelOf } from "../../../src/core/principal.ts";
import type { Store } from "../../../src/core/store.ts";
import type { World } from "./world.ts";

const DAY_MS = 86_400_000;

async function indexAll(store: Store): Promise<void> {
  while ((await store.indexEntries({ limit: 100 })) > 0);
}

async function forgetAll(w: World, before: number, more: { keysFrom?: number } = {}): Promise<{ entries: number; sessions: number }> {
  const sum = { entries: 0, sessions: 0 };
  let after: string | undefined;
  for (;;) {
    const done = await w.store.forgetOld({ before, keysFrom: before, limit: 50, now: w.now, ...more, ...(after !== undefined && { after }) });
    sum.entries += done.entries;
    sum.sessions += done.sessions;
    if (!done.more && done.after === undefined) return sum;
    if (!done.more) after = done.after;
  }
}

/** Sessions that end by rule, are put away, branched, searched and forgotten. */
export function transcriptCases(world: () => World): void {
  test("fault-18 a message after the boundary starts the successor in its own commit: settings and unstarted turns move, a running one is not cut", async () => {
    const w = world();
    const running = await w.begin("one");
    await w.store.patchSession({ id: running.session.id, settings: { model: "a:b" }, now: w.now });
    const queued = await w.say("two");
    w.now += 1000;
    const reset = { begunBefore: w.now };
    const said = await w.say("three", { reset });
    assert.equal(said.ended, running.session.id);
    assert.notEqual(said.session.id, running.session.id);
    assert.deepEqual(said.session.settings, { model: "a:b" });
    await w.commit(running);
    assert.deepEqual(await w.transcript(running.session.id), ["one", "yes"]);
    const second = await w.start(said.session.id);
    assert.equal(second?.turn.id, queued.turnId);
    await w.commit(second!);
    const third = await w.start(said.session.id);
    assert.equal(third?.turn.id, said.turnId);
    await w.commit(third!);
    assert.deepEqual(await w.transcript(said.session.id), ["two", "yes", "three", "yes"]);
    assert.equal((await w.say("four", { reset })).ended, undefined, "the successor was begun after the boundary");
  });

  test("an update that was seen before ends nothing, and neither does one in an empty session", async () => {
    const w = world();
    const item = w.item("one", { reset: { begunBefore: w.now + 1 } });
    const [first] = await w.accept(item);
    assert.ok(first?.kind === "accepted" && first.ended === undefined);
    const started = await w.start(first.session.id);
    await w.commit(started!);
    const [again] = await w.accept(item);
    assert.equal(again?.kind, "duplicate");
    assert.equal((await w.store.getSession({ key: w.key }))?.id, first.session.id);
  });

  test("silence is counted from what people say, and not while a turn is open", async () => {
    const w = world();
    const started = await w.begin("one");
    const silent = () => ({ reset: { silentSince: w.now - 1000 } });
    w.now += 5000;
    const during = await w.say("two", silent());
    assert.equal(during.ended, undefined, "a turn runs");
    await w.commit(started, { next: false });
    await w.commit((await w.start(started.session.id))!);
    w.now += 1000;
    assert.equal((await w.say("at the limit", { ...silent(), kind: "context" })).ended, undefined);
    w.now += 900;
    await w.store.patchSession({ id: started.session.id, settings: { label: "x" }, now: w.now });
    w.now += 101;
    const context = await w.say("later", { ...silent(), kind: "context" });
    assert.equal(context.ended, started.session.id, "a changed label is not talk");
  });

  test("an archived session is not among those that are not archived, and talk takes it out again", async () => {
    const w = world();
    const agent = `arch-${w.name}`;
    const session = { id: w.id("s"), key: `agent:${agent}:a`, agent };
    await w.store.createSession({ session, now: w.now });
    const archived = await w.store.archiveSession({ id: session.id, archived: true, now: w.now + 1 });
    assert.equal(archived?.archivedAt, w.now + 1);
    const ids = async (filter: object) => (await w.store.listSessions({ agent, limit: 10, ...filter })).map(({ id }) => id);
    assert.deepEqual(await ids({ archived: false }), []);
    assert.deepEqual(await ids({ archived: true }), [session.id]);
    assert.deepEqual(await ids({}), [session.id]);
    await w.say("/status", { kind: "record", session });
    assert.deepEqual(await ids({ archived: true }), [session.id], "a command is no talk");
    await w.say("hello again", { session });
    assert.deepEqual(await ids({ archived: false }), [session.id]);
    assert.equal((await w.store.archiveSession({ id: session.id, archived: false, now: w.now }))?.archivedAt, undefined);
    assert.equal(await w.store.archiveSession({ id: "none", archived: true, now: w.now }), undefined);
  });

  test("a branch begins as a copy with principals and labels, and ends before a tool pair that it would cut", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.step(started, "c1", "c2");
    await w.finish(started, "c1");
    await w.finish(started, "c2");
    await w.commit(started);
    const from = started.session.id;
    assert.deepEqual(await w.transcript(from), ["one", "calls", "result", "result", "yes"]);
    await w.store.patchSession({ id: from, settings: { label: "old", thinking: "low" }, now: w.now });
    const branch = async (upTo: number, settings = {}) => {
      const session = { id: w.id("s"), key: `${w.key}:${w.id("b")}`, agent: "main" };
      const made = await w.store.branchSession({ from, upTo, session, settings, now: w.now });
      assert.equal(made?.session.id, session.id);
      assert.deepEqual(await w.store.branchSession({ from, upTo, session, settings, now: w.now + 5 }), made, "run again it is the same");
      return made.session;
    };
    assert.deepEqual(await w.transcript((await branch(1)).id), ["one"]);
    for (const inside of [2, 3]) assert.deepEqual(await w.transcript((await branch(inside)).id), ["one"]);
    assert.deepEqual(await w.transcript((await branch(4)).id), ["one", "calls", "result", "result"]);
    const whole = await branch(5, { label: "new" });
    assert.deepEqual(whole.settings, { label: "new", thinking: "low" });
    assert.deepEqual([whole.lastEntry, whole.contextStart], [5, 1]);
    const plain = async (id: string) =>
      (await w.store.readEntries({ sessionId: id, limit: 10 })).map(({ content, principal, label, tokens, at }) => ({ content, principal, label, tokens, at }));
    assert.deepEqual(await plain(whole.id), await plain(from));
    const next = await w.begin("two", { session: { id: whole.id, key: whole.key, agent: "main" } });
    assert.equal(next.session.id, whole.id);
    await w.commit(next);
    assert.deepEqual(await w.transcript(whole.id), ["one", "calls", "result", "result", "yes", "two", "yes"]);
    assert.deepEqual(await w.transcript(from), ["one", "calls", "result", "result", "yes"]);
    const nobody = { from: "none", upTo: 1, session: { id: w.id("s"), key: `${w.key}:n`, agent: "main" }, now: w.now };
    assert.equal(await w.store.branchSession(nobody), undefined);
  });

  test("a branch has the summaries of what it has, and its prompts begin where they should", async () => {
    const w = world();
    for (let number = 1; number <= 4; number += 1) {
      await w.commit(await w.begin(`message ${number}`));
      w.now += DAY_MS;
    }
    const from = (await w.store.getSession({ key: w.key }))!.id;
    const fence = (await w.store.claimLease({ lease: `compact:${from}`, owner: "me", now: w.now, leaseMs: 60_000 }))!;
    const compact = async (expectedStart: number, contextStart: number) => {
      const of = {
        fromEntry: 1,
        toEntry: contextStart - 1,
        text: `up to ${contextStart - 1}`,
        rules: [],
        label: labelOf(w.principal()),
        tokens: 5,
        model: "a:b",
        at: w.now,
      };
      assert.equal(await w.store.compactContext({ fence, sessionId: from, expectedStart, contextStart, trimmedTo: 0, summary: of, now: w.now }), true);
    };
    await compact(1, 3);
    await compact(3, 7);
    const branch = async (upTo: number) => {
      const session = { id: w.id("s"), key: `${w.key}:${w.id("b")}`, agent: "main" };
      const made = (await w.store.branchSession({ from, upTo, session, now: w.now }))!.session;
      const summary = await w.store.getSummary({ sessionId: made.id, before: made.contextStart });
      return [made.lastEntry, made.contextStart, summary?.text];
    };
    assert.deepEqual(await branch(8), [8, 7, "up to 6"]);
    assert.deepEqual(await branch(5), [5, 3, "up to 2"]);
    assert.deepEqual(await branch(1), [1, 1, undefined]);
    await forgetAll(w, w.now - 2 * DAY_MS);
    assert.deepEqual(await branch(8), [4, 3, "up to 6"], "what was forgotten leaves no gap in a copy");
  });

  test("messages are found by all their words and beginnings, newest first, and only by who may see them", async () => {
    const w = world();
    const one = await w.begin(`Zürich ${w.name} and the yellow submarine`);
    await w.commit(one, { entries: [w.answer(`Nothing about ${w.name} here`)] });
    const two = await w.begin(`A yellow duck, ${w.name}`);
    await w.commit(two);
    await indexAll(w.store);
    assert.equal(await w.store.indexEntries({ limit: 10 }), 0);
    const found = async (query: string, more: object = {}) =>
      (await w.store.searchEntries({ sight: "private", query, limit: 10, ...more })).map(({ entry }) => entry.number);
    assert.deepEqual(await found(`yellow ${w.name}`), [3, 1]);
    assert.deepEqual(await found(`zurich yel ${w.name}`), [1]);
    assert.deepEqual(await found(`submarine duck ${w.name}`), []);
    assert.deepEqual(await found("!!!"), []);
    assert.deepEqual(await found(w.name, { sessionId: one.session.id, limit: 2 }), [3, 2]);
    const [first] = await w.store.searchEntries({ sight: "private", query: `yellow ${w.name}`, limit: 1 });
    assert.equal(first?.session.key, w.key);
    assert.deepEqual(await found(`yellow ${w.name}`, { before: first!.seq }), [1]);
    assert.deepEqual(await found(w.name, { agent: "other" }), []);
    const place = `CONVERSATION:fake:${w.account}:1`;
    assert.deepEqual(await found(w.name, { sight: ["PUBLIC", place] }), [3, 2, 1]);
    assert.deepEqual(await found(w.name, { sight: ["PUBLIC", "CONVERSATION:fake:else:1"] }), []);
    await w.store.deleteSession({ id: one.session.id });
    assert.deepEqual(await found(w.name), []);
  });

  test("what is old is forgotten in whole exchanges, and sessions that are over go with it", async () => {
    const w = world();
    const tool = await w.begin("old one");
    await w.step(tool, "c1");
    await w.finish(tool, "c1");
    w.now += DAY_MS;
    const boundary = w.now - 10;
    await w.commit(tool);
    const young = await w.begin("young two");
    await w.commit(young);
    await indexAll(w.store);
    const { id } = tool.session;
    const texts = async () => (await w.store.readEntries({ sessionId: id, limit: 10 })).map(({ number }) => number);
    await forgetAll(w, boundary);
    assert.deepEqual(await texts(), [1, 2, 3, 4, 5, 6], "the answer of the first exchange is young");
    w.now += 10 * DAY_MS;
    const last = await w.begin("last three");
    await w.commit(last);
    await forgetAll(w, w.now);
    assert.deepEqual(await texts(), [7, 8]);
    const kept = await w.store.getSession({ id });
    assert.deepEqual([kept?.contextStart, kept?.lastEntry], [7, 8]);
    assert.equal(await w.store.getTurn({ id: young.turn.id }), undefined);
    assert.ok(await w.store.getTurn({ id: last.turn.id }));
    assert.deepEqual(await w.store.listCalls({ turnId: tool.turn.id }), []);
    const next = await w.begin("four");
    await w.commit(next);
    assert.deepEqual(await texts(), [7, 8, 9, 10], "the numbers go on");
    await w.store.resetSession({ session: { id: w.id("s"), key: w.key, agent: "main" }, now: w.now });
    w.now += DAY_MS;
    const done = await forgetAll(w, w.now);
    assert.ok(done.sessions >= 1);
    assert.equal(await w.store.getSession({ id }), undefined);
    assert.ok(await w.store.getSession({ key: w.key }), "the current one stays");
  });

  test("keys of the inbox outlive their words, so that nothing is taken twice", async () => {
    const w = world();
    const item = w.item("secret words", { options: { digest: "d" } });
    const [accepted] = await w.accept(item);
    assert.ok(accepted?.kind === "accepted");
    await w.commit((await w.start(accepted.session.id))!);
    w.now += DAY_MS;
    await forgetAll(w, w.now, { keysFrom: w.now - 30 * DAY_MS });
    const kept = await w.store.getInboxItem({ id: item.messageId });
    assert.ok(kept && !JSON.stringify(kept).includes("secret words"));
    const [again] = await w.accept(item);
    assert.ok(again?.kind === "duplicate" && again.digest === "d");
    w.now += 30 * DAY_MS;
    await forgetAll(w, w.now);
    assert.equal(await w.store.getInboxItem({ id: item.messageId }), undefined);
  });

  test("nothing unfinished is forgotten: neither an open turn nor an undelivered message", async () => {
    const w = world();
    const waiting = await w.begin("one");
    const delivered = world();
    const started = await delivered.begin("one");
    const delivery = delivered.delivery();
    await delivered.commit(started, { deliveries: [delivery] });
    const later = w.now + 100 * DAY_MS;
    await forgetAll(w, later);
    assert.deepEqual(await w.transcript(waiting.session.id), ["one"]);
    assert.deepEqual(await delivered.transcript(started.session.id), ["one", "yes"]);
    assert.equal((await w.store.getDelivery({ id: delivery.id }))?.status, "open");
    await w.commit(waiting);
    const fence = await delivered.holder();
    await delivered.store.settlePart({ fence, deliveryId: delivery.id, part: 0, status: "failed", now: delivered.now });
    await forgetAll(w, later);
    assert.deepEqual(await w.transcript(waiting.session.id), []);
    assert.equal(await w.store.getDelivery({ id: delivery.id }), undefined);
  });

  test("a long transcript is forgotten in steps", async () => {
    const w = world();
    const started = await w.begin("one");
    await w.commit(started, { entries: Array.from({ length: 1200 }, (_, index) => (index % 2 === 0 ? w.answer("a") : w.entry("u"))) });
    const first = await w.store.forgetOld({ before: w.now + 1, keysFrom: 0, limit: 10_000, now: w.now });
    assert.equal(first.more, true);
    const left = (await w.store.readEntries({ sessionId: started.session.id, limit: 2000 })).length;
    assert.ok(left > 600 && left < 1201, String(left));
    await forgetAll(w, w.now + 1);
    assert.deepEqual(await w.store.readEntries({ sessionId: started.session.id, limit: 10 }), []);
  });

  test("media go when no entry has them any more, and not before", async () => {
    const w = world();
    const blob = async () => (await w.store.putBlob({ id: w.id("b"), bytes: new Uint8Array(10), type: "image/png", sha256: "00", now: w.now })).id;
    const [shared, own] = [await blob(), await blob()];
    const entry = w.entry("see");
    const parts = [shared, own].map((id) => ({ type: "media" as const, media: { kind: "photo" as const, blob: id } }));
    const content = { ...entry.content, message: { parts } } as typeof entry.content;
    const started = await w.begin("see", { entry: { ...entry, content } });
    await w.commit(started);
    const other = world();
    const only = { ...content, message: { parts: parts.slice(0, 1) } } as typeof content;
    await other.commit(await other.begin("see", { entry: { ...entry, content: only } }));
    const copy = { id: w.id("s"), key: `${w.key}:copy`, agent: "main" };
    await w.store.branchSession({ from: started.session.id, upTo: 1, session: copy, now: w.now });
    const there = async (id: string) => (await w.store.getBlob({ id })) !== undefined;
    const sweep = async () => {
      await indexAll(w.store);
      while ((await w.store.sweepBlobs({ limit: 100 })) > 0);
    };
    await w.store.deleteSession({ id: started.session.id });
    await sweep();
    assert.deepEqual([await there(shared), await there(own)], [true, true], "the branch has both");
    await w.store.deleteSession({ id: copy.id });
    const pending = await w.say("again", { entry: { ...entry, content } });
    await w.store.sweepBlobs({ limit: 100 });
    assert.ok(await there(own), "a message that waits has it");
    await w.commit((await w.start(pending.session.id))!);
    await sweep();
    assert.ok(await there(own));
    await w.store.deleteSession({ id: pending.session.id });
    await sweep();
    assert.deepEqual([await there(shared), await there(own)], [true, false]);
    await forgetAll(w, w.now + 1);
    await sweep();
    assert.equal(await there(shared), false);
  });

  test("what is kept is measured by day, in pages", async () => {
    const w = world();
    const measure = async () => {
      const days = new Map<number, number>();
      let after: { sessionId: string; number: number } | undefined;
      do {
        const page = await w.store.measureKept({ limit: 3, ...(after && { after }) });
        for (const { day, bytes } of page.days) days.set(day, (days.get(day) ?? 0) + bytes);
        after = page.after;
      } while (after);
      return days;
    };
    w.now += 1000 * DAY_MS;
    const day = Math.floor(w.now / DAY_MS);
    assert.equal((await measure()).get(day), undefined);
    await w.store.putBlob({ id: w.id("b"), bytes: new Uint8Array(5000), type: "image/png", sha256: "00", now: w.now });
    for (let number = 0; number < 5; number += 1) await w.commit(await w.begin(`message ${number}`));
    const bytes = (await measure()).get(day)!;
    assert.ok(bytes > 5000 + 10 * 1200 && bytes < 5000 + 10 * 5000, String(bytes));
    const again = async (text: string) => {
      const before = (await measure()).get(day)!;
      await w.commit(await w.begin(text));
      return (await measure()).get(day)! - before;
    };
    const [few, many] = [await again("\u0061".repeat(10_000)), await again("\u044f".repeat(10_000))];
    assert.equal(many - few, 8 * 10_000, "bytes are counted, not characters");
    const called = await w.begin("call it");
    await w.step(called, w.id("call"));
    const before = (await measure()).get(day)!;
    const id = (await w.store.listCalls({ turnId: called.turn.id }))[0]!.id;
    const principal = w.principal();
    const content = { role: "tool", callId: id, name: "count", text: "1".repeat(10_000), error: false } as const;
    const entry = { content, principal, label: labelOf(principal), tokens: 1, at: w.now };
    await w.store.finishCall({ fence: called.fence, callId: id, status: "finished", entry, now: w.now });
    const result = (await measure()).get(day)! - before;
    assert.ok(result > 10_000 && result < 12_000, `a result is kept once: ${result}`);
  });

  test("a store that was upgraded finds what was said before", async () => {
    const w = world();
    const started = await w.begin(`ancient ${w.name}`);
    await w.commit(started);
    const found = async () => (await w.store.searchEntries({ sight: "private", query: `ancient ${w.name}`, limit: 5, agent: "main" })).length;
    assert.equal(await found(), 0, "nothing is indexed by the turn itself");
    assert.equal(await w.store.indexEntries({ limit: 1 }), 1);
    await indexAll(w.store);
    assert.equal(await found(), 1);
  });
}

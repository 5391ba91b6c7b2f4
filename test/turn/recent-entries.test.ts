import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Entry } from "../../src/core/entry.ts";
import type { MessagePart } from "../../src/core/message.ts";
import { createRecentEntries } from "../../src/turn/recent-entries.ts";

const entry = (sessionId: string, number: number, parts: MessagePart[] = [{ type: "text", text: `number ${number}` }]): Entry => ({
  sessionId,
  number,
  at: 0,
  tokens: 10,
  principal: {} as Entry["principal"],
  label: {} as Entry["label"],
  content: { role: "user", message: { parts }, envelope: { channel: "loop", direct: true, at: 0 }, addressed: true },
});

/** A store of transcripts that says which entries were asked for. */
function openTranscripts(counts: Record<string, number>) {
  const transcripts = new Map(Object.entries(counts).map(([id, count]) => [id, Array.from({ length: count }, (_, index) => entry(id, index + 1))]));
  const reads: number[] = [];
  const readEntries = async ({ sessionId, after = 0, limit }: { sessionId: string; after?: number; limit: number }) => {
    const page = (transcripts.get(sessionId) ?? []).filter((one) => one.number > after).slice(0, limit);
    reads.push(page.length);
    return page;
  };
  return { transcripts, reads, readEntries };
}

const numbers = (entries: readonly Entry[]) => entries.map((one) => one.number);

describe("recent entries", () => {
  test("a second turn reads only what came since the first, whoever wrote it", async () => {
    const store = openTranscripts({ s: 1_200 });
    const recent = createRecentEntries(store);
    assert.equal((await recent.read({ id: "s", contextStart: 0 })).length, 1_200);
    assert.deepEqual(store.reads.splice(0), [500, 500, 200]);
    store.transcripts.get("s")!.push(entry("s", 1_201), entry("s", 1_202));
    assert.deepEqual(numbers(await recent.read({ id: "s", contextStart: 0 })).slice(-3), [1_200, 1_201, 1_202]);
    assert.deepEqual(store.reads, [2]);
  });

  test("what a turn has appended itself is not read again, but what it may not know of is", async () => {
    const store = openTranscripts({ s: 3 });
    const recent = createRecentEntries(store);
    recent.add("s", store.transcripts.get("s")!);
    assert.deepEqual(numbers(await recent.read({ id: "s", contextStart: 1, lastEntry: 3 })), [1, 2, 3]);
    assert.deepEqual(store.reads, []);
    store.transcripts.get("s")!.push(entry("s", 4), entry("s", 5));
    recent.add("s", [entry("s", 5)]);
    assert.deepEqual(numbers(await recent.read({ id: "s", contextStart: 1, lastEntry: 5 })), [1, 2, 3, 4, 5]);
    assert.deepEqual(store.reads, [2]);
  });

  test("they begin where the context begins, also when that moves back", async () => {
    const recent = createRecentEntries(openTranscripts({ s: 6 }));
    for (const contextStart of [1, 4, 6, 2, 0]) {
      const expected = [1, 2, 3, 4, 5, 6].filter((number) => number >= contextStart);
      assert.deepEqual(numbers(await recent.read({ id: "s", contextStart })), expected);
    }
  });

  test("a message whose media are still to be fetched is read again", async () => {
    const store = openTranscripts({ s: 3 });
    store.transcripts.get("s")![1] = entry("s", 2, [{ type: "media", media: { kind: "photo", ref: "photo-1" } }]);
    const recent = createRecentEntries(store);
    await recent.read({ id: "s", contextStart: 0 });
    store.transcripts.get("s")![1] = entry("s", 2, [{ type: "media", media: { kind: "photo", ref: "photo-1", blob: "b" } }]);
    const [, second] = await recent.read({ id: "s", contextStart: 0 });
    assert.equal(second!.content.role === "user" && second!.content.message.parts[0]!.type === "media" && second!.content.message.parts[0]!.media.blob, "b");
    assert.deepEqual(store.reads, [3, 2]);
  });

  test("what is held has an end: the session used longest ago is read anew", async () => {
    const store = openTranscripts({ a: 3, b: 3, c: 3 });
    const recent = createRecentEntries(store, 2 * 3 * (600 + 80));
    for (const id of ["a", "b", "a", "c", "a", "b"]) await recent.read({ id, contextStart: 0 });
    assert.deepEqual(store.reads, [3, 3, 0, 3, 0, 3]);
  });

  test("handing them out gives nobody a way to change what is kept", async () => {
    const recent = createRecentEntries(openTranscripts({ s: 2 }));
    (await recent.read({ id: "s", contextStart: 0 })).length = 0;
    assert.deepEqual(numbers(await recent.read({ id: "s", contextStart: 0 })), [1, 2]);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { sse, SseParser, SseTooLarge, type SseEvent } from "../../src/lib/sse/index.ts";
import { multipart } from "../../src/lib/multipart/index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => new SseParser().push(bytes(text)).map(({ event, data }) => [event, data]);

describe("event streams", () => {
  test("follow the rules of the WHATWG standard", () => {
    assert.deepEqual(parse("data: YHOO\ndata: +2\ndata: 10\n\n"), [["message", "YHOO\n+2\n10"]]);
    assert.deepEqual(parse(": a comment\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"), [
      ["message", "first event"],
      ["message", "second event"],
      ["message", " third event"],
    ]);
    assert.deepEqual(parse("data\n\ndata\ndata\n\ndata:"), [
      ["message", ""],
      ["message", "\n"],
    ]);
    assert.deepEqual(parse("event: add\r\ndata: 73857293\r\n\r\nevent: remove\rdata: 2153\r\revent: none\n\nunknown: x\ndata: last\n\n"), [
      ["add", "73857293"],
      ["remove", "2153"],
      ["message", "last"],
    ]);
    assert.deepEqual(parse("\uFEFFdata: mark\n\n"), [["message", "mark"]]);
  });

  test("remember the last id and ignore one with NUL", () => {
    const events = new SseParser().push(bytes("id: 7\ndata: a\n\ndata: b\n\nid: 8\0\ndata: c\n\nid\ndata: d\n\n"));
    assert.deepEqual(
      events.map((event) => event.id),
      ["7", "7", "7", ""],
    );
  });

  test("come out the same however the bytes are cut", () => {
    const text = "event: e\r\ndata: Grüße 世界 👋\r\ndata: two\r\n\r\n: c\rdata: x\r\rdata: y\n\nid: 9\ndata\n\n";
    const whole = new SseParser().push(bytes(text));
    const all = bytes(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: all.length }), { maxLength: 12 }), (cuts) => {
        const parser = new SseParser();
        const edges = [0, ...cuts.toSorted((a, b) => a - b), all.length];
        const events: SseEvent[] = [];
        for (let i = 1; i < edges.length; i += 1) events.push(...parser.push(all.subarray(edges[i - 1], edges[i])));
        assert.deepEqual(events, whole);
      }),
      { numRuns: 200 },
    );
    const parser = new SseParser();
    assert.deepEqual(
      [...all].flatMap((byte) => parser.push(Uint8Array.of(byte))),
      whole,
    );
  });

  test("are refused when an event grows too large, as one line or as many", async () => {
    async function* chunks(text: string) {
      for (let i = 0; i < 10; i += 1) yield bytes(text);
    }
    for (const text of ["data: 0123456789", "data: 0123456789\n"]) {
      await assert.rejects(async () => {
        for await (const _ of sse(chunks(text), { maxEvent: 50 })) assert.fail("no event is complete");
      }, SseTooLarge);
    }
  });

  test("hand comments over when asked, in their place and without touching the event around them", () => {
    const events = new SseParser({ comments: true }).push(bytes("data: a\n: PROCESSING\ndata: b\n\n:\n"));
    assert.deepEqual(
      events.map(({ event, data }) => [event, data]),
      [
        ["comment", "PROCESSING"],
        ["message", "a\nb"],
        ["comment", ""],
      ],
    );
  });

  test("end the source when the reader leaves", async () => {
    let ended = false;
    async function* source() {
      try {
        for (;;) yield bytes("data: x\n\n");
      } finally {
        ended = true;
      }
    }
    for await (const event of sse(source())) {
      assert.equal(event.data, "x");
      break;
    }
    assert.ok(ended);
  });
});

describe("multipart bodies", () => {
  test("are what a browser's form would read back", async () => {
    const parts = [
      { name: "chat_id", value: "42" },
      { name: "caption", value: "Grüße\r\n--b\r\n" },
      { name: "photo", filename: 'a"b\r\nc.png', type: "image/png", bytes: Uint8Array.of(0, 13, 10, 255) },
    ];
    const { body, contentType } = multipart(parts, "xYzBoundary123");
    const form = await new Response(body as Uint8Array<ArrayBuffer>, { headers: { "content-type": contentType } }).formData();
    assert.equal(form.get("chat_id"), "42");
    assert.equal(form.get("caption"), "Grüße\r\n--b\r\n");
    const file = form.get("photo") as File;
    assert.equal(file.type, "image/png");
    assert.deepEqual(new Uint8Array(await file.arrayBuffer()), Uint8Array.of(0, 13, 10, 255));
    assert.throws(() => multipart([], "bad\r\nboundary"), RangeError);
  });
});

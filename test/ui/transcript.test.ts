import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { Transcript, type Line } from "../../ui/src/chat/transcript.ts";

const user = (number: number, text: string, messageId: string) => ({ number, role: "user" as const, text, at: number, message_id: messageId, channel: "web" });
const answer = (number: number, text: string, turnId: string) => ({ number, role: "assistant" as const, text, at: number, turn_id: turnId, stop: "end" });
const shown = (transcript: Transcript) => transcript.lines().map((line: Line) => `${line.kind}: ${line.text}`);

describe("the transcript of the page", () => {
  test("a sent message is shown once, whether its event, its answer or its entry comes first", () => {
    const accepted = (transcript: Transcript) => transcript.accepted({ message_id: "m1", text: "Hi", channel: "web", at: 1 });
    const sent = (transcript: Transcript) => transcript.sent("k1", "m1");
    const stored = (transcript: Transcript) => transcript.store([user(1, "Hi", "m1")]);
    for (const order of [
      [accepted, sent, stored],
      [sent, accepted, stored],
      [accepted, stored, sent],
      [stored, sent, accepted],
      [sent, stored, accepted],
    ]) {
      const transcript = new Transcript();
      transcript.send("k1", "Hi", [], 1);
      for (const step of order) step(transcript);
      assert.deepEqual(shown(transcript), ["user: Hi"]);
    }
  });

  test("two messages of the same text stay two", () => {
    const transcript = new Transcript();
    transcript.send("k1", "Hi", [], 1);
    transcript.send("k2", "Hi", [], 2);
    transcript.accepted({ message_id: "m1", text: "Hi", channel: "web", at: 1 });
    transcript.sent("k1", "m1");
    transcript.accepted({ message_id: "m2", text: "Hi", channel: "web", at: 2 });
    transcript.sent("k2", "m2");
    assert.deepEqual(shown(transcript), ["user: Hi", "user: Hi"]);
  });

  test("the steps of one turn are one answer with its tools", () => {
    const transcript = new Transcript();
    transcript.store([
      user(1, "Weather?", "m1"),
      { ...answer(2, "Let me look.", "t1"), calls: [{ call_id: "c1", name: "web_fetch", args: {} }], stop: "calls" },
      { number: 3, role: "tool", text: "no", at: 3, turn_id: "t1", call_id: "c1", name: "web_fetch", error: true },
      answer(4, "I could not.", "t1"),
    ]);
    const [, line] = transcript.lines();
    assert.ok(line?.kind === "assistant");
    assert.equal(line.text, "Let me look.\n\nI could not.");
    assert.deepEqual(line.tools, [{ id: "c1", name: "web_fetch", state: "failed" }]);
  });

  test("a turn whose question to the owner is open waits for the answer, and goes on with it", () => {
    const transcript = new Transcript();
    transcript.started("t1", 1);
    transcript.asked("t1", 2);
    const state = () => transcript.lines().map((line) => line.kind === "assistant" && [line.state, line.waitsFor]);
    assert.deepEqual(state(), [["waiting", "owner"]]);
    transcript.started("t1", 3);
    assert.equal((state()[0] as string[])[0], "running");
  });

  test("committed steps of a running turn are not shown beside its live text", () => {
    const transcript = new Transcript();
    transcript.store([user(1, "Weather?", "m1"), answer(2, "Let me look.", "t1")]);
    transcript.snapshot([{ turn_id: "t1", session: "s", text: "Let me look. It is", tools: [] }], 3);
    assert.deepEqual(shown(transcript), ["user: Weather?", "assistant: Let me look. It is"]);
  });

  test("an ended turn stays as it was until its entries are there", () => {
    const transcript = new Transcript();
    transcript.delta("t1", 0, "Sunny.", 1);
    transcript.ended("t1", { outcome: "done", text: "Sunny." }, 2);
    assert.deepEqual(shown(transcript), ["assistant: Sunny."]);
    assert.equal(transcript.runningTurn, undefined);
    transcript.store([{ ...user(1, "Weather?", "m1"), turn_id: "t1" }]);
    assert.deepEqual(shown(transcript), ["user: Weather?", "assistant: Sunny."]);
    transcript.store([answer(2, "Sunny.", "t1")]);
    assert.deepEqual(shown(transcript), ["user: Weather?", "assistant: Sunny."]);
  });

  test("the reason of a failed turn stays after its entries have come", () => {
    const transcript = new Transcript();
    transcript.started("t1", 1);
    transcript.ended("t1", { outcome: "failed", text: "Half", error: { message: "The provider hung up." } }, 2);
    transcript.store([{ ...answer(1, "Half", "t1"), stop: "failed" }]);
    const [line] = transcript.lines();
    assert.ok(line?.kind === "assistant" && line.state === "failed" && line.problem?.message === "The provider hung up.");
  });

  test("deltas in pieces of any size, with repetitions from any offset, give the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), fc.array(fc.tuple(fc.nat(60), fc.nat(8)), { maxLength: 30 }), (text, pieces) => {
        const transcript = new Transcript();
        let known = 0;
        for (const [back, length] of pieces) {
          const from = Math.max(0, known - (back % 5));
          const to = Math.min(text.length, Math.max(known, from + length));
          transcript.delta("t", from, text.slice(from, to), 1);
          known = to;
        }
        transcript.delta("t", known, text.slice(known), 1);
        assert.equal(transcript.lines()[0]?.text, text);
      }),
    );
  });
});

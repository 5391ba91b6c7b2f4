import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ModelError } from "../../../src/core/errors.ts";
import { textMessage } from "../../../src/core/message.ts";
import type { ModelEntry, ModelEvent, ModelRequest } from "../../../src/core/model.ts";
import { createOffline } from "../../../src/models/offline/index.ts";
import { createCalculateTool } from "../../../src/tools/calculate/index.ts";
import { createTimeTool } from "../../../src/tools/time/index.ts";
import { createManualClock } from "../../fakes/manual-clock.ts";
import { createSeededRandom } from "../../fakes/seeded-random.ts";

const TOOLS = [createTimeTool().spec, createCalculateTool().spec];
const user = (text: string): ModelEntry => ({
  content: {
    role: "user",
    message: textMessage(`[Fri 2026-01-02 10:00 UTC, web, from Ada]\n${text}`),
    envelope: { channel: "web", direct: true, at: 0 },
    addressed: true,
  },
});
const assistant = (text: string): ModelEntry => ({ content: { role: "assistant", parts: [{ type: "text", text }], model: "offline:demo", stop: "end" } });
const requestOf = (entries: ModelEntry[], more: Partial<ModelRequest> = {}): ModelRequest => ({
  system: "",
  entries,
  tools: TOOLS,
  maxTokens: 4_096,
  thinking: "off",
  ...more,
});

async function ask(request: ModelRequest): Promise<{ text: string; end: Extract<ModelEvent, { type: "end" }>; pieces: number }> {
  const provider = createOffline({ clock: createManualClock(), random: createSeededRandom(1), wordDelayMs: 0 });
  let [text, pieces] = ["", 0];
  for await (const event of provider.model("demo").stream(request, new AbortController().signal)) {
    if (event.type === "text") {
      text += event.text;
      pieces += 1;
    }
    if (event.type === "end") return { text, end: event, pieces };
  }
  throw new Error("no end");
}

describe("models/offline", () => {
  it("greets, says plainly that it is no AI, and streams word by word", async () => {
    const { text, end, pieces } = await ask(requestOf([user("hi")]));
    assert.match(text, /^Hello.*built-in demo.*not an AI/su);
    assert.deepEqual(end.parts, [{ type: "text", text }]);
    assert.equal(end.stop, "end");
    assert.ok(pieces > 10 && end.usage.input > 0 && end.usage.output > 0);
  });

  it("tells how to set a real model when asked for help", async () => {
    for (const words of ["help", "/help", "how do I set up a real model?", "What are you?"])
      assert.match((await ask(requestOf([user(words)]))).text, /clanker setup/u, words);
  });

  it("remembers the person's name from the context", async () => {
    const entries = [user("hello, my name is ada"), assistant("Nice to meet you"), user("what is my name?")];
    assert.match((await ask(requestOf(entries))).text, /Ada/u);
    assert.match((await ask(requestOf([user("what is my name?")]))).text, /not told me/u);
  });

  it("calls the tools that the words ask for, and only those that are offered", async () => {
    const { end, text } = await ask(requestOf([user("what time is it in Tokyo, and what is 12*7?")]));
    assert.equal(text, "");
    assert.equal(end.stop, "calls");
    assert.deepEqual(
      end.parts.map((part) => (part.type === "call" ? [part.name, part.args] : part)),
      [
        ["time", { time_zone: "Asia/Tokyo" }],
        ["calculate", { expression: "12*7" }],
      ],
    );
    const ids = end.parts.map((part) => (part.type === "call" ? part.id : ""));
    assert.equal(new Set(ids).size, 2);
    for (const more of [{ tools: [] }, { toolChoice: "none" } as const]) {
      const without = await ask(requestOf([user("what is 12*7")], more));
      assert.equal(without.end.stop, "end");
      assert.match(without.text, /calculate/u);
    }
  });

  it("finds sums in everyday words, and none where there are none", async () => {
    const cases: Record<string, unknown> = {
      "what is 20% of 80?": "20% * 80",
      "3 times 4 please": "3 * 4",
      "sqrt(16) + 1": "sqrt(16) + 1",
      "what's (2+3)/4?": "(2+3)/4",
    };
    for (const [words, expression] of Object.entries(cases)) {
      const [call] = (await ask(requestOf([user(words)]))).end.parts;
      assert.deepEqual(call?.type === "call" ? call.args : call, { expression }, words);
    }
    for (const words of ["see you on 2026-01-02", "call 030 123 456", "version 1.2.3 is out", "I have 3 cats"])
      assert.equal((await ask(requestOf([user(words)]))).end.stop, "end", words);
  });

  it("phrases the results of its calls and does not call again", async () => {
    const call: ModelEntry = {
      content: { role: "assistant", parts: [{ type: "call", id: "1", name: "calculate", args: { expression: "12*7" } }], model: "offline:demo", stop: "calls" },
    };
    const result = (text: string, error: boolean): ModelEntry => ({ content: { role: "tool", callId: "1", name: "calculate", text, error } });
    assert.match((await ask(requestOf([user("what is 12*7"), call, result("12*7 = 84", false)]))).text, /84/u);
    assert.match((await ask(requestOf([user("what is 12*7"), call, result("division by zero", true)]))).text, /error: division by zero/u);
  });

  it("shows code in a fence and a long answer of the wished length on demand", async () => {
    assert.match((await ask(requestOf([user("show me some python code")]))).text, /```python\n[\s\S]+\n```/u);
    const words = (await ask(requestOf([user("write 1000 words please")], { maxTokens: 100_000 }))).text.split(/\s+/u).length;
    assert.ok(words >= 1_000 && words < 1_100, String(words));
  });

  it("stops at the limit of tokens and says so", async () => {
    const { text, end } = await ask(requestOf([user("a long answer")], { maxTokens: 20 }));
    assert.equal(end.stop, "length");
    assert.ok(text.length > 0 && text.length <= 80);
  });

  it("repeats back what it does not understand, and gives the same words each time", async () => {
    const request = requestOf([user("the moon is low tonight")]);
    const first = await ask(request);
    assert.match(first.text, /the moon is low tonight/u);
    assert.doesNotMatch(first.text, /2026-01-02/u);
    assert.equal((await ask(request)).text, first.text);
  });

  it("waits for the clock between words, and ends with a typed error when it is aborted", async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const stream = createOffline({ clock, wordDelayMs: 10 })
      .model("demo")
      .stream(requestOf([user("hi")]), controller.signal);
    const events = stream[Symbol.asyncIterator]();
    const first = events.next();
    await clock.advance(10);
    assert.equal((await first).value.type, "text");
    const second = events.next();
    controller.abort();
    await assert.rejects(second, (error: unknown) => error instanceof ModelError && error.code === "model_aborted");
    assert.equal(clock.pending(), 0);
  });

  it("lists its one model and refuses others by name", async () => {
    const provider = createOffline({ clock: createManualClock() });
    assert.deepEqual(
      (await provider.models()).map((model) => model.id),
      ["offline:demo"],
    );
    const stream = provider.model("gpt").stream(requestOf([user("hi")]), new AbortController().signal);
    const events = stream[Symbol.asyncIterator]();
    await assert.rejects(events.next(), (error: unknown) => error instanceof ModelError && error.failure === "invalid");
  });
});

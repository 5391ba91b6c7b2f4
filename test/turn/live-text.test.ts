import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { createCooldowns } from "../../src/agent/model-chain.ts";
import type { Label } from "../../src/core/label.ts";
import { silentLog } from "../../src/core/log.ts";
import { textMessage } from "../../src/core/message.ts";
import { callTools, createScripted, reply } from "../../src/models/scripted/index.ts";
import { silentMetrics } from "../../src/core/metrics.ts";
import type { Tool } from "../../src/core/tool.ts";
import { createGate } from "../../src/security/gate.ts";
import { runStateless } from "../../src/turn/run-stateless.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { createMemoryStore } from "../../src/store/memory/index.ts";
import { createLiveText } from "../../src/turn/live-text.ts";
import { createTurnLabel } from "../../src/turn/turn-label.ts";
import { createLoopChannel } from "../fakes/loop-channel.ts";
import { openHouse } from "../fakes/house.ts";
import { createManualClock } from "../fakes/manual-clock.ts";

const TAINTED: Label = { integrity: "EXTERNAL", confidentiality: "PRIVATE" };

/** Brings a page of strangers in. */
const LOOK: Tool = {
  spec: { name: "look", description: "a page", parameters: { type: "object", properties: {}, additionalProperties: false } },
  effects: [],
  idempotent: true,
  parallel: true,
  timeoutMs: 1_000,
  run: async () => ({ text: "a page", error: false, label: { integrity: "EXTERNAL", confidentiality: "PUBLIC" } }),
};

describe("what is shown of a step while it is written", () => {
  const label = createTurnLabel({ integrity: "OWNER", confidentiality: "PRIVATE" });
  label.read({
    content: { role: "user", message: textMessage("see https://docs.example/ok"), envelope: { channel: "web", direct: true, at: 0 }, addressed: true },
    label: label.current(),
  });
  label.add(TAINTED);

  test("sec-88 a link is held back until it is known whole, and is then shown as the answer will say it", () => {
    const live = createLiveText(label);
    const shown = ["Read ", "htt", "ps://ev", "il.example/?d=", "s3cret", " and ", "https://docs.example/o", "k, ", "then rest"].map((text) => live.add(text));
    assert.deepEqual(shown, ["Read ", "", "", "", "", "hxxps://evil[.]example/?d=s3cret and ", "", "https://docs.example/ok, ", "then "]);
    assert.equal(live.end(), "rest");
    assert.equal(live.end(), "");
  });

  test("sec-88 whatever is written in whatever pieces, what was shown together is what the answer says, and nothing before it says more", () => {
    const words = [
      "https",
      ":",
      "//",
      "/",
      "\\",
      "&#58;",
      "evil",
      ".",
      "com",
      "docs.example",
      "?d=",
      "(",
      ")",
      "[",
      "<",
      " ",
      "\n",
      "mailto:",
      "`",
      "*",
      "@",
      "www.",
      "\u3002",
      "\u00a0",
      "|",
      "'",
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 30 }), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (pieces, lengths) => {
        const whole = pieces.join("");
        const live = createLiveText(label);
        let shown = "";
        for (let at = 0; at < whole.length;) {
          const length = lengths.next().value as number;
          shown += live.add(whole.slice(at, at + length));
          at += length;
          assert.ok(label.outgoing(whole).startsWith(shown), `${whole} -> ${shown}`);
        }
        assert.equal(shown + live.end(), label.outgoing(whole));
      }),
      { numRuns: 3_000 },
    );
  });

  test("where links are not looked at nothing is held back, and a step that begins anew forgets what was", () => {
    const plain = createLiveText(createTurnLabel({ integrity: "OWNER", confidentiality: "PRIVATE" }));
    assert.deepEqual([plain.add("https://a.exam"), plain.add("ple"), plain.end()], ["https://a.exam", "ple", ""]);
    const live = createLiveText(label);
    live.add("https://evil.exam");
    live.restart();
    assert.equal(live.add("fine ") + live.end(), "fine ");
  });

  test("sec-88 a link that is written in parts of a step is none in what is kept of it", () => {
    const parts = [
      { type: "text" as const, text: "look: https" },
      { type: "thinking" as const, text: "hm" },
      { type: "text" as const, text: "://evil.example/?d=1" },
    ];
    assert.deepEqual(label.said(parts), [
      { type: "text", text: "look: hxxps://evil[.]example/?d=1" },
      { type: "thinking", text: "hm" },
    ]);
  });
});

test("sec-88 no link of a tainted private turn is in the live stream, in a preview or in the end of the turn, however slowly it is written", async () => {
  const clock = createManualClock();
  const store = createMemoryStore({});
  const pieces = [
    "I have looked. Details are at ",
    "https://ev",
    "il.exam",
    "ple/?d=s3",
    "cret",
    " today, and https://docs.exa",
    "mple/ok",
    " too. ",
    "Bye https://evil.exam",
    "ple",
  ];
  const provider = createScripted(
    (_request, index) =>
      index === 0
        ? callTools([{ id: "c1", name: "look" }], { text: "First https://free.example/x is fine." })
        : [
            ...pieces.flatMap((text) => [
              { type: "text" as const, text },
              { type: "delay" as const, ms: 1_000 },
            ]),
            { type: "end", parts: [{ type: "text", text: pieces.join("") }], stop: "end", usage: { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 } },
          ],
    { clock },
  );
  const channel = createLoopChannel("loop", { maxText: 1_000 });
  const house = await openHouse({ store, provider, clock, channel, tools: [LOOK] });
  try {
    await house.say("look, https://docs.example/ok says so");
    for (let second = 0; second < 20; second++) await clock.advance(1_000);
    const versions = channel.shown.flatMap((message) => message.versions);
    assert.ok(versions.length > 3, "it was shown growing");
    for (const text of versions) assert.ok(!/evil\.exam|https:\/\/ev/.test(text), `preview: ${text}`);
    const deltas = house.events.filter((event) => event.event === "turn.delta");
    const ended = house.events.find((event) => event.event === "turn.ended")!;
    assert.ok(deltas.length > 5, "it was streamed");
    let text = "";
    for (const { payload } of deltas) {
      assert.equal(payload.offset, text.length, "offsets go on where the text ends");
      text += payload.text;
      assert.ok(!/evil\.|https:\/\/ev/.test(text), text);
    }
    const wanted =
      "First https://free.example/x is fine.\n\nI have looked. Details are at hxxps://evil[.]example/?d=s3cret today, and https://docs.example/ok too. Bye hxxps://evil[.]example";
    assert.equal(text, wanted);
    assert.equal(ended.payload.text, wanted);
    assert.match(
      house.texts().at(-1)!,
      /hxxps:\/\/evil\[\.\]example\/\?d=s3cret today, and https:\/\/docs\.example\/ok too\. Bye hxxps:\/\/evil\[\.\]example$/,
    );
  } finally {
    await house.stop();
    await store.close();
  }
});

test("sec-88 an answer without a session keeps and streams only the links that its caller wrote, once a page has come in", async () => {
  const clock = createManualClock();
  const text = "See https://docs.example/ok and https://evil.example/?d=s3cret";
  const provider = createScripted((_request, index) =>
    index === 0 ? callTools([{ id: "c1", name: "look" }]) : [...text].map((one) => ({ type: "text", text: one }) as const).concat(reply(text).at(-1) as never),
  );
  const content = {
    role: "user" as const,
    message: textMessage("look, https://docs.example/ok says so"),
    envelope: { channel: "web", direct: true, at: 0 },
    addressed: true,
  };
  let streamed = "";
  const answer = await runStateless(
    { agent: "main", entries: [{ content }] },
    {
      clock,
      random: createSeededRandom(1),
      log: silentLog,
      metrics: silentMetrics,
      store: { appendAudit: async () => ({ seq: 1 }), spend: async () => {} },
      spending: { refusal: async () => undefined },
      gate: createGate(),
      tools: [LOOK],
      cooldowns: createCooldowns(clock, createSeededRandom(2)),
      agent: (name) => ({
        name,
        models: ["scripted:test"],
        systemPrompt: "",
        maxTokens: 100,
        maxSteps: 5,
        maxTurnTokens: 0,
        approvalMs: 1_000,
        timeoutMs: 60_000,
        outageMs: 1_000,
        thinking: "off",
        tools: { allow: ["*"], deny: [], ask: [] },
        maxContextTokens: 0,
      }),
      model: () => provider.model("test"),
      timeZone: "UTC",
    },
    { onEvent: (event) => void (streamed += event.type === "text" ? event.text : ""), signal: new AbortController().signal },
  );
  const wanted = "See https://docs.example/ok and hxxps://evil[.]example/?d=s3cret";
  assert.equal(streamed, wanted);
  assert.deepEqual(answer.parts, [{ type: "text", text: wanted }]);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import type { ModelRequest, Provider } from "../../src/core/model.ts";
import { Secret } from "../../src/core/secret.ts";
import type { WireOptions } from "../../src/lib/model-wire/index.ts";
import { createAnthropic } from "../../src/models/anthropic/index.ts";
import { providerPresets } from "../../src/models/catalogue.ts";
import { createOpenAiChat } from "../../src/models/openai-chat/index.ts";
import { createOpenAiResponses } from "../../src/models/openai-responses/index.ts";
import { createHttp } from "../../src/security/host/egress/index.ts";
import { assistantEntry, callsOf, drain, modelRequest, resultEntry, userEntry, visible } from "../contract/model-suite.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { anthropicKey, fakeAnthropic } from "../fakes/model-servers/anthropic.ts";
import { fakeOpenAiChat, openAiKey } from "../fakes/model-servers/openai-chat.ts";
import { fakeOpenAiResponses } from "../fakes/model-servers/openai-responses.ts";
import { sseText, type Json, type ModelServer } from "../fakes/model-servers/serve.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { anthropicStreams } from "../fixtures/models/anthropic.ts";
import { openAiChatStreams } from "../fixtures/models/openai-chat.ts";
import { openAiResponsesStreams } from "../fixtures/models/openai-responses.ts";

interface Wire {
  readonly create: (options: WireOptions) => Provider;
  readonly serve: () => Promise<ModelServer>;
  readonly key: string;
  readonly text: string;
}

const anthropic: Wire = { create: createAnthropic, serve: fakeAnthropic, key: anthropicKey, text: anthropicStreams.text };
const chat: Wire = { create: createOpenAiChat, serve: fakeOpenAiChat, key: openAiKey, text: openAiChatStreams.text };
const responses: Wire = { create: createOpenAiResponses, serve: fakeOpenAiResponses, key: openAiKey, text: openAiResponsesStreams.text };

/** What is sent for a request, and what becomes of the answer. */
async function exchange(wire: Wire, model: string, request: ModelRequest, change: Partial<WireOptions> & { stream?: string } = {}) {
  const server = await wire.serve();
  const http = createHttp({ log: silentLog });
  try {
    const { stream = wire.text, ...options } = change;
    server.replyWith({ kind: "stream", text: stream });
    const ports = { http, clock: createManualClock(), random: createSeededRandom(3) };
    const provider = wire.create({ name: "p", baseUrl: `${server.origin}/v1`, apiKey: new Secret("k", wire.key), ...ports, ...options });
    const { events, end } = await drain(provider.model(model), request);
    assert.deepEqual(server.violations, []);
    return { body: server.requests.at(-1)!.body, headers: server.requests.at(-1)!.headers, events, end };
  } finally {
    http.close();
    await server.close();
  }
}

describe("requests of the anthropic wire", () => {
  test("sets cache breakpoints behind tools, system prompt and the last user content", async () => {
    const { body } = await exchange(
      anthropic,
      "claude-sonnet-4-5",
      modelRequest([userEntry("a"), assistantEntry([{ type: "text", text: "b" }], "p:x"), userEntry("c")]),
    );
    const cached = { type: "ephemeral" };
    assert.deepEqual(
      (body["tools"] as Json[]).map((tool) => tool["cache_control"]),
      [undefined, cached],
    );
    assert.deepEqual((body["system"] as Json[])[0]!["cache_control"], cached);
    const messages = body["messages"] as { content: Json[] }[];
    assert.deepEqual(
      messages.map((message) => message.content.at(-1)!["cache_control"]),
      [undefined, undefined, cached],
    );
  });

  test("asks for thinking by budget, adaptively or not at all, as the model has it", async () => {
    const compat = providerPresets["anthropic"]!.compat;
    const request = modelRequest([userEntry("x")], { thinking: "high", temperature: 0.3 });
    const old = await exchange(anthropic, "claude-sonnet-4-5-20250929", request, { compat });
    assert.deepEqual([old.body["thinking"], old.body["max_tokens"], old.body["temperature"]], [{ type: "enabled", budget_tokens: 16_384 }, 17_384, undefined]);
    const adaptive = await exchange(anthropic, "claude-opus-4-8", request, { compat });
    assert.deepEqual([adaptive.body["thinking"], adaptive.body["output_config"]], [{ type: "adaptive", display: "summarized" }, { effort: "high" }]);
    const none = await exchange(anthropic, "claude-3-5-haiku-latest", request, { compat });
    assert.deepEqual([none.body["thinking"], none.body["max_tokens"], none.body["temperature"]], [undefined, 1_000, 0.3]);
    const unsampled = await exchange(anthropic, "claude-opus-4-8", { ...request, thinking: "off" }, { compat });
    assert.equal(unsampled.body["temperature"], undefined);
  });

  test("reads redacted thinking and usage that arrives only with the last delta", async () => {
    const stream = sseText(
      [
        { type: "message_start", message: { usage: { input_tokens: 5, output_tokens: 1 } } },
        { type: "content_block_start", index: 0, content_block: { type: "redacted_thinking", data: "Em9wYXF1ZQ==" } },
        { type: "content_block_stop", index: 0 },
        { type: "content_block_start", index: 1, content_block: { type: "text", text: "hi" } },
        { type: "content_block_stop", index: 1 },
        { type: "some_new_event" },
        {
          type: "message_delta",
          delta: { stop_reason: "model_context_window_exceeded" },
          usage: { input_tokens: 7, output_tokens: 3, cache_read_input_tokens: 2 },
        },
        { type: "message_stop" },
      ],
      true,
    );
    const { end } = await exchange(anthropic, "claude-sonnet-4-5", modelRequest([userEntry("x")]), { stream });
    assert.deepEqual(end, {
      type: "end",
      parts: [
        { type: "opaque", provider: "p", data: { model: "claude-sonnet-4-5", block: { type: "redacted_thinking", data: "Em9wYXF1ZQ==" } } },
        { type: "text", text: "hi" },
      ],
      stop: "length",
      usage: { input: 7, output: 3, cacheRead: 2, cacheWrite: 0 },
    });
  });
});

describe("requests of the openai wires", () => {
  test("chat names fields as the vendor's compat data says", async () => {
    const request = modelRequest([userEntry("x")], { thinking: "high", temperature: 1, stop: ["a", "b"] });
    const openai = await exchange(chat, "gpt-5.1", request, { compat: providerPresets["openai"]!.compat });
    assert.equal(openai.body["max_completion_tokens"], 17_384);
    assert.equal(openai.body["reasoning_effort"], "high");
    assert.equal(openai.body["prompt_cache_key"], "session-1");
    assert.equal((openai.body["messages"] as Json[])[0]!["role"], "developer");
    assert.deepEqual([openai.body["temperature"], openai.body["stop"]], [undefined, undefined]);
    const router = await exchange(chat, "vendor/seer", request, { compat: { ...providerPresets["openrouter"]!.compat, headers: { "x-title": "t" } } });
    assert.deepEqual(router.body["reasoning"], { effort: "high" });
    assert.deepEqual(router.body["stop"], ["a", "b"]);
    assert.equal(router.headers["x-title"], "t");
    const plain = await exchange(chat, "llama", request, {
      compat: { streamUsage: false, tools: false, maxTokensField: "max_tokens", models: [{ match: "", thinking: "none" }] },
    });
    assert.deepEqual(Object.keys(plain.body).toSorted(), ["max_tokens", "messages", "model", "stop", "stream", "temperature"]);
  });

  test("responses is stateless and asks for its reasoning encrypted", async () => {
    const { body } = await exchange(responses, "gpt-5", modelRequest([userEntry("x")]), { compat: providerPresets["openai"]!.compat });
    assert.deepEqual([body["store"], body["include"], body["reasoning"]], [false, ["reasoning.encrypted_content"], { effort: "minimal" }]);
    assert.equal(body["prompt_cache_key"], "session-1");
    const plain = await exchange(responses, "gpt-4o", modelRequest([userEntry("x")], { thinking: "high" }), { compat: providerPresets["openai"]!.compat });
    assert.deepEqual([plain.body["include"], plain.body["reasoning"]], [undefined, undefined]);
  });

  test("stop sequences that a wire does not have are applied here, even across deltas", async () => {
    for (const [wire, model] of [
      [responses, "gpt-5.1"],
      [chat, "o3"],
    ] as const) {
      const request = modelRequest([userEntry("x")], { stop: ["界!", "never"] });
      const { end, events } = await exchange(wire, model, request, { compat: providerPresets["openai"]!.compat });
      assert.deepEqual(visible(end.parts), [{ type: "text", text: "Grüße, 世" }]);
      assert.equal(end.stop, "end");
      assert.equal(events.flatMap((event) => (event.type === "text" ? [event.text] : [])).join(""), "Grüße, 世");
    }
  });

  test("chat understands calls without index, repeated names and arguments sent as an object", async () => {
    const delta = (value: Json, finish_reason: string | null = null) => ({ choices: [{ delta: value, finish_reason }] });
    const stream = sseText(
      [
        delta({ tool_calls: [{ id: "a", function: { name: "get_weather", arguments: '{"city":' } }] }),
        delta({ tool_calls: [{ id: "a", function: { name: "get_weather", arguments: '"Bern"}' } }] }),
        delta({ tool_calls: [{ index: 0, id: "b", function: { name: "get_weather", arguments: { city: "Basel" } } }] }),
        delta({ tool_calls: [{ index: 1, id: "c", function: { name: "get_" } }] }),
        delta({ tool_calls: [{ index: 1, function: { name: "time", arguments: "[1]" } }] }),
        delta({ content: [{ type: "text", text: "as parts" }] }, "stop"),
      ],
      false,
    );
    const { end } = await exchange(chat, "m", modelRequest([userEntry("x")]), { stream });
    assert.deepEqual(visible(end.parts), [
      { type: "text", text: "as parts" },
      { type: "call", name: "get_weather", args: { city: "Bern" } },
      { type: "call", name: "get_weather", args: { city: "Basel" } },
      { type: "call", name: "get_time", args: {}, invalid: true },
    ]);
    assert.equal(end.stop, "calls");
  });

  test("openrouter's reasoning details are merged and handed back", async () => {
    const piece = (text: string, more: Json = {}) => ({
      choices: [{ delta: { reasoning: text, reasoning_details: [{ type: "reasoning.text", index: 0, text, ...more }] } }],
    });
    const call = {
      choices: [{ delta: { tool_calls: [{ index: 0, id: "a", function: { name: "get_time", arguments: "{}" } }] }, finish_reason: "tool_calls" }],
    };
    const compat = providerPresets["openrouter"]!.compat;
    const question = userEntry("x");
    const stream = sseText([piece("Let "), piece("me see", { signature: "sig" }), call, "[DONE]"], false);
    const { end } = await exchange(chat, "m", modelRequest([question]), { stream, compat });
    const entries = [question, assistantEntry(end.parts, "p:m"), ...callsOf(end.parts).map((made) => resultEntry(made))];
    const { body } = await exchange(chat, "m", modelRequest(entries), { compat });
    const assistant = (body["messages"] as Json[]).find((message) => message["role"] === "assistant")!;
    assert.deepEqual(assistant["reasoning_details"], [{ type: "reasoning.text", index: 0, text: "Let me see", signature: "sig" }]);
  });
});

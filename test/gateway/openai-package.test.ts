import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { APIError, AuthenticationError, BadRequestError, InternalServerError, NotFoundError, OpenAI, RateLimitError } from "openai";
import { ModelError, RequestError } from "../../src/core/errors.ts";
import type { StatelessInput, StatelessResult } from "../../src/gateway/index.ts";
import { openTestGateway, TOKEN, type TestGateway } from "./open-test-gateway.ts";

const usage = { input: 10, output: 5, cacheRead: 3, cacheWrite: 2 };
const weather = { name: "weather", description: "of a town", parameters: { type: "object", properties: { town: { type: "string" } } } };

/** What the fake of the hall's stateless run does next, and what it was asked. */
const asked: StatelessInput[] = [];
let aborted = Promise.withResolvers<void>();

async function stateless(
  input: StatelessInput,
  onEvent: (event: { type: "text" | "thinking"; text: string }) => void,
  signal: AbortSignal,
): Promise<StatelessResult> {
  asked.push(input);
  const last = input.entries.at(-1)!.content;
  const text =
    last.role === "user"
      ? last.message.parts.map((part) => (part.type === "text" ? part.text : part.type)).join(" ")
      : last.role === "tool"
        ? `result ${last.text}`
        : "";
  if (text === "fail") throw new ModelError("model_overloaded", "the model is away", "away");
  if (text === "limited") throw new ModelError("model_rate_limited", "too much", "away");
  if (text === "break") {
    onEvent({ type: "text", text: "half" });
    throw new ModelError("model_overloaded", "the model is away", "away");
  }
  if (text === "hang") {
    onEvent({ type: "text", text: "waiting" });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    aborted.resolve();
    throw new RequestError("cancelled", "cancelled");
  }
  if (input.tools?.some(({ name }) => name === "clash")) throw new RequestError("tool_name_clash", "tools: there is a tool named clash");
  if (text.startsWith("call") && input.tools !== undefined) {
    onEvent({ type: "text", text: "let me see" });
    const call = { type: "call", id: "c1", name: input.tools[0]!.name, args: { town: "Bonn" } } as const;
    return { parts: [{ type: "text", text: "let me see" }, call], stop: "calls", usage, model: "scripted:test" };
  }
  onEvent({ type: "thinking", text: "hm" });
  for (const word of ["hello ", "world"]) onEvent({ type: "text", text: word });
  return { parts: [{ type: "text", text: "hello world" }], stop: text === "long" ? "length" : "end", usage, model: "scripted:test" };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("the official openai package", () => {
  let gateway: TestGateway;
  let openai: OpenAI;
  before(async () => {
    gateway = await openTestGateway({ deps: { stateless } });
    openai = new OpenAI({ apiKey: TOKEN, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  });
  after(() => gateway.stop());
  const lastAsked = () => asked.at(-1)!;
  const user = (content: string) => [{ role: "user", content } as const];

  test("gets a plain completion", async () => {
    const completion = await openai.chat.completions.create({
      model: "clanker",
      messages: [{ role: "system", content: "be kind" }, { role: "developer", content: "be brief" }, ...user("hi")],
      temperature: 0.5,
      max_completion_tokens: 100,
      stop: "END",
      reasoning_effort: "low",
    });
    assert.equal(completion.object, "chat.completion");
    assert.match(completion.id, /^chatcmpl-/);
    assert.equal(completion.model, "clanker");
    assert.deepEqual(completion.choices[0]!.message.content, "hello world");
    assert.equal(completion.choices[0]!.finish_reason, "stop");
    assert.deepEqual(completion.usage, { prompt_tokens: 15, completion_tokens: 5, total_tokens: 20, prompt_tokens_details: { cached_tokens: 3 } });
    const { entries: _, ...rest } = lastAsked();
    assert.deepEqual(rest, { agent: "main", system: "be kind\n\nbe brief", temperature: 0.5, maxTokens: 100, stop: ["END"], thinking: "low" });
    assert.equal((await openai.chat.completions.create({ model: "clanker", messages: user("long") })).choices[0]!.finish_reason, "length");
    assert.equal((await gateway.deps.store.counts({})).sessions, 0);
  });

  test("gets a stream with its usage", async () => {
    const stream = await openai.chat.completions.create({
      model: "clanker/helper",
      messages: user("hi"),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await collect(stream);
    assert.equal(lastAsked().agent, "helper");
    assert.deepEqual(chunks[0]!.choices[0]!.delta, { role: "assistant", content: "", refusal: null });
    assert.equal(chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? "")).join(""), "hello world");
    assert.equal(chunks.at(-2)!.choices[0]!.finish_reason, "stop");
    assert.deepEqual(chunks.at(-1)!.choices, []);
    assert.equal(chunks.at(-1)!.usage!.total_tokens, 20);
    assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
    const helper = await openai.chat.completions.stream({ model: "clanker", messages: user("hi") }).finalContent();
    assert.equal(helper, "hello world");
  });

  test("ends its stream with [DONE]", async () => {
    const response = await gateway.post("/v1/chat/completions", { model: "clanker", messages: user("hi"), stream: true });
    assert.match(response.headers.get("content-type") ?? "", /text\/event-stream/);
    assert.match(await response.text(), /data: \[DONE\]\n\n$/);
  });

  test("has its tools called and brings the results", async () => {
    const tools = [{ type: "function", function: weather } as const];
    const first = await openai.chat.completions.create({
      model: "clanker",
      messages: user("call it"),
      tools,
      tool_choice: { type: "function", function: { name: "weather" } },
    });
    const { message, finish_reason } = first.choices[0]!;
    assert.equal(finish_reason, "tool_calls");
    assert.deepEqual(message.tool_calls, [{ id: "c1", type: "function", function: { name: "weather", arguments: '{"town":"Bonn"}' } }]);
    assert.deepEqual(lastAsked().tools, [weather]);
    assert.deepEqual(lastAsked().toolChoice, { name: "weather" });
    const second = await openai.chat.completions.create({
      model: "clanker",
      messages: [...user("call it"), message, { role: "tool", tool_call_id: "c1", content: "rain" }],
      tools,
    });
    assert.equal(second.choices[0]!.message.content, "hello world");
    assert.deepEqual(lastAsked().entries.at(-1)!.content, { role: "tool", callId: "c1", name: "weather", text: "rain", error: false });
    const streamed = await openai.chat.completions.stream({ model: "clanker", messages: user("call it"), tools }).finalMessage();
    assert.equal(streamed.content, "let me see");
    assert.equal((streamed.tool_calls![0] as { function: { arguments: string } }).function.arguments, '{"town":"Bonn"}');
  });

  test("sends images as data URLs", async () => {
    const content = [{ type: "text", text: "look" } as const, { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw==" } } as const];
    await openai.chat.completions.create({ model: "clanker", messages: [{ role: "user", content }] });
    assert.deepEqual(
      lastAsked().entries[0]!.images!.map(({ type, bytes }) => [type, bytes.length]),
      [["image/png", 4]],
    );
  });

  test("is told which parameter cannot be honoured", async () => {
    const cases: [body: Record<string, unknown>, param: string][] = [
      [{ n: 2 }, "n"],
      [{ logprobs: true }, "logprobs"],
      [{ response_format: { type: "json_schema", json_schema: { name: "x", schema: {} } } }, "response_format"],
      [{ audio: { voice: "x", format: "mp3" } }, "audio"],
      [{ seed: 1 }, "seed"],
      [{ top_p: 0.5 }, "top_p"],
      [{ functions: [], function_call: "auto" }, "functions"],
      [{ unheard_of: 1 }, "unheard_of"],
      [{ store: true }, "store"],
      [{ temperature: 3 }, "temperature"],
      [{ max_tokens: "many" }, "max_tokens"],
      [{ stop: [1] }, "stop"],
      [{ tools: [{ type: "custom" }] }, "tools[0].type"],
      [{ tools: [{ type: "function", function: { name: "a b" } }] }, "tools[0].function.name"],
      [{ tool_choice: { type: "function", function: { name: "none" } } }, "tool_choice"],
      [{ user: "u", tools: [{ type: "function", function: weather }] }, "tools"],
      [{ user: "u", temperature: 1 }, "temperature"],
      [{ user: "u", max_tokens: 5 }, "max_tokens"],
      [{ stream_options: { include_usage: true } }, "stream_options"],
      [{ messages: [] }, "messages"],
      [{ messages: [{ role: "tool", tool_call_id: "x", content: "y" }] }, "messages"],
      [{ messages: [{ role: "wizard", content: "y" }] }, "messages[0].role"],
      [{ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.org/a.png" } }] }] }, "messages[0].content[0].image_url"],
      [{ messages: [{ role: "user", content: [{ type: "input_audio" }] }] }, "messages[0].content[0].type"],
      [{ constructor: 1 }, "constructor"],
    ];
    for (const [body, param] of cases) {
      const error = await openai.chat.completions.create({ model: "clanker", messages: user("hi"), ...body } as never).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof BadRequestError, `${param}: ${String(error)}`);
      assert.equal(error.param, param);
      assert.equal(error.type, "invalid_request_error");
    }
    const clash = openai.chat.completions.create({ model: "clanker", messages: user("hi"), tools: [{ type: "function", function: { name: "clash" } }] });
    await assert.rejects(clash, { status: 400, param: "tools", code: "tool_name_clash" });
  });

  test("gets OpenAI's errors for a wrong key, model, or a model that is away", async () => {
    const wrong = new OpenAI({ apiKey: "wrong", baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    await assert.rejects(wrong.models.list(), AuthenticationError);
    await assert.rejects(openai.chat.completions.create({ model: "gpt-4o", messages: user("hi") }), NotFoundError);
    await assert.rejects(openai.chat.completions.create({ model: "clanker/nobody", messages: user("hi") }), NotFoundError);
    await assert.rejects(openai.chat.completions.create({ model: "clanker", messages: user("fail") }), InternalServerError);
    await assert.rejects(openai.chat.completions.create({ model: "clanker", messages: user("fail"), stream: true }), InternalServerError);
    await assert.rejects(openai.chat.completions.create({ model: "clanker", messages: user("limited") }), RateLimitError);
    const broken = await openai.chat.completions.create({ model: "clanker", messages: user("break"), stream: true });
    await assert.rejects(collect(broken), APIError);
  });

  test("lists agents and models", async () => {
    const ids = (await collect(openai.models.list())).map(({ id }) => id);
    assert.deepEqual(ids, ["clanker", "clanker/helper", "scripted:test"]);
    assert.equal((await openai.models.retrieve("clanker")).object, "model");
    await openai.chat.completions.create({ model: "scripted:test", messages: user("hi") });
    assert.equal(lastAsked().model, "scripted:test");
  });

  test("cancels a stateless request by leaving", async () => {
    aborted = Promise.withResolvers();
    const stream = await openai.chat.completions.create({ model: "clanker", messages: user("hang"), stream: true });
    for await (const chunk of stream) if (chunk.choices[0]!.delta.content === "waiting") break;
    await aborted.promise;
  });

  test("has a durable conversation with user: only the last message is new", async () => {
    const history = [...user("old"), { role: "assistant", content: "older" } as const];
    const first = await openai.chat.completions.create({ model: "clanker", user: "ada", messages: [...history, ...user("new one")] });
    assert.equal(first.choices[0]!.message.content, "you said: new one");
    const streamed = await openai.chat.completions.stream({ model: "clanker", user: "ada", messages: user("again") }).finalContent();
    assert.equal(streamed, "you said: again");
    const session = await gateway.deps.store.getSession({ key: "agent:main:web:direct:ada" });
    assert.equal(session!.lastEntry, 4);
    const named = await openai.chat.completions.create(
      { model: "clanker", messages: user("by header") },
      { headers: { "X-Clanker-Session": "agent:main:main" } },
    );
    assert.equal(named.choices[0]!.message.content, "you said: by header");
    assert.equal((await gateway.deps.store.getSession({ key: "agent:main:main" }))!.lastEntry, 2);
  });

  test("gets responses, plain and as a stream of events", async () => {
    const response = await openai.responses.create({ model: "clanker", input: "hi", store: false, instructions: "be kind", max_output_tokens: 50 });
    assert.equal(response.output_text, "hello world");
    assert.equal(response.status, "completed");
    assert.equal((response as { store?: boolean }).store, false);
    assert.equal(response.usage!.total_tokens, 20);
    assert.equal(lastAsked().system, "be kind");
    const events = await collect(await openai.responses.create({ model: "clanker", input: "hi", store: false, stream: true }));
    assert.deepEqual(
      events.map(({ type }) => type),
      [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
      ],
    );
    assert.deepEqual(
      events.map(({ sequence_number }) => sequence_number),
      events.map((_, i) => i),
    );
    const final = await openai.responses.stream({ model: "clanker", input: "hi", store: false }).finalResponse();
    assert.equal(final.output_text, "hello world");
  });

  test("has its tools called through responses", async () => {
    const tools = [{ type: "function", strict: false, ...weather } as const];
    const response = await openai.responses.create({ model: "clanker", input: "call", tools });
    const call = response.output.find((item) => item.type === "function_call")!;
    assert.deepEqual([call.call_id, call.name, call.arguments], ["c1", "weather", '{"town":"Bonn"}']);
    const next = await openai.responses.create({
      model: "clanker",
      input: [{ role: "user", content: "call" }, ...(response.output as never[]), { type: "function_call_output", call_id: "c1", output: "rain" }],
      tools,
    });
    assert.equal(next.output_text, "hello world");
    assert.deepEqual(
      lastAsked().entries.map(({ content }) => content.role),
      ["user", "assistant", "tool"],
    );
    const events = await collect(await openai.responses.create({ model: "clanker", input: "call", tools, stream: true }));
    assert.ok(events.some(({ type }) => type === "response.function_call_arguments.done"));
  });

  test("continues a stored response by its id", async () => {
    const first = await openai.responses.create({ model: "clanker", input: "one" });
    assert.equal(first.output_text, "you said: one");
    assert.equal((first as { store?: boolean }).store, true);
    const second = await openai.responses.create({ model: "clanker", input: "two", previous_response_id: first.id });
    assert.equal(second.output_text, "you said: two");
    const turns = await Promise.all([first, second].map(({ id }) => gateway.deps.store.getTurn({ id: id.slice("resp_".length) })));
    assert.equal(turns[0]!.sessionKey, turns[1]!.sessionKey);
    const streamed = await openai.responses.stream({ model: "clanker", input: "three", previous_response_id: second.id }).finalResponse();
    assert.equal(streamed.output_text, "you said: three");
    await assert.rejects(openai.responses.create({ model: "clanker", input: "x", previous_response_id: "resp_nothing" }), {
      status: 404,
      param: "previous_response_id",
    });
  });

  test("is told which parameter of a response cannot be honoured", async () => {
    for (const [body, param] of [
      [{ background: true }, "background"],
      [{ text: { format: { type: "json_object" } } }, "text"],
      [{ conversation: "c" }, "conversation"],
      [{ tools: [{ type: "web_search" }], store: false }, "tools[0].type"],
      [{ store: true, temperature: 1 }, "temperature"],
      [{ reasoning: { summary: "auto" } }, "reasoning.summary"],
      [{ input: [{ type: "item_reference", id: "x" }] }, "input[0].type"],
    ] as [object, string][]) {
      await assert.rejects(openai.responses.create({ model: "clanker", input: "hi", ...body } as never), { status: 400, param }, param);
    }
    await assert.rejects(openai.responses.create({ model: "clanker", input: "fail", store: false }), { status: 503 });
    const events = await collect(await openai.responses.create({ model: "clanker", input: "break", store: false, stream: true }));
    assert.equal(events.at(-1)!.type, "response.failed");
  });
});

test("a door that is switched off is not there", async () => {
  const gateway = await openTestGateway({ options: { openai: false } });
  assert.equal((await gateway.call("/v1/models")).status, 404);
  await gateway.stop();
});

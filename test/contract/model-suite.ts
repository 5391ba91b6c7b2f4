import assert from "node:assert/strict";
import { QUICK } from "../quick.ts";
import { after, before, describe, test } from "node:test";
import type { AssistantPart, EntryContent, ToolCallPart } from "../../src/core/entry.ts";
import { ModelError } from "../../src/core/errors.ts";
import { textMessage } from "../../src/core/message.ts";
import type { Model, ModelEntry, ModelEvent, ModelRequest, Provider } from "../../src/core/model.ts";
import { Secret } from "../../src/core/secret.ts";
import { silentLog } from "../../src/core/log.ts";
import type { Compat, WireOptions } from "../../src/lib/model-wire/index.ts";
import { createHttp, type EgressHttp } from "../../src/security/host/egress/index.ts";
import type { ModelServer, Reply } from "../fakes/model-servers/serve.ts";
import type { ModelStreams } from "../fixtures/models/index.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";

/** One wire, or one vendor's preset of it. */
export interface ModelSubject {
  readonly create: (options: WireOptions) => Provider;
  readonly server: () => Promise<ModelServer>;
  readonly streams: ModelStreams;
  /** What the server expects as the key. */
  readonly key: string;
  /** Behind the server's origin. */
  readonly basePath: string;
  readonly model: string;
  readonly compat: Compat;
  /** The wire can replay its own thinking. */
  readonly opaque: boolean;
  /** Cut streams at every byte instead of at the ends of lines and now and then: once per wire is enough. */
  readonly everyByte: boolean;
}

export type End = Extract<ModelEvent, { type: "end" }>;

const WEATHER = { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city"] };

export function userEntry(text: string): ModelEntry {
  return { content: { role: "user", message: textMessage(text), envelope: { channel: "web", direct: true, at: 0 }, addressed: true } };
}

export function assistantEntry(parts: readonly AssistantPart[], model: string): ModelEntry {
  return { content: { role: "assistant", parts, model, stop: parts.some((part) => part.type === "call") ? "calls" : "end" } };
}

export function resultEntry(call: ToolCallPart, text = "sunny, 21 degrees", error = false): ModelEntry {
  return { content: { role: "tool", callId: call.id, name: call.name, text, error } satisfies EntryContent };
}

export function modelRequest(entries: readonly ModelEntry[], change: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: "You are brief.",
    entries,
    tools: [
      { name: "get_weather", description: "Weather of a city.", parameters: WEATHER },
      { name: "get_time", description: "The time.", parameters: { type: "object", properties: {} } },
    ],
    maxTokens: 1_000,
    thinking: "off",
    cacheKey: "session-1",
    ...change,
  };
}

export function callsOf(parts: readonly AssistantPart[]): ToolCallPart[] {
  return parts.filter((part): part is ToolCallPart => part.type === "call");
}

/** Parts as a person would see them: without our ids and the provider's opaque data. */
export function visible(parts: readonly AssistantPart[]): unknown[] {
  return parts.flatMap((part): unknown[] => {
    if (part.type === "opaque") return [];
    if (part.type !== "call") return [part];
    return [{ type: "call", name: part.name, args: part.args, ...(part.invalid !== undefined && { invalid: true }) }];
  });
}

export async function drain(
  model: Model,
  request: ModelRequest,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ events: ModelEvent[]; end: End }> {
  const events: ModelEvent[] = [];
  for await (const event of model.stream(request, signal)) events.push(event);
  const end = events.at(-1);
  assert.ok(end?.type === "end", "the last event is the end");
  return { events, end };
}

export async function failureOf(model: Model, request: ModelRequest, signal?: AbortSignal): Promise<ModelError> {
  const outcome = await drain(model, request, signal).catch((error: unknown) => error);
  assert.ok(outcome instanceof ModelError, `a ModelError, not ${String(outcome)}`);
  return outcome;
}

const said = (events: readonly ModelEvent[], type: "text" | "thinking") => events.flatMap((event) => (event.type === type ? [event.text] : [])).join("");
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Reply => ({ kind: "json", status, body, headers });

/** What every wire client owes to the house, held against a strict server of its vendor. */
export function modelSuite(name: string, subject: ModelSubject): void {
  describe(`model wire ${name}`, () => {
    let server: ModelServer;
    let http: EgressHttp;
    let provider: Provider;
    let model: Model;
    const clock = createManualClock(Date.UTC(2026, 5, 1));

    const create = (change: Partial<WireOptions> = {}) =>
      subject.create({
        name: "vendor",
        baseUrl: server.origin + subject.basePath,
        apiKey: new Secret("providers.vendor.api_key", subject.key),
        compat: subject.compat,
        http,
        clock,
        random: createSeededRandom(1),
        ...change,
      });
    const stream = (text: string): Reply => ({ kind: "stream", text });

    before(async () => {
      server = await subject.server();
      http = createHttp({ log: silentLog });
      provider = create();
      model = provider.model(subject.model);
    });
    after(async () => {
      http.close();
      await server.close();
    });
    const noViolations = () => assert.deepEqual(server.violations.splice(0), []);

    test("streams a text and ends with it whole, with the usage of the cache", async () => {
      server.replyWith(stream(subject.streams.text));
      const { events, end } = await drain(model, modelRequest([userEntry("hello")]));
      assert.equal(said(events, "text"), "Grüße, 世界! 👋");
      assert.deepEqual(end, {
        type: "end",
        parts: [{ type: "text", text: "Grüße, 世界! 👋" }],
        stop: "end",
        usage: { input: 20, output: 9, cacheRead: 1_000, cacheWrite: 200 },
      });
      noViolations();
    });

    test("takes a tool round of two steps, with thinking handed back to its maker", async () => {
      const question = userEntry("weather in Zürich?");
      server.replyWith(stream(subject.streams.tool), stream(subject.streams.text));
      const first = await drain(model, modelRequest([question], { thinking: "high" }));
      assert.equal(said(first.events, "thinking"), "Look it up.");
      assert.equal(first.end.stop, "calls");
      assert.deepEqual(visible(first.end.parts), [
        { type: "thinking", text: "Look it up." },
        { type: "text", text: "One moment." },
        { type: "call", name: "get_weather", args: { city: "Zürich", days: 2 } },
      ]);
      const calls = callsOf(first.end.parts);
      const entries = [question, assistantEntry(first.end.parts, model.id), ...calls.map((call) => resultEntry(call))];
      const second = await drain(model, modelRequest(entries, { thinking: "high" }));
      assert.equal(second.end.stop, "end");
      assert.equal(
        first.end.parts.some((part) => part.type === "opaque"),
        subject.opaque,
      );
      const sent = JSON.stringify(server.requests.at(-1)?.body);
      assert.ok(sent.includes("sunny, 21 degrees") && sent.includes(calls[0]!.id));
      if (subject.opaque) assert.match(sent, /EqQBsig|gAAAA|"reasoning_content":"Look it up\."/);
      noViolations();
    });

    test("gives parallel calls ids of their own and takes their results back, a failed one too", async () => {
      server.replyWith(stream(subject.streams.parallel), stream(subject.streams.text));
      const question = userEntry("weather and time?");
      const first = await drain(model, modelRequest([question]));
      const calls = callsOf(first.end.parts);
      assert.deepEqual(visible(calls), [
        { type: "call", name: "get_weather", args: { city: "Bern" } },
        { type: "call", name: "get_time", args: {} },
      ]);
      assert.equal(first.end.stop, "calls");
      assert.equal(new Set(calls.map((call) => call.id)).size, 2);
      const results = [resultEntry(calls[0]!), resultEntry(calls[1]!, "", true)];
      await drain(model, modelRequest([question, assistantEntry(first.end.parts, model.id), ...results, userEntry("and be quick")]));
      noViolations();
    });

    test("marks a call whose arguments are no JSON and can replay it", async () => {
      server.replyWith(stream(subject.streams.badArguments), stream(subject.streams.text));
      const first = await drain(model, modelRequest([userEntry("weather?")]));
      assert.deepEqual(visible(first.end.parts), [{ type: "call", name: "get_weather", args: {}, invalid: true }]);
      assert.equal(first.end.stop, "calls");
      const call = callsOf(first.end.parts)[0]!;
      await drain(model, modelRequest([userEntry("weather?"), assistantEntry(first.end.parts, model.id), resultEntry(call, call.invalid, true)]));
      noViolations();
    });

    test("tells a refusal and a limit of tokens as reasons to stop", async () => {
      server.replyWith(stream(subject.streams.refusal), stream(subject.streams.length));
      const refused = await drain(model, modelRequest([userEntry("x")]));
      assert.deepEqual([refused.end.stop, visible(refused.end.parts)], ["refusal", [{ type: "text", text: "I cannot" }]]);
      const short = await drain(model, modelRequest([userEntry("x")]));
      assert.deepEqual([short.end.stop, visible(short.end.parts)], ["length", [{ type: "text", text: "Once upon" }]]);
      noViolations();
    });

    test("puts images, limits, tool choice, stop sequences and temperature into the request", async () => {
      server.replyWith(stream(subject.streams.text), stream(subject.streams.text), stream(subject.streams.text));
      const image = { ...userEntry("what is this?"), images: [{ type: "image/png", bytes: new Uint8Array([137, 80, 78, 71]) }] };
      await drain(model, modelRequest([image], { toolChoice: { name: "get_time" }, stop: ["END"], temperature: 0.5, thinking: "medium" }));
      const sent = JSON.stringify(server.requests.at(-1)?.body);
      assert.ok(sent.includes("iVBORw==") === (subject.compat.images !== false));
      assert.ok(sent.includes("get_time"));
      await drain(model, modelRequest([userEntry("x")], { toolChoice: "required" }));
      await drain(model, modelRequest([userEntry("x")], { toolChoice: "none" }));
      noViolations();
    });

    test("keeps a transcript valid whatever stands in it: odd ids, made-up tools, holes, empty and repeated roles", async () => {
      server.replyWith(stream(subject.streams.text), stream(subject.streams.text));
      const odd = (id: string, name = "get_weather"): ToolCallPart => ({ type: "call", id, name, args: {} });
      const entries: ModelEntry[] = [
        assistantEntry([{ type: "text", text: "I wrote first." }], "other:m"),
        userEntry("one"),
        userEntry(""),
        assistantEntry([odd("ünï/code id with spaces and a length far beyond what any of the wires takes"), odd("b", "no.such tool")], "other:m"),
        resultEntry(odd("ünï/code id with spaces and a length far beyond what any of the wires takes")),
        { content: { role: "system", text: "the gateway restarted" } },
        assistantEntry([{ type: "thinking", text: "only thought" }], "other:m"),
        assistantEntry([{ type: "opaque", provider: "other", data: { model: "m", block: {} } }], "other:m"),
        resultEntry(odd("orphan")),
        assistantEntry([{ type: "text", text: " " }, odd("c"), odd("d")], "other:m"),
        resultEntry(odd("d"), " ", true),
        assistantEntry([{ type: "text", text: "so far" }], "other:m"),
      ];
      await drain(model, modelRequest(entries, { thinking: "low" }));
      await drain(model, modelRequest(entries, { tools: [], system: "" }));
      noViolations();
    });

    test("fault-34: a stream cut at any byte is a typed error or the whole answer, never a wrong end", async () => {
      server.replyWith(stream(subject.streams.tool));
      const whole = await drain(model, modelRequest([userEntry("x")]));
      const length = Buffer.byteLength(subject.streams.tool);
      const bytes = Buffer.from(subject.streams.tool);
      const marked = (at: number) => at % 23 === 0 || bytes[at] === 10 || bytes[at - 1] === 10;
      for (let at = 0; at < length; at += QUICK ? 13 : 1) {
        const ways = marked(at) ? (["end", "reset"] as const) : subject.everyByte ? (["end"] as const) : [];
        for (const cut of ways) {
          server.replyWith({ kind: "stream", text: subject.streams.tool, cutAt: at, cut });
          const outcome = await drain(model, modelRequest([userEntry("x")])).catch((error: unknown) => error);
          if (outcome instanceof Error) {
            assert.ok(outcome instanceof ModelError && outcome.code === "model_stream_cut" && outcome.failure === "away", `cut at ${at}: ${outcome.message}`);
          } else {
            const { end } = outcome as { end: End };
            assert.deepEqual([visible(end.parts), end.stop], [visible(whole.end.parts), whole.end.stop], `cut at ${at}`);
          }
        }
      }
      noViolations();
    });

    test("reports an error inside the stream as the vendor's overload", async () => {
      server.replyWith(stream(subject.streams.overloaded));
      const error = await failureOf(model, modelRequest([userEntry("x")]));
      assert.deepEqual([error.code, error.failure], ["model_overloaded", "away"]);
    });

    test("an event that is not JSON, a web page and a JSON answer are typed errors", async () => {
      server.replyWith(stream("data: {oops\n\n"), json(200, { hello: "world" }), json(200, { error: { message: "slow down", type: "rate_limit_error" } }));
      assert.equal((await failureOf(model, modelRequest([userEntry("x")]))).code, "model_answer_broken");
      assert.equal((await failureOf(model, modelRequest([userEntry("x")]))).code, "model_answer_broken");
      assert.equal((await failureOf(model, modelRequest([userEntry("x")]))).code, "model_rate_limited");
    });

    for (const [status, body, code, failure] of [
      [401, { error: { type: "authentication_error", message: "invalid key" } }, "model_key_refused", "refused"],
      [403, { error: { type: "permission_error", message: "not for you" } }, "model_key_refused", "refused"],
      [404, { error: { type: "not_found_error", message: "model: nope" } }, "model_unknown", "refused"],
      [429, { error: { type: "rate_limit_error", message: "too many" } }, "model_rate_limited", "away"],
      [429, { error: { type: "insufficient_quota", code: "insufficient_quota", message: "You exceeded your current quota" } }, "model_quota", "refused"],
      [402, { error: { message: "Insufficient credits" } }, "model_quota", "refused"],
      [400, { error: { type: "invalid_request_error", message: "Your credit balance is too low" } }, "model_quota", "refused"],
      [400, { error: { type: "invalid_request_error", message: "prompt is too long: 210000 tokens > 200000 maximum" } }, "prompt_too_long", "too_long"],
      [400, { error: { code: "context_length_exceeded", message: "This model's maximum context length is 128000 tokens." } }, "prompt_too_long", "too_long"],
      [413, { error: { type: "request_too_large", message: "Request exceeds the maximum size" } }, "prompt_too_long", "too_long"],
      [400, { error: { type: "invalid_request_error", message: "temperature: out of range" } }, "model_request_invalid", "invalid"],
      [500, "oops", "model_overloaded", "away"],
      [502, "<html>bad gateway</html>", "model_overloaded", "away"],
      [503, { error: "unavailable" }, "model_overloaded", "away"],
      [529, { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, "model_overloaded", "away"],
      [302, {}, "model_request_invalid", "invalid"],
    ] as const) {
      test(`answers status ${status} with ${code} for ${JSON.stringify(body).slice(0, 60)}`, async () => {
        server.replyWith(json(status, body));
        const error = await failureOf(model, modelRequest([userEntry("x")]));
        assert.deepEqual([error.code, error.failure], [code, failure]);
        assert.ok((error.hint ?? "").length > 10);
        if (code === "model_key_refused") assert.equal(error.hint, "the key was refused; set providers.vendor.api_key");
      });
    }

    test("says when to come back, by any of the headers that vendors use", async () => {
      const soon = new Date(clock.now() + 90_000).toUTCString();
      for (const [headers, ms] of [
        [{ "retry-after": "37" }, 37_000],
        [{ "retry-after": soon }, 90_000],
        [{ "retry-after-ms": "1500", "retry-after": "9" }, 1_500],
        [
          {
            "x-ratelimit-reset-requests": "1m30s",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-tokens": "9h",
            "x-ratelimit-remaining-tokens": "5",
          },
          90_000,
        ],
        [{ "x-ratelimit-reset": String(clock.now() + 5_000) }, 5_000],
        [{ "anthropic-ratelimit-input-tokens-reset": new Date(clock.now() + 20_000).toISOString(), "anthropic-ratelimit-input-tokens-remaining": "0" }, 20_000],
        [{}, undefined],
      ] as const) {
        server.replyWith(json(429, { error: { type: "rate_limit_error", message: "too many" } }, headers as Record<string, string>));
        assert.equal((await failureOf(model, modelRequest([userEntry("x")]))).retryAfterMs, ms);
      }
    });

    test("an abort ends the stream with its own error and closes the server's socket", async () => {
      http.close();
      http = createHttp({ log: silentLog });
      const watched = create().model(subject.model);
      const aborting = new AbortController();
      server.replyWith({ kind: "hang", text: subject.streams.text.slice(0, subject.streams.text.indexOf("ße")) });
      const seen: ModelEvent[] = [];
      await assert.rejects(
        async () => {
          for await (const event of watched.stream(modelRequest([userEntry("x")]), aborting.signal)) {
            seen.push(event);
            if (event.type === "text") aborting.abort();
          }
        },
        (error: ModelError) => error instanceof ModelError && error.code === "model_aborted",
      );
      await server.allClosed();
      assert.equal((await failureOf(watched, modelRequest([userEntry("x")]), aborting.signal)).code, "model_aborted");
    });

    test("leaving the loop closes the server's socket", async () => {
      http.close();
      http = createHttp({ log: silentLog });
      server.replyWith({ kind: "hang", text: subject.streams.text.slice(0, -40) });
      for await (const event of create()
        .model(subject.model)
        .stream(modelRequest([userEntry("x")]), new AbortController().signal))
        if (event.type === "text") break;
      await server.allClosed();
    });

    test("fault-33: a stream that falls silent is given up as away", async () => {
      http.close();
      http = createHttp({ log: silentLog });
      const hasty = create({ compat: { ...subject.compat, silenceMs: 50 } }).model(subject.model);
      server.replyWith({ kind: "hang", text: subject.streams.text.slice(0, -40) });
      const error = await failureOf(hasty, modelRequest([userEntry("x")]));
      assert.deepEqual([error.code, error.failure], ["model_silent", "away"]);
      await server.allClosed();
    });

    test("fault-35: a server that is not there is an outage, not a crash", async () => {
      const gone = await subject.server();
      await gone.close();
      const away = create({ baseUrl: gone.origin + subject.basePath });
      const error = await failureOf(away.model(subject.model), modelRequest([userEntry("x")]));
      assert.deepEqual([error.code, error.failure], ["model_unreachable", "away"]);
      await assert.rejects(away.models(), (failure: ModelError) => failure.code === "model_unreachable");
    });

    test("sec-115: the key is in no error, whatever the server repeats of it", async () => {
      http.close();
      http = createHttp({ log: silentLog });
      const keyed = create().model(subject.model);
      for (const reply of [
        json(401, { error: { message: `Incorrect API key provided: ${subject.key}` } }),
        json(500, `key ${subject.key} broke`),
        json(400, [subject.key]),
      ]) {
        server.replyWith(reply);
        const error = await failureOf(keyed, modelRequest([userEntry("x")]));
        const shown = [error.message, error.hint, error.stack, JSON.stringify(error), String(error.cause), keyed.credential].join("\n");
        assert.ok(!shown.includes(subject.key), shown);
      }
      const wrong = create({ apiKey: new Secret("k", "bad\r\nkey-canary-77") });
      const refused = await failureOf(wrong.model(subject.model), modelRequest([userEntry("x")]));
      assert.ok(!`${refused.message}${refused.stack}${String(refused.cause)}`.includes("canary-77"));
      assert.equal(refused.failure, "invalid");
    });

    test("lists the models with what is known about them", async () => {
      const fresh = create();
      const [first] = (await fresh.models()).map((info) => info.id);
      const known = create({ models: [{ id: first!, contextTokens: 123_456, images: true, thinking: true }], contextTokens: 7_000 });
      const info = (await known.models()).find((listed) => listed.id === first)!;
      assert.ok(info.contextTokens === 123_456 || info.contextTokens === 1_000_000);
      assert.equal(info.thinking, true);
      assert.equal(known.model(first!).contextTokens, 123_456);
      assert.equal(known.model("another").contextTokens, 7_000);
      assert.equal(fresh.model("another").contextTokens, 0);
      assert.equal(fresh.model("another").id, "vendor:another");
      noViolations();
    });
  });
}

import type { AssistantPart, StopReason } from "../../core/entry.ts";
import type { ModelEvent, Usage } from "../../core/model.ts";
import {
  assistantEnd,
  complaintIn,
  count,
  cut,
  list,
  modelFailure,
  newCallId,
  parseArguments,
  record,
  StopFilter,
  text,
  type WireEvent,
  type WireOptions,
} from "../../lib/model-wire/index.ts";

type Json = Readonly<Record<string, unknown>>;

export interface AnswerOptions extends WireOptions {
  readonly model: string;
  readonly stops?: readonly string[];
}

interface State {
  /** Finished items by output index. */
  readonly items: Map<number, Json>;
  /** Names of calls under way by output index, to show. */
  readonly names: Map<number, string>;
  readonly filter: StopFilter;
  /** Text as it was shown; counts only when a stop sequence has cut it. */
  shown: string;
}

/** The events of one answer. Complete with `response.completed` or `response.incomplete`. @throws ModelError `model_stream_cut`, or what a failure says. */
export async function* readAnswer(events: AsyncIterable<WireEvent>, options: AnswerOptions): AsyncGenerator<ModelEvent> {
  const state: State = { items: new Map(), names: new Map(), filter: new StopFilter(options.stops), shown: "" };
  for await (const { event, data } of events) {
    const type = text(data["type"]) || event;
    if (type === "error" || type === "response.failed") throw failure(data, options);
    if (type === "response.completed" || type === "response.incomplete") {
      yield* shownText(state, state.filter.flush());
      yield endOf(record(data["response"]), state, options);
      return;
    }
    yield* take(type, data, state);
  }
  throw cut({ provider: options.name, model: options.model });
}

function failure(data: Json, options: AnswerOptions): Error {
  const error = record(data["response"])["error"] ?? data["error"] ?? data;
  const { type, message } = complaintIn(error);
  return modelFailure({ provider: options.name, model: options.model, type: type.replace(/^error$/, ""), message, now: options.clock.now() });
}

function* take(type: string, data: Json, state: State): Generator<ModelEvent> {
  const index = count(data["output_index"]);
  const delta = text(data["delta"]);
  switch (type) {
    case "response.output_text.delta":
    case "response.refusal.delta":
      yield* shownText(state, state.filter.push(delta));
      return;
    case "response.reasoning_summary_text.delta":
    case "response.reasoning_text.delta":
      yield { type: "thinking", text: delta };
      return;
    case "response.output_item.added": {
      const item = record(data["item"]);
      if (item["type"] !== "function_call") return;
      state.names.set(index, text(item["name"]));
      yield { type: "call-delta", name: text(item["name"]), text: "" };
      return;
    }
    case "response.function_call_arguments.delta":
      yield { type: "call-delta", name: state.names.get(index) ?? "", text: delta };
      return;
    case "response.output_item.done":
      state.items.set(index, record(data["item"]));
      return;
    case "response.in_progress":
      // Shows whoever watches for silence that the model is at work.
      yield { type: "thinking", text: "" };
  }
}

function* shownText(state: State, shown: string): Generator<ModelEvent> {
  if (shown === "") return;
  state.shown += shown;
  yield { type: "text", text: shown };
}

function endOf(response: Json, state: State, options: AnswerOptions): ModelEvent {
  // Items that were cut off by the token limit may be told only here.
  const output = list(response["output"]).map(record);
  const items = output.length > state.items.size ? output : [...state.items.entries()].toSorted(([a], [b]) => a - b).map(([, item]) => item);
  const refused = items.some((item) => list(item["content"]).some((part) => record(part)["type"] === "refusal"));
  const usage = readUsage(record(response["usage"]));
  if (state.filter.stopped) {
    return assistantEnd(
      [...items.flatMap((item) => (item["type"] === "reasoning" ? thinkingOf(item) : [])), { type: "text", text: state.shown }],
      "end",
      usage,
    );
  }
  const parts = items.flatMap((item) => partsOf(item, options));
  return assistantEnd(parts, refused ? "refusal" : stopOf(response), usage);
}

function stopOf(response: Json): StopReason {
  const reason = text(record(response["incomplete_details"])["reason"]);
  if (reason === "content_filter") return "refusal";
  return reason !== "" || response["status"] === "incomplete" ? "length" : "end";
}

function partsOf(item: Json, options: AnswerOptions): AssistantPart[] {
  switch (item["type"]) {
    case "message":
      return [
        {
          type: "text",
          text: list(item["content"])
            .map((part) => text(record(part)["text"]) || text(record(part)["refusal"]))
            .join(""),
        },
      ];
    case "function_call":
      return [{ type: "call", id: newCallId(options.clock, options.random), name: text(item["name"]), ...parseArguments(text(item["arguments"])) }];
    case "reasoning":
      return [...thinkingOf(item), ...opaqueOf(item, options)];
    default:
      return [];
  }
}

function thinkingOf(item: Json): AssistantPart[] {
  const pieces = [...list(item["summary"]), ...list(item["content"])].map((part) => text(record(part)["text"]));
  return [{ type: "thinking", text: pieces.filter((piece) => piece !== "").join("\n\n") }];
}

/** Without encrypted content the provider would look the item up, and it has stored nothing. */
function opaqueOf(item: Json, { name, model }: AnswerOptions): AssistantPart[] {
  if (text(item["encrypted_content"]) === "") return [];
  const kept = { type: "reasoning", id: item["id"], summary: list(item["summary"]), encrypted_content: item["encrypted_content"] };
  return [{ type: "opaque", provider: name, data: { model, item: kept } }];
}

function readUsage(usage: Json): Usage {
  const details = record(usage["input_tokens_details"]);
  const cacheRead = count(details["cached_tokens"]);
  const cacheWrite = count(details["cache_write_tokens"]);
  return { input: Math.max(0, count(usage["input_tokens"]) - cacheRead - cacheWrite), output: count(usage["output_tokens"]), cacheRead, cacheWrite };
}

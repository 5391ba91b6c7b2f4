import type { AssistantPart, StopReason } from "../../core/entry.ts";
import { noUsage, type ModelEvent, type Usage } from "../../core/model.ts";
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
  /** Stop sequences that the model does not take itself. */
  readonly stops?: readonly string[];
}

interface GrowingCall {
  id: string;
  name: string;
  arguments: string;
}

interface State {
  thinking: string;
  /** Pieces of OpenRouter's `reasoning_details`, as they came. */
  readonly details: unknown[];
  text: string;
  readonly filter: StopFilter;
  readonly calls: Map<string, GrowingCall>;
  stop: StopReason | undefined;
  usage: Usage;
  refused: boolean;
}

const STOPS: Readonly<Record<string, StopReason>> = { stop: "end", length: "length", tool_calls: "calls", function_call: "calls", content_filter: "refusal" };
const THINKING_TEXT = ["reasoning_content", "reasoning"];

/**
 * The events of one answer. It is complete with `[DONE]`, or when a stream that has told its finish reason ends without an error (some vendors send no `[DONE]`).
 * @throws ModelError `model_stream_cut`, or what an error event says.
 */
export async function* readAnswer(events: AsyncIterable<WireEvent>, options: AnswerOptions): AsyncGenerator<ModelEvent> {
  const state: State = {
    thinking: "",
    details: [],
    text: "",
    filter: new StopFilter(options.stops),
    calls: new Map(),
    stop: undefined,
    usage: noUsage,
    refused: false,
  };
  for await (const { event, data, raw } of events) {
    if (raw === "[DONE]") break;
    if (event === "comment") {
      // OpenRouter's way to show whoever watches for silence that the model is at work.
      yield { type: "thinking", text: "" };
      continue;
    }
    refuseError(event, data, options);
    yield* take(data, state, options);
  }
  if (state.stop === undefined) throw cut({ provider: options.name, model: options.model });
  const rest = state.filter.flush();
  if (rest !== "") {
    state.text += rest;
    yield { type: "text", text: rest };
  }
  yield assistantEnd(partsOf(state, options), state.refused ? "refusal" : state.filter.stopped ? "end" : state.stop, state.usage);
}

function refuseError(event: string, data: Json, options: AnswerOptions): void {
  const choice = record(list(data["choices"])[0]);
  const error = data["error"] ?? choice["error"] ?? (event === "error" ? data : undefined);
  if (error === undefined || error === null) {
    if (choice["finish_reason"] !== "error") return;
  }
  throw modelFailure({ provider: options.name, model: options.model, ...complaintIn(error), now: options.clock.now() });
}

function* take(data: Json, state: State, options: AnswerOptions): Generator<ModelEvent> {
  const usage = data["usage"] ?? record(data["x_groq"])["usage"];
  if (usage !== undefined && usage !== null) state.usage = readUsage(record(usage));
  const choice = record(list(data["choices"])[0]);
  const delta = record(choice["delta"]);
  const thinking = thinkingIn(delta, options);
  if (thinking !== "") {
    state.thinking += thinking;
    yield { type: "thinking", text: thinking };
  }
  state.details.push(...list(delta["reasoning_details"]));
  const said = contentIn(delta) + text(delta["refusal"]);
  if (text(delta["refusal"]) !== "") state.refused = true;
  const shown = said === "" ? "" : state.filter.push(said);
  if (shown !== "") {
    state.text += shown;
    yield { type: "text", text: shown };
  }
  for (const [position, item] of list(delta["tool_calls"]).entries()) yield* takeCall(record(item), position, state);
  const reason = text(choice["finish_reason"]);
  if (reason !== "") state.stop = STOPS[reason] ?? "end";
}

function thinkingIn(delta: Json, { compat }: AnswerOptions): string {
  for (const field of compat?.thinkingText ?? THINKING_TEXT) if (text(delta[field]) !== "") return text(delta[field]);
  return "";
}

/** Text, or a list of parts as some vendors send it. */
function contentIn(delta: Json): string {
  const content = delta["content"];
  if (typeof content === "string") return content;
  return list(content)
    .map((part) => text(record(part)["text"]))
    .join("");
}

/** Pieces of a call belong together by index. Vendors that leave it out, or count every call as 0, begin each call with its own id and name. */
function* takeCall(item: Json, position: number, state: State): Generator<ModelEvent> {
  const called = record(item["function"]);
  const id = text(item["id"]);
  const index = typeof item["index"] === "number" ? item["index"] : position;
  const slot = String(index);
  const last = [...state.calls.keys()].findLast((key) => key === slot || key.startsWith(`${slot}/`));
  const known = last === undefined ? undefined : state.calls.get(last);
  const begins = known === undefined || (id !== "" && known.id !== "" && id !== known.id && text(called["name"]) !== "");
  const call = begins ? { id, name: "", arguments: "" } : known;
  if (begins) state.calls.set(known === undefined ? slot : `${slot}/${state.calls.size}`, call);
  // A name comes whole or in pieces; a vendor that repeats it with every piece means one.
  const name = text(called["name"]);
  if (name !== call.name) call.name += name;
  const piece = typeof called["arguments"] === "object" && called["arguments"] !== null ? JSON.stringify(called["arguments"]) : text(called["arguments"]);
  call.arguments += piece;
  yield { type: "call-delta", name: call.name, text: piece };
}

function readUsage(usage: Json): Usage {
  const details = record(usage["prompt_tokens_details"]);
  const cacheRead = count(details["cached_tokens"]) || count(usage["prompt_cache_hit_tokens"]);
  const cacheWrite = count(details["cache_write_tokens"]);
  return { input: Math.max(0, count(usage["prompt_tokens"]) - cacheRead - cacheWrite), output: count(usage["completion_tokens"]), cacheRead, cacheWrite };
}

function partsOf(state: State, options: AnswerOptions): AssistantPart[] {
  const parts: AssistantPart[] = [{ type: "thinking", text: state.thinking }, ...opaqueOf(state, options), { type: "text", text: state.text }];
  if (state.filter.stopped) return parts;
  for (const call of state.calls.values()) {
    parts.push({ type: "call", id: newCallId(options.clock, options.random), name: call.name, ...parseArguments(call.arguments) });
  }
  return parts;
}

function opaqueOf(state: State, { name, model, compat }: AnswerOptions): AssistantPart[] {
  if (compat?.replayThinking === "reasoning_content" && state.thinking !== "") {
    return [{ type: "opaque", provider: name, data: { model, reasoning_content: state.thinking } }];
  }
  if (compat?.replayThinking === "reasoning_details" && state.details.length > 0) {
    return [{ type: "opaque", provider: name, data: { model, reasoning_details: mergeDetails(state.details) } }];
  }
  return [];
}

/** Pieces of one detail (same index and type) become one again: text is joined, other fields are those that came last. */
function mergeDetails(pieces: readonly unknown[]): Json[] {
  const merged = new Map<string, Record<string, unknown>>();
  for (const piece of pieces.map(record)) {
    const key = `${String(piece["index"])}/${String(piece["type"])}`;
    const before = merged.get(key);
    if (before === undefined) {
      merged.set(key, { ...piece });
      continue;
    }
    for (const [field, value] of Object.entries(piece)) {
      const joins = (field === "text" || field === "summary" || field === "data") && typeof value === "string" && typeof before[field] === "string";
      if (joins) before[field] = text(before[field]) + value;
      else if (value !== null) before[field] = value;
    }
  }
  return [...merged.values()];
}

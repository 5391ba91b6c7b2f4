import type { AssistantPart, StopReason } from "../../core/entry.ts";
import { noUsage, type ModelEvent, type Usage } from "../../core/model.ts";
import {
  assistantEnd,
  complaintIn,
  count,
  cut,
  modelFailure,
  newCallId,
  parseArguments,
  record,
  text,
  type WireEvent,
  type WireOptions,
} from "../../lib/model-wire/index.ts";
import { opaqueBlock } from "./request.ts";

type Json = Readonly<Record<string, unknown>>;

/** A content block while it grows. */
interface Block {
  readonly type: string;
  readonly start: Json;
  text: string;
  signature: string;
}

interface State {
  /** By index, in the order of their beginning. */
  readonly blocks: Map<number, Block>;
  stop: StopReason;
  usage: Usage;
}

const STOPS: Readonly<Record<string, StopReason>> = {
  end_turn: "end",
  stop_sequence: "end",
  pause_turn: "end",
  tool_use: "calls",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  refusal: "refusal",
};

/** The events of one answer. Complete only with `message_stop`. @throws ModelError `model_stream_cut`, or what an error event says. */
export async function* readAnswer(events: AsyncIterable<WireEvent>, options: WireOptions & { model: string }): AsyncGenerator<ModelEvent> {
  const state: State = { blocks: new Map(), stop: "end", usage: noUsage };
  for await (const { event, data } of events) {
    const type = text(data["type"]) || event;
    if (type === "message_stop") {
      yield assistantEnd(partsOf(state, options), state.stop, state.usage);
      return;
    }
    if (type === "error") {
      const complaint = complaintIn(data["error"]);
      throw modelFailure({ provider: options.name, model: options.model, ...complaint, now: options.clock.now() });
    }
    const shown = take(type, data, state);
    if (shown !== undefined) yield shown;
  }
  throw cut({ provider: options.name, model: options.model });
}

/** Takes one event in and answers what of it is to be seen live. */
function take(type: string, data: Json, state: State): ModelEvent | undefined {
  const index = count(data["index"]);
  switch (type) {
    case "message_start":
      state.usage = mergeUsage(state.usage, record(record(data["message"])["usage"]));
      return undefined;
    case "content_block_start": {
      const start = record(data["content_block"]);
      state.blocks.set(index, { type: text(start["type"]), start, text: text(start["text"]) || text(start["thinking"]), signature: text(start["signature"]) });
      return text(start["type"]) === "tool_use" ? { type: "call-delta", name: text(start["name"]), text: "" } : undefined;
    }
    case "content_block_delta": {
      const block = state.blocks.get(index);
      return block === undefined ? undefined : grow(block, record(data["delta"]));
    }
    case "message_delta": {
      const reason = text(record(data["delta"])["stop_reason"]);
      if (reason !== "") state.stop = STOPS[reason] ?? "end";
      state.usage = mergeUsage(state.usage, record(data["usage"]));
      return undefined;
    }
    case "ping":
      // Shows whoever watches for silence that the model is at work.
      return { type: "thinking", text: "" };
    default:
      return undefined;
  }
}

function grow(block: Block, delta: Json): ModelEvent | undefined {
  switch (delta["type"]) {
    case "text_delta":
      block.text += text(delta["text"]);
      return { type: "text", text: text(delta["text"]) };
    case "thinking_delta":
      block.text += text(delta["thinking"]);
      return { type: "thinking", text: text(delta["thinking"]) };
    case "signature_delta":
      block.signature += text(delta["signature"]);
      return undefined;
    case "input_json_delta":
      block.text += text(delta["partial_json"]);
      return { type: "call-delta", name: text(block.start["name"]), text: text(delta["partial_json"]) };
    default:
      return undefined;
  }
}

/** Figures of later events replace earlier ones; what they leave out stays. */
function mergeUsage(before: Usage, usage: Json): Usage {
  const figure = (name: string, old: number) => (typeof usage[name] === "number" ? count(usage[name]) : old);
  return {
    input: figure("input_tokens", before.input),
    output: figure("output_tokens", before.output),
    cacheRead: figure("cache_read_input_tokens", before.cacheRead),
    cacheWrite: figure("cache_creation_input_tokens", before.cacheWrite),
  };
}

function partsOf(state: State, options: WireOptions & { model: string }): AssistantPart[] {
  return [...state.blocks.values()].flatMap((block): AssistantPart[] => {
    switch (block.type) {
      case "text":
        return [{ type: "text", text: block.text }];
      case "thinking": {
        const thinking = { type: "thinking", thinking: block.text, signature: block.signature };
        const shown: AssistantPart = { type: "thinking", text: block.text };
        return block.signature === "" ? [shown] : [shown, opaqueBlock(options.name, options.model, thinking)];
      }
      case "redacted_thinking":
        return [opaqueBlock(options.name, options.model, { type: "redacted_thinking", data: text(block.start["data"]) })];
      case "tool_use": {
        const given = Object.keys(record(block.start["input"])).length > 0 ? JSON.stringify(block.start["input"]) : "";
        return [{ type: "call", id: newCallId(options.clock, options.random), name: text(block.start["name"]), ...parseArguments(block.text || given) }];
      }
      default:
        return [];
    }
  });
}

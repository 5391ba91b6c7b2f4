import type { AssistantPart } from "../../core/entry.ts";
import type { ModelRequest } from "../../core/model.ts";
import { record, toSteps, wireCallId, wireToolName, type Compat, type ModelRule, type Step } from "../../lib/model-wire/index.ts";

type Json = Record<string, unknown>;

export interface BodyOptions {
  readonly provider: string;
  readonly model: string;
  readonly rule: Omit<ModelRule, "match">;
  readonly compat: Compat;
}

/** Tokens that a thinking model may need before its answer; the limit counts both. */
const THINKING_TOKENS = { off: 0, low: 4_096, medium: 8_192, high: 16_384 } as const;
/** OpenAI takes four. */
const MAX_STOPS = 4;

/** The body of POST /chat/completions. */
export function toBody(request: ModelRequest, options: BodyOptions): Json {
  const { compat, rule } = options;
  const steps = toSteps(request.entries, options.provider, options.model);
  const tools = compat.tools === false ? [] : request.tools;
  const thinks = rule.thinking !== "none";
  const sampling = rule.sampling !== false;
  const stops = (request.stop ?? []).filter((stop) => stop !== "").slice(0, MAX_STOPS);
  return {
    model: options.model,
    stream: true,
    ...(compat.streamUsage !== false && { stream_options: { include_usage: true } }),
    [compat.maxTokensField ?? "max_completion_tokens"]: request.maxTokens + (thinks ? THINKING_TOKENS[request.thinking] : 0),
    messages: [
      ...(request.system === "" ? [] : [{ role: compat.systemRole ?? "system", content: request.system }]),
      ...steps.flatMap((step) => toMessages(step, compat)),
    ],
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, parameters }) => ({ type: "function", function: { name, description, parameters } })),
      ...toolChoiceOf(request),
    }),
    ...(thinks && thinkingOf(request, options)),
    ...(request.temperature !== undefined && sampling && { temperature: request.temperature }),
    ...(stops.length > 0 && sampling && { stop: stops }),
    ...(compat.promptCacheKey === true && request.cacheKey !== undefined && { prompt_cache_key: request.cacheKey.slice(0, 64) }),
  };
}

function toolChoiceOf({ toolChoice }: ModelRequest): Json {
  if (toolChoice === undefined || toolChoice === "auto") return {};
  return { tool_choice: typeof toolChoice === "string" ? toolChoice : { type: "function", function: { name: toolChoice.name } } };
}

function thinkingOf(request: ModelRequest, { compat, rule }: BodyOptions): Json {
  const effort = request.thinking === "off" ? rule.off : request.thinking;
  if (effort === undefined) return {};
  return compat.thinkingField === "reasoning" ? { reasoning: { effort } } : { reasoning_effort: effort };
}

function toMessages(step: Step, compat: Compat): Json[] {
  if (step.kind === "user") return [{ role: "user", content: userContent(step, compat) }];
  const text = step.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
  const calls = step.parts.flatMap((part) => (part.type === "call" ? [toToolCall(part)] : []));
  return [
    {
      role: "assistant",
      content: text === "" && calls.length > 0 ? null : text,
      ...(calls.length > 0 && { tool_calls: calls }),
      ...replayed(step.parts, compat),
    },
    ...step.results.map((result) => ({
      role: "tool",
      tool_call_id: wireCallId(result.callId),
      content: result.error ? `[error] ${result.text}` : result.text,
    })),
  ];
}

function userContent(step: Extract<Step, { kind: "user" }>, compat: Compat): string | Json[] {
  const text = step.text === "" ? "(an empty message)" : step.text;
  if (step.images.length === 0 || compat.images === false) return text;
  const images = step.images.map((image) => ({
    type: "image_url",
    image_url: { url: `data:${image.type};base64,${Buffer.from(image.bytes).toString("base64")}` },
  }));
  return [{ type: "text", text }, ...images];
}

function toToolCall(part: Extract<AssistantPart, { type: "call" }>): Json {
  return { id: wireCallId(part.id), type: "function", function: { name: wireToolName(part.name), arguments: JSON.stringify(record(part.args)) } };
}

/** Thinking that the model's maker wants back. */
function replayed(parts: readonly AssistantPart[], compat: Compat): Json {
  const field = compat.replayThinking;
  if (field === undefined) return {};
  const opaque = parts.find((part) => part.type === "opaque");
  const value = opaque === undefined ? undefined : record(opaque.data)[field];
  return value === undefined ? {} : { [field]: value };
}

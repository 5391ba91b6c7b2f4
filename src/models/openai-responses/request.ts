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
/** The API refuses a smaller limit. */
const MIN_TOKENS = 16;

/** The body of POST /responses. Nothing is stored at the provider: reasoning travels with the transcript, encrypted. */
export function toBody(request: ModelRequest, options: BodyOptions): Json {
  const { compat, rule } = options;
  const steps = toSteps(request.entries, options.provider, options.model);
  const tools = compat.tools === false ? [] : request.tools;
  const thinks = rule.thinking !== "none";
  return {
    model: options.model,
    stream: true,
    store: false,
    ...(request.system !== "" && { instructions: request.system }),
    input: steps.flatMap((step) => toItems(step, compat)),
    max_output_tokens: Math.max(MIN_TOKENS, request.maxTokens + (thinks ? THINKING_TOKENS[request.thinking] : 0)),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, parameters }) => ({ type: "function", name, description, parameters, strict: false })),
      ...toolChoiceOf(request),
    }),
    ...(thinks && { include: ["reasoning.encrypted_content"], ...reasoningOf(request, rule) }),
    ...(request.temperature !== undefined && rule.sampling !== false && { temperature: request.temperature }),
    ...(compat.promptCacheKey !== false && request.cacheKey !== undefined && { prompt_cache_key: request.cacheKey.slice(0, 64) }),
  };
}

function toolChoiceOf({ toolChoice }: ModelRequest): Json {
  if (toolChoice === undefined || toolChoice === "auto") return {};
  return { tool_choice: typeof toolChoice === "string" ? toolChoice : { type: "function", name: toolChoice.name } };
}

function reasoningOf(request: ModelRequest, rule: BodyOptions["rule"]): Json {
  if (request.thinking !== "off") return { reasoning: { effort: request.thinking, summary: "auto" } };
  return rule.off === undefined ? {} : { reasoning: { effort: rule.off } };
}

function toItems(step: Step, compat: Compat): Json[] {
  if (step.kind === "user") return [{ role: "user", content: userContent(step, compat) }];
  return [
    ...step.parts.flatMap((part, index) => toItem(part, step.parts.slice(index + 1))),
    ...step.results.map((result) => ({
      type: "function_call_output",
      call_id: wireCallId(result.callId),
      output: result.error ? `[error] ${result.text}` : result.text,
    })),
  ];
}

function toItem(part: AssistantPart, behind: readonly AssistantPart[]): Json[] {
  if (part.type === "text") return [{ role: "assistant", content: [{ type: "output_text", text: part.text }] }];
  if (part.type === "call") {
    return [{ type: "function_call", call_id: wireCallId(part.id), name: wireToolName(part.name), arguments: JSON.stringify(record(part.args)) }];
  }
  // A reasoning item is refused without the item that it led to.
  if (part.type === "opaque" && behind.some((later) => later.type !== "opaque")) return [record(record(part.data)["item"])];
  return [];
}

function userContent(step: Extract<Step, { kind: "user" }>, compat: Compat): Json[] {
  const images = compat.images === false ? [] : step.images;
  return [
    { type: "input_text", text: step.text === "" ? "(an empty message)" : step.text },
    ...images.map((image) => ({
      type: "input_image",
      detail: "auto",
      image_url: `data:${image.type};base64,${Buffer.from(image.bytes).toString("base64")}`,
    })),
  ];
}

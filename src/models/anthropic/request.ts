import type { AssistantPart } from "../../core/entry.ts";
import type { ModelRequest } from "../../core/model.ts";
import { record, text, toSteps, wireCallId, wireToolName, type Compat, type ModelRule, type Step } from "../../lib/model-wire/index.ts";

type Json = Record<string, unknown>;

interface WireMessage {
  readonly role: "user" | "assistant";
  readonly content: Json[];
}

export interface BodyOptions {
  readonly provider: string;
  readonly model: string;
  readonly rule: Omit<ModelRule, "match">;
  readonly compat: Compat;
}

/** Tokens of thinking by level; they come on top of the answer's own. */
const THINKING_TOKENS = { low: 2_048, medium: 8_192, high: 16_384 } as const;
const CACHED = { cache_control: { type: "ephemeral" } };
/** The kinds that the Messages API takes. */
const IMAGE_TYPES = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

/** The body of POST /v1/messages. Breakpoints of the prompt cache stand behind the tools, the system prompt and the last user content: everything before is stable. */
export function toBody(request: ModelRequest, options: BodyOptions): Json {
  const steps = toSteps(request.entries, options.provider, options.model);
  const tools = options.compat.tools === false ? [] : toolsOf(request, steps);
  const thinking = thinkingOf(request, options, steps);
  const sampling = options.rule.sampling !== false;
  return {
    model: options.model,
    max_tokens: request.maxTokens + (thinking === undefined ? 0 : THINKING_TOKENS[thinking.level]),
    stream: true,
    ...(request.system !== "" && { system: [{ type: "text", text: request.system, ...CACHED }] }),
    messages: withCachePoint(toMessages(steps, options, thinking !== undefined)),
    ...(tools.length > 0 && { tools: tools.map((tool, index) => (index === tools.length - 1 ? { ...tool, ...CACHED } : tool)) }),
    ...(tools.length > 0 && toolChoiceOf(request)),
    ...thinking?.fields,
    // With thinking the API takes no temperature but its own.
    ...(request.temperature !== undefined && sampling && thinking === undefined && { temperature: Math.min(1, request.temperature) }),
    ...(stopsOf(request).length > 0 && { stop_sequences: stopsOf(request) }),
  };
}

/** The API refuses a stop sequence of white space alone. */
function stopsOf(request: ModelRequest): string[] {
  return (request.stop ?? []).filter((stop) => stop.trim() !== "");
}

/** A transcript with calls needs their tools declared even when none is offered any more. */
function toolsOf(request: ModelRequest, steps: readonly Step[]): Json[] {
  if (request.tools.length > 0) return request.tools.map((tool) => ({ name: tool.name, description: tool.description, input_schema: tool.parameters }));
  const used = new Set(steps.flatMap((step) => (step.kind === "assistant" ? callsOf(step.parts).map((call) => wireToolName(call.name)) : [])));
  return [...used].map((name) => ({ name, input_schema: { type: "object", properties: {} } }));
}

function toolChoiceOf(request: ModelRequest): Json {
  if (request.tools.length === 0 || request.toolChoice === "none") return { tool_choice: { type: "none" } };
  if (request.toolChoice === "required") return { tool_choice: { type: "any" } };
  if (typeof request.toolChoice === "object") return { tool_choice: { type: "tool", name: request.toolChoice.name } };
  return {};
}

/**
 * Thinking as the model takes it, or nothing. It is left out where the API refuses it: with a forced tool, and in the middle of a round of tool calls whose
 * asking step was made by another model and so has no thinking to show.
 */
function thinkingOf(request: ModelRequest, { rule }: BodyOptions, steps: readonly Step[]): { fields: Json; level: keyof typeof THINKING_TOKENS } | undefined {
  const level = request.thinking;
  if (level === "off" || rule.thinking === "none") return undefined;
  if (request.toolChoice === "required" || typeof request.toolChoice === "object") return undefined;
  const last = steps.findLast((step) => step.kind === "assistant");
  if (last?.kind === "assistant" && last.results.length > 0 && !last.parts.some((part) => part.type === "opaque")) return undefined;
  if (rule.thinking === "adaptive") return { level, fields: { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort: level } } };
  return { level, fields: { thinking: { type: "enabled", budget_tokens: THINKING_TOKENS[level] } } };
}

function toMessages(steps: readonly Step[], options: BodyOptions, thinking: boolean): WireMessage[] {
  const messages: WireMessage[] = [];
  // Roles must alternate: results and the user message behind them are one message, and so are two assistant steps in a row.
  const add = (role: WireMessage["role"], content: Json[]) => {
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) messages.push({ role, content: [...content] });
  };
  if (steps[0]?.kind !== "user") add("user", [{ type: "text", text: "(The conversation goes on.)" }]);
  for (const step of steps) {
    if (step.kind === "user") add("user", userContent(step, options.compat));
    else {
      add("assistant", assistantContent(step.parts, thinking));
      add("user", step.results.map(toolResult));
    }
  }
  // An answer at the end would be taken as the beginning of the next one, which newer models refuse.
  if (messages.at(-1)?.role === "assistant") add("user", [{ type: "text", text: "(Go on.)" }]);
  return messages;
}

function userContent(step: Extract<Step, { kind: "user" }>, compat: Compat): Json[] {
  const images = compat.images === false ? [] : step.images.filter((image) => IMAGE_TYPES.has(image.type));
  const content: Json[] = images.map((image) => ({
    type: "image",
    source: { type: "base64", media_type: image.type, data: Buffer.from(image.bytes).toString("base64") },
  }));
  if (step.text.trim() !== "" || content.length === 0) content.push({ type: "text", text: step.text.trim() === "" ? "(an empty message)" : step.text });
  return content;
}

function assistantContent(parts: readonly AssistantPart[], thinking: boolean): Json[] {
  return parts.flatMap((part): Json[] => {
    if (part.type === "text") return [{ type: "text", text: part.text }];
    if (part.type === "call") return [{ type: "tool_use", id: wireCallId(part.id), name: wireToolName(part.name), input: record(part.args) }];
    if (part.type === "opaque" && thinking) return [record(record(part.data)["block"])];
    return [];
  });
}

function toolResult(result: { callId: string; text: string; error: boolean }): Json {
  return {
    type: "tool_result",
    tool_use_id: wireCallId(result.callId),
    ...(result.text.trim() !== "" && { content: [{ type: "text", text: result.text }] }),
    ...(result.error && { is_error: true }),
  };
}

function withCachePoint(messages: readonly WireMessage[]): WireMessage[] {
  const last = messages.findLastIndex((message) => message.role === "user");
  return messages.map((message, index) => {
    if (index !== last) return message;
    const content = message.content.map((block, at) => (at === message.content.length - 1 ? { ...block, ...CACHED } : block));
    return { role: message.role, content };
  });
}

function callsOf(parts: readonly AssistantPart[]): Extract<AssistantPart, { type: "call" }>[] {
  return parts.filter((part) => part.type === "call");
}

/** What is kept of a thinking block, for its own model alone. */
export function opaqueBlock(provider: string, model: string, block: Json): AssistantPart {
  return { type: "opaque", provider, data: { model, block: { ...block, type: text(block["type"]) } } };
}

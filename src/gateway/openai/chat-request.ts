import type { AssistantPart } from "../../core/entry.ts";
import type { ModelEntry, ToolSpec } from "../../core/model.ts";
import type { GatewayDeps } from "../deps.ts";
import { callPart, checkResults, contentOf, userEntry } from "./content-parts.ts";
import { headerSession, userSession, type DoorHeaders, type DoorRequest } from "./door-request.ts";
import { invalid, unsupported } from "./open-ai-error.ts";
import {
  checkParameters,
  checkToolNames,
  optionalFlag,
  optionalNumber,
  optionalText,
  refuseInSession,
  targetOf,
  thinkingOf,
  toolChoiceOf,
  toolOf,
  type Body,
  type Harmless,
} from "./parameters.ts";

const USED = new Set([
  "model",
  "messages",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "stop",
  "user",
  "reasoning_effort",
]);
const HARMLESS: Readonly<Record<string, Harmless>> = {
  n: [1],
  logprobs: [false],
  top_logprobs: [0],
  top_p: [1],
  presence_penalty: [0],
  frequency_penalty: [0],
  logit_bias: [{}],
  response_format: [{ type: "text" }],
  modalities: [["text"]],
  parallel_tool_calls: [true],
  store: [false],
  service_tier: ["auto", "default"],
  verbosity: ["medium"],
  metadata: "any",
  safety_identifier: "any",
  prompt_cache_key: "any",
  prompt_cache_retention: "any",
};
const STATELESS_ONLY = ["tools", "tool_choice", "max_tokens", "max_completion_tokens", "temperature", "stop"];

export interface ChatRequest {
  readonly door: DoorRequest;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

/** The body of POST /v1/chat/completions. @throws OpenAiError naming the parameter that is wrong or cannot be honoured. */
export async function parseChatRequest(body: Body, headers: DoorHeaders, deps: GatewayDeps): Promise<ChatRequest> {
  checkParameters(body, USED, HARMLESS);
  const target = targetOf(body, deps.agents.list());
  const stream = optionalFlag(body, "stream") ?? false;
  const user = optionalText(body, "user");
  const thinking = thinkingOf(body["reasoning_effort"], "reasoning_effort");
  const { system, entries } = parseMessages(body["messages"], deps.clock.now());
  const common = { stream, includeUsage: includeUsageOf(body, stream) };
  const named = headers.session === undefined ? undefined : await headerSession(deps.store, target.agent, headers.session);
  const session = named ?? (user === undefined || user === "" ? undefined : userSession(target.agent, user));
  if (session !== undefined) {
    refuseInSession(body, STATELESS_ONLY);
    const last = entries.at(-1);
    if (last?.content.role !== "user") throw invalid("messages", "the last message has to be the user's: only it is new in a session.");
    const text = last.content.message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
    const { idempotencyKey } = headers;
    return {
      ...common,
      door: { kind: "durable", session, message: text, images: last.images ?? [], model: target.model, thinking, system, idempotencyKey, name: target.name },
    };
  }
  const tools = toolsOf(body["tools"]);
  const toolChoice = toolChoiceOf(body["tool_choice"], tools);
  const most = { least: 1, most: 10_000_000 };
  const maxTokens = optionalNumber(body, "max_completion_tokens", most) ?? optionalNumber(body, "max_tokens", most);
  const temperature = optionalNumber(body, "temperature", { least: 0, most: 2 });
  const stop = stopOf(body["stop"]);
  const input = {
    agent: target.agent,
    entries,
    ...(target.model === undefined ? {} : { model: target.model }),
    ...(system === undefined ? {} : { system }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(stop === undefined ? {} : { stop }),
    ...(thinking === undefined ? {} : { thinking }),
  };
  return { ...common, door: { kind: "stateless", input, name: target.name } };
}

function includeUsageOf(body: Body, stream: boolean): boolean {
  const options = body["stream_options"];
  if (options === undefined || options === null) return false;
  if (!stream) throw invalid("stream_options", "it is only allowed with stream.");
  const { include_usage, include_obfuscation, ...rest } = options as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw unsupported(`stream_options.${unknown}`, "It cannot be honoured here.");
  if (include_obfuscation === true) throw unsupported("stream_options.include_obfuscation", "It cannot be honoured here.");
  return include_usage === true;
}

function toolsOf(value: unknown): ToolSpec[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid("tools", "expected a list.");
  const tools = value.map((item: { type?: unknown; function?: unknown } | null, i) => {
    if (item?.type !== "function") throw unsupported(`tools[${i}].type`, "Only functions can be offered.");
    return toolOf(item.function, `tools[${i}].function`);
  });
  checkToolNames(tools);
  return tools;
}

function stopOf(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > 4 || !list.every((item) => typeof item === "string" && item !== "")) throw invalid("stop", "expected a text or up to four.");
  return list as string[];
}

function parseMessages(value: unknown, at: number): { system: string | undefined; entries: ModelEntry[] } {
  if (!Array.isArray(value) || value.length === 0) throw invalid("messages", "expected a list with at least one message.");
  const system: string[] = [];
  const entries: ModelEntry[] = [];
  const names = new Map<string, string>();
  value.forEach((item: unknown, i) => {
    const param = `messages[${i}]`;
    const message = (typeof item === "object" && item !== null ? item : {}) as Record<string, unknown>;
    switch (message["role"]) {
      case "system":
      case "developer":
        system.push(textOnly(message["content"], `${param}.content`));
        break;
      case "user":
        entries.push(userEntry(contentOf(message["content"], `${param}.content`), { sender: optionalText(message, "name"), at }));
        break;
      case "assistant":
        entries.push({ content: { role: "assistant", model: "", ...assistantParts(message, param, names) } });
        break;
      case "tool": {
        const callId = String(message["tool_call_id"] ?? "");
        const text = textOnly(message["content"], `${param}.content`);
        entries.push({ content: { role: "tool", callId, name: names.get(callId) ?? "", text, error: false } });
        break;
      }
      default:
        throw invalid(`${param}.role`, "expected system, developer, user, assistant or tool.");
    }
  });
  checkResults(entries, "messages");
  if (entries.length === 0) throw invalid("messages", "there is no message of a user.");
  return { system: system.length === 0 ? undefined : system.join("\n\n"), entries };
}

function textOnly(value: unknown, param: string): string {
  const { text, images } = contentOf(value, param);
  if (images.length > 0) throw unsupported(param, "Images may stand in messages of the user only.");
  return text;
}

function assistantParts(message: Body, param: string, names: Map<string, string>): { parts: AssistantPart[]; stop: "calls" | "end" } {
  if (message["function_call"] !== undefined && message["function_call"] !== null) throw unsupported(`${param}.function_call`, "Use tool_calls.");
  const content = message["content"] ?? message["refusal"];
  const text = content === undefined || content === null ? "" : textOnly(content, `${param}.content`);
  const calls = message["tool_calls"] ?? [];
  if (!Array.isArray(calls)) throw invalid(`${param}.tool_calls`, "expected a list.");
  const parts: AssistantPart[] = text === "" ? [] : [{ type: "text", text }];
  calls.forEach((call: { id?: unknown; function?: { name?: unknown; arguments?: unknown } } | null, i) => {
    const part = callPart({ id: call?.id, name: call?.function?.name, arguments: call?.function?.arguments }, `${param}.tool_calls[${i}]`);
    names.set(part.id, part.name);
    parts.push(part);
  });
  return { parts, stop: calls.length > 0 ? "calls" : "end" };
}

import { asList, checkSchema, serveModels, type Json, type ModelServer, type Seen } from "./serve.ts";

export const openAiKey = "sk-proj-canary-0123456789";

/** A server that speaks Chat Completions and holds requests to its rules. */
export function fakeOpenAiChat(): Promise<ModelServer> {
  return serveModels({
    check,
    complain: (message) => ({ error: { message, type: "invalid_request_error", param: null, code: null } }),
    models: () => ({
      object: "list",
      data: [
        { id: "gpt-4.1", object: "model", owned_by: "openai" },
        {
          id: "vendor/seer",
          object: "model",
          context_length: 64_000,
          architecture: { input_modalities: ["text", "image"] },
          supported_parameters: ["reasoning"],
        },
      ],
    }),
  });
}

const FIELDS = new Set([
  "model",
  "stream",
  "stream_options",
  "max_tokens",
  "max_completion_tokens",
  "messages",
  "tools",
  "tool_choice",
  "reasoning_effort",
  "reasoning",
  "temperature",
  "stop",
  "prompt_cache_key",
]);

function check({ method, path, headers, body }: Seen): string | undefined {
  if (headers["authorization"] !== `Bearer ${openAiKey}`) return "Incorrect API key provided";
  if (method === "GET") return path === "/v1/models" ? undefined : `Invalid URL (GET ${path})`;
  if (path !== "/v1/chat/completions") return `Invalid URL (POST ${path})`;
  const extra = Object.keys(body).find((field) => !FIELDS.has(field));
  if (extra !== undefined) return `Unrecognized request argument supplied: ${extra}`;
  if (typeof body["model"] !== "string") return "you must provide a model parameter";
  if ((body["max_tokens"] === undefined) === (body["max_completion_tokens"] === undefined)) return "exactly one limit of tokens is needed";
  if (body["tools"] !== undefined && asList(body["tools"]).length === 0) return "[] is too short - 'tools'";
  if (body["tool_choice"] !== undefined && body["tools"] === undefined) return "'tool_choice' is only allowed when 'tools' are specified.";
  for (const tool of asList(body["tools"])) {
    const declared = tool["function"] as Json;
    const wrong = tool["type"] === "function" ? checkSchema(declared["name"], declared["parameters"]) : "tools.type";
    if (wrong !== undefined) return wrong;
  }
  return checkMessages(asList(body["messages"]));
}

function checkMessages(messages: readonly Json[]): string | undefined {
  if (!messages.some((message) => message["role"] === "user")) return "messages: no user message";
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const role = String(message["role"]);
    if (role !== "tool" && open.size > 0) {
      return `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. Missing: ${[...open].join(", ")}`;
    }
    if ((role === "system" || role === "developer") && index > 0) return `messages.${index}: system comes first`;
    if (role === "tool") {
      if (!open.delete(String(message["tool_call_id"]))) return `messages.${index}: role 'tool' must be a response to a preceding message with 'tool_calls'.`;
      if (typeof message["content"] !== "string") return `messages.${index}: tool content`;
      continue;
    }
    const calls = asList(message["tool_calls"]);
    const wrong = role === "assistant" ? checkAssistant(message, calls) : checkContent(message["content"]);
    if (wrong !== undefined) return `messages.${index}: ${wrong}`;
    open = new Set(calls.map((call) => String(call["id"])));
    if (open.size !== calls.length) return `messages.${index}: duplicate tool call id`;
  }
  return open.size > 0 ? "tool_calls without tool messages at the end" : undefined;
}

function checkAssistant(message: Json, calls: readonly Json[]): string | undefined {
  if (message["tool_calls"] !== undefined && calls.length === 0) return "tool_calls is an empty array";
  if (calls.length === 0 && (typeof message["content"] !== "string" || message["content"] === "")) return "an assistant message needs content or tool_calls";
  for (const call of calls) {
    const id = String(call["id"]);
    if (id.length > 40) return `tool call id longer than 40: ${id}`;
    const called = call["function"] as Json;
    if (call["type"] !== "function" || !/^[a-zA-Z0-9_-]{1,64}$/.test(String(called["name"]))) return "tool call function name";
    if (typeof called["arguments"] !== "string") return "arguments must be a string";
    const args = JSON.parse(called["arguments"]) as unknown;
    if (typeof args !== "object" || args === null || Array.isArray(args)) return "arguments must be an object in JSON";
  }
  return undefined;
}

function checkContent(content: unknown): string | undefined {
  if (typeof content === "string") return content === "" ? "empty content" : undefined;
  for (const part of asList(content)) {
    if (part["type"] === "text" && typeof part["text"] === "string") continue;
    if (part["type"] === "image_url" && /^data:image\/[a-z]+;base64,.+/.test(String((part["image_url"] as Json)["url"]))) continue;
    return "unknown content part";
  }
  return asList(content).length === 0 ? "empty content" : undefined;
}

import { asList, checkSchema, serveModels, type Json, type ModelServer, type Seen } from "./serve.ts";

export const anthropicKey = "sk-ant-canary-0123456789";

/** A server that speaks the Messages API and holds requests to its rules. */
export function fakeAnthropic(): Promise<ModelServer> {
  return serveModels({
    check,
    complain: (message) => ({ type: "error", error: { type: "invalid_request_error", message }, request_id: "req_011" }),
    models: ({ path }) =>
      path.includes("after_id")
        ? {
            data: [{ type: "model", id: "claude-haiku-4-5-20251001", display_name: "Claude Haiku 4.5" }],
            has_more: false,
            last_id: "claude-haiku-4-5-20251001",
          }
        : {
            data: [{ type: "model", id: "claude-sonnet-4-6", display_name: "Claude Sonnet 4.6", max_input_tokens: 1_000_000 }],
            has_more: true,
            last_id: "claude-sonnet-4-6",
          },
  });
}

function check({ method, path, headers, body }: Seen): string | undefined {
  if (headers["x-api-key"] !== anthropicKey) return "authentication_error: invalid x-api-key";
  if (headers["anthropic-version"] !== "2023-06-01") return "anthropic-version: header is required";
  if (method === "GET") return path.startsWith("/v1/models") ? undefined : `no such path ${path}`;
  if (path !== "/v1/messages") return `no such path ${path}`;
  if (typeof body["model"] !== "string" || typeof body["max_tokens"] !== "number") return "model and max_tokens are required";
  return checkFields(body) ?? checkThinking(body) ?? checkTools(body) ?? checkMessages(body) ?? checkCache(body);
}

const FIELDS = new Set([
  "model",
  "max_tokens",
  "stream",
  "system",
  "messages",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "temperature",
  "stop_sequences",
]);

function checkFields(body: Json): string | undefined {
  const extra = Object.keys(body).find((field) => !FIELDS.has(field));
  if (extra !== undefined) return `${extra}: Extra inputs are not permitted`;
  if (asList(body["stop_sequences"]).some((stop) => String(stop).trim() === "")) return "stop_sequences: each must contain non-whitespace";
  return undefined;
}

function checkThinking(body: Json): string | undefined {
  const thinking = body["thinking"] as Json | undefined;
  if (thinking === undefined || thinking["type"] === "disabled") return undefined;
  if (body["temperature"] !== undefined && body["temperature"] !== 1) return "temperature may only be set to 1 when thinking is enabled";
  const choice = (body["tool_choice"] as Json | undefined)?.["type"];
  if (choice === "any" || choice === "tool") return "Thinking may not be enabled when tool_choice forces tool use.";
  if (thinking["type"] === "adaptive") return undefined;
  const budget = Number(thinking["budget_tokens"]);
  if (!(budget >= 1_024 && budget < Number(body["max_tokens"]))) return "max_tokens must be greater than thinking.budget_tokens, which must be at least 1024";
  const messages = asList(body["messages"]);
  const last = messages.findLast((message) => message["role"] === "assistant");
  const blocks = asList(last?.["content"]);
  const first = blocks[0]?.["type"];
  if (blocks.some((block) => block["type"] === "tool_use") && first !== "thinking" && first !== "redacted_thinking") {
    return "Expected `thinking` or `redacted_thinking`, but found `tool_use`: a final assistant message must start with a thinking block";
  }
  return undefined;
}

function checkTools(body: Json): string | undefined {
  for (const tool of asList(body["tools"])) {
    const wrong = checkSchema(tool["name"], tool["input_schema"]);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function checkMessages(body: Json): string | undefined {
  const messages = asList(body["messages"]);
  if (messages.length === 0) return "messages: at least one message is required";
  let open: string[] = [];
  const known = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const role = index % 2 === 0 ? "user" : "assistant";
    if (message["role"] !== role) return `messages.${index}: roles must alternate between "user" and "assistant"`;
    const content = asList(message["content"]);
    if (content.length === 0) return `messages.${index}: content must be non-empty`;
    const results = content.filter((block) => block["type"] === "tool_result").map((block) => String(block["tool_use_id"]));
    const missing = open.find((id) => !results.includes(id));
    if (missing !== undefined) return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing}`;
    const orphan = results.find((id) => !open.includes(id));
    if (orphan !== undefined) return `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${orphan}`;
    if (results.length !== new Set(results).size) return `messages.${index}: each tool_use must have a single result`;
    if (content.findLastIndex((block) => block["type"] === "tool_result") >= results.length) return `messages.${index}: tool_result blocks must come first`;
    for (const [at, block] of content.entries()) {
      const wrong = checkBlock(block, role, known, `messages.${index}.content.${at}`);
      if (wrong !== undefined) return wrong;
    }
    open = content.filter((block) => block["type"] === "tool_use").map((block) => String(block["id"]));
    if (open.length > 0 && asList(body["tools"]).length === 0) return "tools: field required when messages have tool_use";
  }
  if (open.length > 0) return "the last message has tool_use without tool_result";
  return messages.at(-1)?.["role"] === "user" ? undefined : "This model does not support assistant message prefill.";
}

function checkBlock(block: Json, role: string, known: Set<string>, where: string): string | undefined {
  switch (block["type"]) {
    case "text":
      return typeof block["text"] === "string" && block["text"].trim() !== "" ? undefined : `${where}: text content blocks must contain non-whitespace text`;
    case "image": {
      const source = block["source"] as Json;
      const valid =
        role === "user" && source["type"] === "base64" && /^image\/(png|jpeg|gif|webp)$/.test(String(source["media_type"])) && String(source["data"]) !== "";
      return valid ? undefined : `${where}: not a valid image`;
    }
    case "tool_use": {
      const id = String(block["id"]);
      if (role !== "assistant") return `${where}: tool_use is the assistant's`;
      if (!/^[a-zA-Z0-9_-]+$/.test(id)) return `${where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'`;
      if (known.has(id)) return `${where}: \`tool_use\` ids must be unique`;
      known.add(id);
      if (typeof block["input"] !== "object" || block["input"] === null || Array.isArray(block["input"]))
        return `${where}.input: Input should be a valid dictionary`;
      return /^[a-zA-Z0-9_-]{1,128}$/.test(String(block["name"])) ? undefined : `${where}.name: not valid`;
    }
    case "tool_result":
      return role === "user" ? undefined : `${where}: tool_result is the user's`;
    case "thinking":
      return String(block["signature"]).startsWith("EqQBsig") ? undefined : `${where}: Invalid \`signature\` in \`thinking\` block`;
    case "redacted_thinking":
      return typeof block["data"] === "string" && block["data"] !== "" ? undefined : `${where}: Invalid data`;
    default:
      return `${where}: unknown block ${String(block["type"])}`;
  }
}

function checkCache(body: Json): string | undefined {
  const places = [...asList(body["tools"]), ...asList(body["system"]), ...asList(body["messages"]).flatMap((message) => asList(message["content"]))];
  const cached = places.filter((block) => block["cache_control"] !== undefined);
  if (cached.some((block) => block["type"] === "thinking" || block["type"] === "redacted_thinking")) return "cache_control cannot be set for thinking blocks";
  return cached.length > 4 ? "A maximum of 4 blocks with cache_control may be provided." : undefined;
}

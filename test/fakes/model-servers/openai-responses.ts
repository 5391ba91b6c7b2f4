import { openAiKey } from "./openai-chat.ts";
import { asList, checkSchema, serveModels, type Json, type ModelServer, type Seen } from "./serve.ts";

/** A server that speaks the Responses API (stateless use) and holds requests to its rules. */
export function fakeOpenAiResponses(): Promise<ModelServer> {
  return serveModels({
    check,
    complain: (message) => ({ error: { message, type: "invalid_request_error", param: null, code: null } }),
    models: () => ({ object: "list", data: [{ id: "gpt-5.1", object: "model", owned_by: "openai" }] }),
  });
}

const FIELDS = new Set([
  "model",
  "stream",
  "store",
  "instructions",
  "input",
  "max_output_tokens",
  "tools",
  "tool_choice",
  "include",
  "reasoning",
  "temperature",
  "prompt_cache_key",
]);

function check({ method, path, headers, body }: Seen): string | undefined {
  if (headers["authorization"] !== `Bearer ${openAiKey}`) return "Incorrect API key provided";
  if (method === "GET") return path === "/v1/models" ? undefined : `Invalid URL (GET ${path})`;
  if (path !== "/v1/responses") return `Invalid URL (POST ${path})`;
  const extra = Object.keys(body).find((field) => !FIELDS.has(field));
  if (extra !== undefined) return `Unknown parameter: '${extra}'.`;
  if (body["store"] !== false) return "the test wants nothing stored";
  if (Number(body["max_output_tokens"]) < 16) return "Invalid 'max_output_tokens': integer below minimum value.";
  for (const tool of asList(body["tools"])) {
    const wrong = tool["type"] === "function" ? checkSchema(tool["name"], tool["parameters"]) : "tools.type";
    if (wrong !== undefined) return wrong;
  }
  return checkInput(asList(body["input"]));
}

function checkInput(items: readonly Json[]): string | undefined {
  if (items.length === 0) return "input: empty";
  const called = new Set<string>();
  const answered = new Set<string>();
  for (const [index, item] of items.entries()) {
    const wrong = checkItem(item, items[index + 1], called, answered);
    if (wrong !== undefined) return `input[${index}]: ${wrong}`;
  }
  const open = [...called].find((id) => !answered.has(id));
  return open === undefined ? undefined : `No tool output found for function call ${open}.`;
}

function checkItem(item: Json, next: Json | undefined, called: Set<string>, answered: Set<string>): string | undefined {
  const id = String(item["call_id"]);
  switch (item["type"] ?? "message") {
    case "message": {
      const wanted = item["role"] === "assistant" ? ["output_text"] : ["input_text", "input_image"];
      const content = asList(item["content"]);
      if (content.length === 0 || content.some((part) => !wanted.includes(String(part["type"])))) return `content of role ${String(item["role"])}`;
      return content.some((part) => part["type"] !== "input_image" && part["text"] === "") ? "empty text" : undefined;
    }
    case "function_call":
      if (called.has(id)) return `duplicate call_id ${id}`;
      called.add(id);
      if (id.length > 64 || !/^[a-zA-Z0-9_-]{1,64}$/.test(String(item["name"]))) return "call_id or name";
      return typeof JSON.parse(String(item["arguments"])) === "object" ? undefined : "arguments";
    case "function_call_output":
      if (!called.has(id)) return `No tool call found for function call output with call_id ${id}.`;
      if (answered.has(id)) return `second output for ${id}`;
      answered.add(id);
      return typeof item["output"] === "string" ? undefined : "output";
    case "reasoning":
      if (!String(item["id"]).startsWith("rs_") || !String(item["encrypted_content"]).startsWith("gAAAA"))
        return "The encrypted content could not be verified.";
      if (!Array.isArray(item["summary"])) return "summary is required";
      return next === undefined || next["type"] === "function_call_output" || next["role"] === "user"
        ? `Item '${String(item["id"])}' of type 'reasoning' was provided without its required following item.`
        : undefined;
    default:
      return `unknown type ${String(item["type"])}`;
  }
}

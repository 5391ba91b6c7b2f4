import type { AssistantPart } from "../../core/entry.ts";
import type { ModelEntry, ToolSpec } from "../../core/model.ts";
import { newId } from "../../core/random.ts";
import type { GatewayDeps } from "../deps.ts";
import { callPart, checkResults, contentOf, userEntry } from "./content-parts.ts";
import { headerSession, userSession, type DoorHeaders, type DoorRequest } from "./door-request.ts";
import { invalid, OpenAiError, unsupported } from "./open-ai-error.ts";
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
  "input",
  "instructions",
  "previous_response_id",
  "store",
  "stream",
  "tools",
  "tool_choice",
  "max_output_tokens",
  "temperature",
  "user",
  "reasoning",
]);
const HARMLESS: Readonly<Record<string, Harmless>> = {
  background: [false],
  include: [[]],
  parallel_tool_calls: [true],
  service_tier: ["auto", "default"],
  text: [{}, { format: { type: "text" } }, { format: { type: "text" }, verbosity: "medium" }, { verbosity: "medium" }],
  top_logprobs: [0],
  top_p: [1],
  truncation: ["disabled"],
  stream_options: [{}, { include_obfuscation: false }],
  metadata: "any",
  safety_identifier: "any",
  prompt_cache_key: "any",
  prompt_cache_retention: "any",
};
const STATELESS_ONLY = ["tools", "tool_choice", "max_output_tokens", "temperature"];

export interface ResponsesRequest {
  readonly door: DoorRequest;
  readonly stream: boolean;
  /** As asked, for the response object. */
  readonly body: Body;
}

/** The body of POST /v1/responses. @throws OpenAiError naming the parameter that is wrong or cannot be honoured. */
export async function parseResponsesRequest(body: Body, headers: DoorHeaders, deps: GatewayDeps): Promise<ResponsesRequest> {
  checkParameters(body, USED, HARMLESS);
  const target = targetOf(body, deps.agents.list());
  const stream = optionalFlag(body, "stream") ?? false;
  const instructions = optionalText(body, "instructions");
  const thinking = thinkingOf(effortOf(body["reasoning"]), "reasoning.effort");
  const { system: inner, entries } = parseInput(body["input"], deps.clock.now());
  const system = [instructions, inner].filter((text) => text !== undefined && text !== "").join("\n\n") || undefined;
  const session = await sessionOf(body, headers, { deps, entries, agent: target.agent });
  if (session !== undefined) {
    refuseInSession(body, STATELESS_ONLY);
    const last = entries.at(-1);
    if (last?.content.role !== "user") throw invalid("input", "the last item has to be the user's message: only it is new in a session.");
    const message = last.content.message.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
    const { idempotencyKey } = headers;
    return {
      stream,
      body,
      door: { kind: "durable", session, message, images: last.images ?? [], model: target.model, thinking, system, idempotencyKey, name: target.name },
    };
  }
  const tools = toolsOf(body["tools"]);
  const toolChoice = toolChoiceOf(body["tool_choice"], tools);
  const maxTokens = optionalNumber(body, "max_output_tokens", { least: 1, most: 10_000_000 });
  const temperature = optionalNumber(body, "temperature", { least: 0, most: 2 });
  checkResults(entries, "input");
  const input = {
    agent: target.agent,
    entries,
    ...(target.model === undefined ? {} : { model: target.model }),
    ...(system === undefined ? {} : { system }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(thinking === undefined ? {} : { thinking }),
  };
  return { stream, body, door: { kind: "stateless", input, name: target.name } };
}

/**
 * The session a request belongs to; undefined = stateless. `store: false` is stateless. Without user, header and previous_response_id a request is
 * stored (OpenAI's default) in a session of its own when nothing of it would be lost there: one message of the user and no parameter that a session cannot take.
 */
async function sessionOf(
  body: Body,
  headers: DoorHeaders,
  asked: { deps: GatewayDeps; entries: readonly ModelEntry[]; agent: string },
): Promise<string | undefined> {
  const { deps, entries, agent } = asked;
  const store = optionalFlag(body, "store");
  const previous = optionalText(body, "previous_response_id");
  const user = optionalText(body, "user");
  if (store === false) {
    if (previous !== undefined) throw unsupported("previous_response_id", "With store: false nothing is continued.");
    return undefined;
  }
  if (previous !== undefined) return sessionOfResponse(deps, previous);
  if (headers.session !== undefined) return headerSession(deps.store, agent, headers.session);
  if (user !== undefined && user !== "") return userSession(agent, user);
  const fits = entries.length === 1 && STATELESS_ONLY.every((name) => body[name] === undefined || body[name] === null);
  return store === true || fits ? `agent:${agent}:web:chat:${newId(deps.clock, deps.random)}` : undefined;
}

async function sessionOfResponse(deps: GatewayDeps, responseId: string): Promise<string> {
  const turnId = /^resp_([A-Za-z0-9-]{1,64})$/.exec(responseId)?.[1];
  const turn = turnId === undefined ? undefined : await deps.store.getTurn({ id: turnId });
  if (turn !== undefined) return turn.sessionKey;
  const message = `Previous response with id '${responseId.slice(0, 100)}' not found; a stateless response cannot be continued.`;
  throw new OpenAiError(message, { status: 404, param: "previous_response_id", code: "previous_response_not_found" });
}

function effortOf(reasoning: unknown): unknown {
  if (reasoning === undefined || reasoning === null) return undefined;
  if (typeof reasoning !== "object") throw invalid("reasoning", "expected an object.");
  const { effort, ...rest } = reasoning as Record<string, unknown>;
  const other = Object.entries(rest).find(([, value]) => value !== null && value !== undefined);
  if (other !== undefined) throw unsupported(`reasoning.${other[0]}`, "It cannot be honoured here.");
  return effort;
}

function toolsOf(value: unknown): ToolSpec[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid("tools", "expected a list.");
  const tools = value.map((item: { type?: unknown } | null, i) => {
    if (item?.type !== "function") throw unsupported(`tools[${i}].type`, "Only functions can be offered.");
    return toolOf(item, `tools[${i}]`);
  });
  checkToolNames(tools);
  return tools;
}

function parseInput(value: unknown, at: number): { system: string | undefined; entries: ModelEntry[] } {
  if (typeof value === "string" && value !== "") return { system: undefined, entries: [userEntry({ text: value, images: [] }, { at })] };
  if (!Array.isArray(value) || value.length === 0) throw invalid("input", "expected a text or a list of items.");
  const system: string[] = [];
  const entries: ModelEntry[] = [];
  const names = new Map<string, string>();
  value.forEach((raw: unknown, i) => {
    const param = `input[${i}]`;
    const item = (typeof raw === "object" && raw !== null ? raw : {}) as Record<string, unknown>;
    const type = item["type"] ?? "message";
    if (type === "message") {
      const content = contentOf(item["content"], `${param}.content`);
      if (item["role"] === "system" || item["role"] === "developer") system.push(content.text);
      else if (item["role"] === "user") entries.push(userEntry(content, { at }));
      else if (item["role"] === "assistant") addAssistant(entries, content.text === "" ? [] : [{ type: "text", text: content.text }]);
      else throw invalid(`${param}.role`, "expected user, assistant, system or developer.");
    } else if (type === "function_call") {
      const part = callPart({ id: item["call_id"], name: item["name"], arguments: item["arguments"] }, param);
      names.set(part.id, part.name);
      addAssistant(entries, [part]);
    } else if (type === "function_call_output") {
      const callId = String(item["call_id"] ?? "");
      entries.push({ content: { role: "tool", callId, name: names.get(callId) ?? "", text: contentOf(item["output"], `${param}.output`).text, error: false } });
    } else if (type !== "reasoning") throw unsupported(`${param}.type`, `Items of type '${String(type).slice(0, 50)}' cannot be read here.`);
  });
  return { system: system.length === 0 ? undefined : system.join("\n\n"), entries };
}

/** Items of one step of the assistant come apart; a model wants them as one entry. */
function addAssistant(entries: ModelEntry[], parts: readonly AssistantPart[]): void {
  const last = entries.at(-1)?.content;
  const before = last?.role === "assistant" ? last.parts : [];
  if (last?.role === "assistant") entries.pop();
  const all = [...before, ...parts];
  entries.push({ content: { role: "assistant", parts: all, model: "", stop: all.some((part) => part.type === "call") ? "calls" : "end" } });
}

import type { ToolSpec } from "../../core/model.ts";
import type { Thinking } from "../../core/update.ts";
import type { StatelessInput } from "../deps.ts";
import { invalid, OpenAiError, unsupported } from "./open-ai-error.ts";

export type Body = Readonly<Record<string, unknown>>;

/** What a parameter may be when it changes nothing for us: one of these values, or `any` for a hint to the server. */
export type Harmless = "any" | readonly unknown[];

/**
 * Every parameter is either used, harmless at its value, or refused by name. Null is like absent.
 * @throws OpenAiError
 */
export function checkParameters(body: Body, used: ReadonlySet<string>, harmless: Readonly<Record<string, Harmless>>): void {
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined || used.has(name)) continue;
    const allowed = Object.hasOwn(harmless, name) ? harmless[name] : undefined;
    if (allowed === undefined) throw unsupported(name, "It cannot be honoured here.");
    if (allowed !== "any" && !allowed.some((one) => JSON.stringify(one) === JSON.stringify(value)))
      throw unsupported(name, "Only its default can be honoured here.");
  }
}

/** Parameters that a durable turn of a session cannot take over. @throws OpenAiError naming the first one that is set. */
export function refuseInSession(body: Body, names: readonly string[]): void {
  for (const name of names) {
    const value = body[name];
    if (value === undefined || value === null || (name === "tool_choice" && value === "auto") || (Array.isArray(value) && value.length === 0)) continue;
    throw unsupported(name, "It cannot be honoured in a session; leave out user and X-Clanker-Session for a stateless request.");
  }
}

export function optionalText(body: Body, name: string): string | undefined {
  const value = body[name] ?? undefined;
  if (value !== undefined && typeof value !== "string") throw invalid(name, "expected a string.");
  return value;
}

export function optionalNumber(body: Body, name: string, range: { least: number; most: number }): number | undefined {
  const value = body[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value >= range.least && value <= range.most))
    throw invalid(name, `expected a number from ${range.least} to ${range.most}.`);
  return value;
}

export function optionalFlag(body: Body, name: string): boolean | undefined {
  const value = body[name] ?? undefined;
  if (value !== undefined && typeof value !== "boolean") throw invalid(name, "expected true or false.");
  return value;
}

export interface Target {
  readonly agent: string;
  /** `provider:model` */
  readonly model: string | undefined;
  /** As the caller wrote it. */
  readonly name: string;
}

/** `clanker`, `clanker/AGENT` or `provider:model`. @throws OpenAiError 404 for anything else. */
export function targetOf(body: Body, agents: readonly { readonly name: string }[]): Target {
  const name = optionalText(body, "model");
  if (name === undefined || name === "") throw new OpenAiError("You must provide a model parameter.", { param: "model", code: "missing_required_parameter" });
  if (name === "clanker") return { agent: "main", model: undefined, name };
  const agent = /^clanker\/(.+)$/.exec(name)?.[1];
  if (agent !== undefined && agents.some((known) => known.name === agent)) return { agent, model: undefined, name };
  if (agent === undefined && /^[A-Za-z0-9_-]{1,64}:\S{1,200}$/.test(name)) return { agent: "main", model: name, name };
  throw new OpenAiError(`The model '${name.slice(0, 100)}' does not exist. Use clanker, clanker/AGENT or provider:model.`, {
    status: 404,
    param: "model",
    code: "model_not_found",
  });
}

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** One function of the caller, from either API's shape. */
export function toolOf(value: unknown, param: string): ToolSpec {
  const { name, description, parameters, strict } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof name !== "string" || !TOOL_NAME.test(name)) throw invalid(`${param}.name`, "expected 1 to 64 letters, digits, - or _.");
  if (strict === true) throw unsupported(`${param}.strict`, "Arguments are not forced to match the schema.");
  if (parameters !== undefined && parameters !== null && (typeof parameters !== "object" || Array.isArray(parameters)))
    throw invalid(`${param}.parameters`, "expected a JSON Schema.");
  return {
    name,
    description: typeof description === "string" ? description : "",
    parameters: (parameters ?? { type: "object", properties: {} }) as Record<string, unknown>,
  };
}

export function checkToolNames(tools: readonly ToolSpec[]): void {
  const twice = tools.find((tool, i) => tools.findIndex((other) => other.name === tool.name) !== i);
  if (twice !== undefined) throw invalid("tools", `there are two tools named '${twice.name}'.`);
}

/** Either API's tool_choice; a named function has to be one of the caller's. */
export function toolChoiceOf(value: unknown, tools: readonly ToolSpec[]): StatelessInput["toolChoice"] {
  if (value === undefined || value === null) return undefined;
  if (value === "auto" || value === "none") return value;
  if (value === "required") return value;
  const named = (typeof value === "object" ? value : {}) as { type?: unknown; name?: unknown; function?: { name?: unknown } };
  const name = named.type === "function" ? (named.name ?? named.function?.name) : undefined;
  if (typeof name !== "string") throw unsupported("tool_choice", "Expected auto, none, required or a function.");
  if (!tools.some((tool) => tool.name === name)) throw invalid("tool_choice", `there is no tool named '${name}'.`);
  return { name };
}

const EFFORTS: Readonly<Record<string, Thinking>> = { none: "off", minimal: "low", low: "low", medium: "medium", high: "high" };

export function thinkingOf(value: unknown, param: string): Thinking | undefined {
  if (value === undefined || value === null) return undefined;
  const thinking = typeof value === "string" && Object.hasOwn(EFFORTS, value) ? EFFORTS[value] : undefined;
  if (thinking === undefined) throw invalid(param, "expected none, minimal, low, medium or high.");
  return thinking;
}

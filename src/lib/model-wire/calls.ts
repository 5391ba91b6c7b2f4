import { createHash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { AssistantPart, StopReason, ToolCallPart } from "../../core/entry.ts";
import type { ModelEvent, Usage } from "../../core/model.ts";
import { newId, type Random } from "../../core/random.ts";

/** OpenAI takes at most 40 characters, Anthropic only these. */
const CALL_ID = /^[A-Za-z0-9_-]{1,40}$/;
const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Our own id of a call: unique, and valid on every wire as it is. */
export function newCallId(clock: Clock, random: Random): string {
  return `call_${newId(clock, random).replaceAll("-", "")}`;
}

/** A call id as every wire takes it. The same id always becomes the same text, so calls and results keep belonging together. */
export function wireCallId(id: string): string {
  return CALL_ID.test(id) ? id : `call_${createHash("sha256").update(id).digest("hex").slice(0, 32)}`;
}

/** A tool's name in a transcript as every wire takes it: models do make up names, and those are replayed too. */
export function wireToolName(name: string): string {
  return TOOL_NAME.test(name) ? name : name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64) || "tool";
}

/** A call's arguments from the text that the model wrote. Nothing at all means no arguments. */
export function parseArguments(written: string): Pick<ToolCallPart, "args" | "invalid"> {
  if (written.trim() === "") return { args: {} };
  try {
    const args = JSON.parse(written) as unknown;
    if (typeof args === "object" && args !== null && !Array.isArray(args)) return { args };
    return { args: {}, invalid: "The arguments must be a JSON object." };
  } catch {
    return { args: {}, invalid: `The arguments were not valid JSON: ${written.slice(0, 200)}` };
  }
}

/**
 * The last event of a step. A step with calls stops for `calls` whatever the vendor says (some say "stop", and a step at its token limit still wants its whole
 * calls answered); a refused step has none. Empty texts are left out.
 */
export function assistantEnd(parts: readonly AssistantPart[], stop: StopReason, usage: Usage): ModelEvent {
  const kept = parts.filter((part) => (part.type === "text" || part.type === "thinking" ? part.text !== "" : part.type !== "call" || stop !== "refusal"));
  const calls = kept.some((part) => part.type === "call");
  return { type: "end", parts: kept, stop: calls ? "calls" : stop === "calls" ? "end" : stop, usage };
}

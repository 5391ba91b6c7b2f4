import type { Clock } from "../core/clock.ts";
import type { AssistantPart, StopReason, ToolCallPart } from "../core/entry.ts";
import type { ModelEntry } from "../core/model.ts";
import { newId, type Random } from "../core/random.ts";
import type { Tool } from "../core/tool.ts";
import { canonicalJson } from "../lib/canonical-json/index.ts";
import { checkArgs } from "../lib/check-args/index.ts";

/** How often a turn may make the same call, same tool and same arguments (fault-40). */
export const MAX_REPEATS = 5;
/** How many calls a turn may make in all. */
export const MAX_CALLS = 200;

export type Breaker = "repeat_breaker" | "call_limit";

/** What a turn has called so far; grows with each planned step. */
export interface CallCount {
  total: number;
  readonly repeats: Map<string, number>;
  /** Every call id of the context, so that a repeated one of a careless model gets a new name. */
  readonly ids: Set<string>;
}

/** Counts the calls of the turn that is resumed: those of the last `stepsDone` assistant entries. */
export function countCalls(entries: readonly ModelEntry[], stepsDone: number): CallCount {
  const count: CallCount = { total: 0, repeats: new Map(), ids: new Set() };
  const steps = entries.flatMap(({ content }) => (content.role === "assistant" ? [content.parts.filter((part) => part.type === "call")] : []));
  for (const call of steps.flat()) count.ids.add(call.id);
  for (const call of stepsDone > 0 ? steps.slice(-stepsDone).flat() : []) countOne(count, call);
  return count;
}

function countOne(count: CallCount, call: ToolCallPart): number {
  const key = `${call.name} ${canonicalJson(call.args)}`;
  const repeats = (count.repeats.get(key) ?? 0) + 1;
  count.repeats.set(key, repeats);
  count.total += 1;
  return repeats;
}

export interface PlanInput {
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason;
  readonly tools: readonly Tool[];
  /** Names of the API caller's tools: their calls are handed out, not run. */
  readonly callerTools: ReadonlySet<string>;
  readonly count: CallCount;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Plan {
  /** The step's parts; a call that will not be run carries `invalid`, and its result is that error. */
  readonly parts: AssistantPart[];
  /** Calls of our own tools, in order. */
  readonly own: ToolCallPart[];
  /** Calls of the API caller's tools, in order. */
  readonly callers: ToolCallPart[];
  /** Set when this step passed a limit: the run ends after its results. */
  readonly breaker?: Breaker;
}

/** Decides for each call of a step whether it may run. Nothing runs here. */
export function planCalls(input: PlanInput): Plan {
  const parts: AssistantPart[] = [];
  const own: ToolCallPart[] = [];
  const callers: ToolCallPart[] = [];
  let breaker: Breaker | undefined;
  for (const [index, part] of input.parts.entries()) {
    if (part.type !== "call") {
      parts.push(part);
      continue;
    }
    const call = withOwnId(part, input);
    const isCut = input.stop === "length" && index === input.parts.length - 1;
    // A caller's call that is broken is answered here, like ours, so that the model mends it.
    if (input.callerTools.has(call.name) && call.invalid === undefined && !isCut) {
      parts.push(call);
      callers.push(call);
      continue;
    }
    breaker ??= overLimit(call, input.count);
    const invalid = call.invalid ?? (breaker === undefined ? reasonAgainst(call, input.tools, isCut) : LIMIT_TEXT[breaker]);
    const planned = invalid === undefined ? call : { ...call, invalid };
    parts.push(planned);
    own.push(planned);
  }
  return { parts, own, callers, ...(breaker !== undefined && { breaker }) };
}

const LIMIT_TEXT: Record<Breaker, string> = {
  repeat_breaker: `not run: the same call was made more than ${MAX_REPEATS} times`,
  call_limit: `not run: more than ${MAX_CALLS} calls in one turn`,
};

/** Why a call of a resumed step may not run now: its tool may have gone or changed since. */
export function recheck(call: ToolCallPart, tools: readonly Tool[]): ToolCallPart {
  const invalid = call.invalid ?? reasonAgainst(call, tools, false);
  return invalid === undefined ? call : { ...call, invalid };
}

function withOwnId(call: ToolCallPart, { count, clock, random }: PlanInput): ToolCallPart {
  const fresh = call.id !== "" && !count.ids.has(call.id);
  const id = fresh ? call.id : newId(clock, random);
  count.ids.add(id);
  return fresh ? call : { ...call, id };
}

function overLimit(call: ToolCallPart, count: CallCount): Breaker | undefined {
  const repeats = countOne(count, call);
  if (repeats > MAX_REPEATS) return "repeat_breaker";
  return count.total > MAX_CALLS ? "call_limit" : undefined;
}

function reasonAgainst(call: ToolCallPart, tools: readonly Tool[], isCut: boolean): string | undefined {
  if (isCut) return "the call was cut off by the limit of output tokens; make it shorter";
  const tool = tools.find((one) => one.spec.name === call.name);
  if (tool === undefined)
    return `there is no tool named ${JSON.stringify(call.name.slice(0, 100))}; known: ${tools.map((one) => one.spec.name).join(", ") || "none"}`;
  return checkArgs(tool.spec.parameters, call.args);
}

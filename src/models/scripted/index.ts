/** A model that says what a script tells it: the shipped fake for tests and the simulator. Deterministic; time passes through the Clock alone. */
import { sleep, type Clock } from "../../core/clock.ts";
import type { AssistantPart, StopReason, ToolCallPart } from "../../core/entry.ts";
import { ModelError } from "../../core/errors.ts";
import { noUsage, type Model, type ModelEvent, type ModelInfo, type ModelRequest, type Provider, type Usage } from "../../core/model.ts";
import { obey } from "./obedient.ts";

/** One thing that happens in a scripted stream. */
export type ScriptItem =
  | ModelEvent
  /** Silence for `ms` of the Clock. */
  | { readonly type: "delay"; readonly ms: number }
  /** Nothing more, until the caller aborts. */
  | { readonly type: "hang" }
  /** The stream ends without `end`: ModelError `model_stream_cut`, as adapters throw it. */
  | { readonly type: "cut" }
  | { readonly type: "throw"; readonly error: ModelError };

/**
 * What the model does with its request number `index` (from 0, over all models of the provider). A list that ends without `end`, `throw` or `hang` is cut.
 * @param model the part behind `provider:`.
 */
export type Script = (request: ModelRequest, index: number, model: string) => readonly ScriptItem[];

export interface ScriptedOptions {
  /** Default `scripted`. */
  readonly name?: string;
  /** Needed by scripts with delays. */
  readonly clock?: Clock;
  /** Default: one, `test`, with 100,000 tokens. */
  readonly models?: readonly ModelInfo[];
  /** Default: the provider's name. */
  readonly credential?: string;
}

export interface ScriptedRequest {
  readonly model: string;
  readonly request: ModelRequest;
  readonly signal: AbortSignal;
  /** Clock's monotonic milliseconds, 0 without a clock. */
  readonly at: number;
}

export interface ScriptedProvider extends Provider {
  /** Every request so far, oldest first. */
  readonly requests: readonly ScriptedRequest[];
}

/**
 * @param script what to answer, or `obedient`: a model that obeys every `CALL tool {json}` and `SAY text` that it reads anywhere (security.md, the Obedient Model).
 * @example createScripted(() => reply("hello"))
 */
export function createScripted(script: Script | "obedient", options: ScriptedOptions = {}): ScriptedProvider {
  const name = options.name ?? "scripted";
  const infos = options.models ?? [{ id: `${name}:test`, contextTokens: 100_000, images: true, thinking: true }];
  const run: Script = script === "obedient" ? obey : script;
  const requests: ScriptedRequest[] = [];
  const model = (id: string): Model => ({
    id: `${name}:${id}`,
    contextTokens: infos.find((info) => info.id === `${name}:${id}`)?.contextTokens ?? 100_000,
    credential: options.credential ?? name,
    stream: (request, signal) => {
      requests.push({ model: id, request, signal, at: options.clock?.monotonic() ?? 0 });
      return play(run(request, requests.length - 1, id), options.clock, signal);
    },
  });
  return { name, requests, models: async () => [...infos], model };
}

async function* play(items: readonly ScriptItem[], clock: Clock | undefined, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  for (const item of items) {
    if (signal.aborted) throw aborted();
    switch (item.type) {
      case "delay":
        if (clock === undefined) throw new ModelError("scripted_without_clock", "a script with delays needs a clock", "invalid");
        await sleep(clock, item.ms, signal);
        break;
      case "hang":
        await untilAborted(signal);
        break;
      case "cut":
        throw cut();
      case "throw":
        throw item.error;
      case "end":
        yield item;
        return;
      default:
        yield item;
    }
    if (signal.aborted) throw aborted();
  }
  throw cut();
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function aborted(): ModelError {
  return new ModelError("model_aborted", "the model call was aborted", "away");
}

function cut(): ModelError {
  return new ModelError("model_stream_cut", "the stream was cut", "away");
}

export interface ReplyOptions {
  readonly stop?: StopReason;
  readonly usage?: Usage;
  readonly thinking?: string;
}

/** The events of a plain answer, one per word. */
export function reply(text: string, options: ReplyOptions = {}): ModelEvent[] {
  const words = text.match(/\s*\S+\s*/gu) ?? (text === "" ? [] : [text]);
  const parts: AssistantPart[] = [];
  const events: ModelEvent[] = [];
  if (options.thinking !== undefined) {
    parts.push({ type: "thinking", text: options.thinking });
    events.push({ type: "thinking", text: options.thinking });
  }
  if (text !== "") parts.push({ type: "text", text });
  events.push(...words.map((word) => ({ type: "text", text: word }) as const));
  return [...events, { type: "end", parts, stop: options.stop ?? "end", usage: options.usage ?? noUsage }];
}

/** The events of a step that calls tools, perhaps with a text before. Ids that are left out come from the place in the list. */
export function callTools(
  calls: readonly { readonly id?: string; readonly name: string; readonly args?: unknown; readonly invalid?: string }[],
  options: ReplyOptions & { readonly text?: string } = {},
): ModelEvent[] {
  const parts: ToolCallPart[] = calls.map(({ id, name, args, invalid }, index) => ({
    type: "call",
    id: id ?? `call-${index}`,
    name,
    args: args ?? {},
    ...(invalid !== undefined && { invalid }),
  }));
  const texts = options.text === undefined ? [] : [{ type: "text", text: options.text } as const];
  const deltas = parts.map((call) => ({ type: "call-delta", name: call.name, text: JSON.stringify(call.args) }) as const);
  return [...texts, ...deltas, { type: "end", parts: [...texts, ...parts], stop: options.stop ?? "calls", usage: options.usage ?? noUsage }];
}

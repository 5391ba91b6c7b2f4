/** The built-in demo: answers without key, network or AI, so that the first start of the gateway already works. */
import { sleep, type Clock } from "../../core/clock.ts";
import type { AssistantPart, StopReason, ToolCallPart } from "../../core/entry.ts";
import { ModelError } from "../../core/errors.ts";
import type { Model, ModelEvent, ModelInfo, ModelRequest, Provider, Usage } from "../../core/model.ts";
import { newId, type Random } from "../../core/random.ts";
import { readConversation, type Conversation } from "./conversation.ts";
import { writeAnswer } from "./answers.ts";
import { wantedCalls } from "./wanted-calls.ts";

export interface OfflineOptions {
  readonly clock: Clock;
  /** For call ids; without it they come from the clock and a counter. */
  readonly random?: Random;
  /** Milliseconds before each word, default 20; 0 sets no timer at all. */
  readonly wordDelayMs?: number;
}

const INFO: ModelInfo = { id: "offline:demo", contextTokens: 100_000, images: false, thinking: false };

/** The provider `offline` with its one model `demo`. The same conversation always gets the same words. */
export function createOffline(options: OfflineOptions): Provider {
  let made = 0;
  const nextId = (): string => {
    made += 1;
    return options.random === undefined ? `offline-${options.clock.now()}-${made}` : newId(options.clock, options.random);
  };
  return {
    name: "offline",
    models: async () => [INFO],
    model: (name): Model => ({
      id: `offline:${name}`,
      contextTokens: INFO.contextTokens,
      credential: "offline",
      stream: (request, signal) => speak(name, request, { signal, nextId, ...options }),
    }),
  };
}

interface Speaking extends OfflineOptions {
  readonly signal: AbortSignal;
  nextId(): string;
}

async function* speak(name: string, request: ModelRequest, { signal, nextId, clock, wordDelayMs: delay = 20 }: Speaking): AsyncGenerator<ModelEvent> {
  if (name !== "demo") {
    throw new ModelError("model_not_found", `the built-in provider has no model ${JSON.stringify(name)}`, "invalid", {
      hint: "its only model is offline:demo; run `clanker setup` to choose a real one",
    });
  }
  const conversation = readConversation(request.entries);
  const calls = callsFor(conversation, request, nextId);
  const text = calls.length > 0 ? "" : writeAnswer(conversation);
  let written = "";
  for (const word of text.match(/\s*\S+\s*/gu) ?? []) {
    if (tokens(written + word) > request.maxTokens) break;
    if (delay > 0) await sleep(clock, delay, signal);
    if (signal.aborted) throw new ModelError("model_aborted", "the model call was aborted", "away");
    written += word;
    yield { type: "text", text: word };
  }
  const parts: AssistantPart[] = [...(written === "" ? [] : [{ type: "text", text: written } as const]), ...calls];
  for (const call of calls) yield { type: "call-delta", name: call.name, text: JSON.stringify(call.args) };
  const stop: StopReason = calls.length > 0 ? "calls" : written.length < text.length ? "length" : "end";
  yield { type: "end", parts, stop, usage: usageOf(request, written, calls) };
}

/** The demo calls tools in the first step of a turn alone: behind results it speaks. */
function callsFor(conversation: Conversation, request: ModelRequest, nextId: () => string): ToolCallPart[] {
  if (conversation.results.length > 0 || request.toolChoice === "none") return [];
  const offered = new Set(request.tools.map((tool) => tool.name));
  return wantedCalls(conversation.said)
    .filter((call) => offered.has(call.name))
    .map(({ name, args }) => ({ type: "call", id: nextId(), name, args }));
}

/** What it would have cost elsewhere, roughly: the demo is for trying things out, the numbers too. */
function usageOf(request: ModelRequest, written: string, calls: readonly ToolCallPart[]): Usage {
  const prompt = request.entries.reduce(
    (sum, { content }) => sum + tokens(JSON.stringify(content)),
    tokens(request.system) + tokens(JSON.stringify(request.tools)),
  );
  return { input: prompt, output: tokens(written) + tokens(calls.length === 0 ? "" : JSON.stringify(calls)), cacheRead: 0, cacheWrite: 0 };
}

function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}

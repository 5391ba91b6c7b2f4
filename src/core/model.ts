import type { AssistantPart, Entry, StopReason } from "./entry.ts";
import type { Thinking } from "./update.ts";

export interface Usage {
  /** Prompt tokens without those read from or written to a cache. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

export const noUsage: Usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

export function addUsage(a: Usage, b: Usage): Usage {
  return { input: a.input + b.input, output: a.output + b.output, cacheRead: a.cacheRead + b.cacheRead, cacheWrite: a.cacheWrite + b.cacheWrite };
}

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, an object. */
  readonly parameters: Record<string, unknown>;
}

/** What a model sees: entries in order, always with a result for every call. */
export interface ModelRequest {
  readonly system: string;
  readonly entries: readonly ModelEntry[];
  readonly tools: readonly ToolSpec[];
  readonly maxTokens: number;
  readonly thinking: Thinking;
  /** Same for all calls of a session: lets a provider route to its cache. */
  readonly cacheKey?: string;
  readonly temperature?: number;
  readonly toolChoice?: "auto" | "none" | "required" | { readonly name: string };
  readonly stop?: readonly string[];
}

/** An entry as the model gets it; images of user messages are already bytes. */
export type ModelEntry = Pick<Entry, "content"> & {
  readonly images?: readonly { readonly type: string; readonly bytes: Uint8Array }[];
  /** Our estimate, where it is known; no matter to a provider. */
  readonly tokens?: number;
  /** Stays at the front when the prompt has to be made shorter; no matter to a provider. */
  readonly pinned?: true;
};

export type ModelEvent =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "thinking"; readonly text: string }
  /** A call has begun; arguments follow. Live only. */
  | { readonly type: "call-delta"; readonly name: string; readonly text: string }
  /** The last event of every stream that was not cut: the whole step, merged. */
  | { readonly type: "end"; readonly parts: readonly AssistantPart[]; readonly stop: StopReason; readonly usage: Usage };

/** One model of one provider. Call ids in `end.parts` are made by the adapter, unique. */
export interface Model {
  /** `provider:model`. */
  readonly id: string;
  /** Tokens the model can take; 0 = unknown. */
  readonly contextTokens: number;
  /** Milliseconds of silence that are normal for it; default 60,000. A model on the owner's own machine may read a long prompt for minutes. */
  readonly silenceMs?: number;
  /** Which credential is used, for cooldowns; no secret. */
  readonly credential: string;
  /**
   * Streams one step. A stream that ends without `end` was cut: the adapter throws ModelError `model_stream_cut`.
   * @throws ModelError always typed; aborting `signal` ends the iteration with ModelError `model_aborted`.
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
}

export interface ModelInfo {
  readonly id: string;
  readonly contextTokens: number;
  readonly images: boolean;
  readonly thinking: boolean;
}

export interface Provider {
  readonly name: string;
  /** Models to choose from; asks the provider where it has a list. @throws ModelError */
  models(signal?: AbortSignal): Promise<ModelInfo[]>;
  /** @param model the part behind `provider:`. */
  model(model: string): Model;
}

import type { Clock } from "../../core/clock.ts";
import type { Http } from "../../core/http.ts";
import type { ModelInfo } from "../../core/model.ts";
import type { Random } from "../../core/random.ts";
import type { Secret } from "../../core/secret.ts";

/** How some models of a provider differ. The first rule whose `match` fits the model's name counts. */
export interface ModelRule {
  /** Regular expression on the model's name. */
  readonly match: string;
  /** How thinking is asked for: `effort` (OpenAI), `budget` or `adaptive` (Anthropic), `none`: the model refuses to be asked. */
  readonly thinking?: "effort" | "budget" | "adaptive" | "none";
  /** Effort that stands for thinking `off`; without it nothing is sent then. */
  readonly off?: string;
  /** False: the model refuses temperature and stop sequences; the first is left out, the second applied here. */
  readonly sampling?: boolean;
}

/** Quirks of a vendor as data. Every key has a default that fits the wire's inventor. */
export interface Compat {
  /** Chat Completions: name of the token limit. Default max_completion_tokens. */
  readonly maxTokensField?: "max_tokens" | "max_completion_tokens";
  /** Chat Completions: who speaks the system prompt. Default system. */
  readonly systemRole?: "system" | "developer";
  /** False: tools are not offered. Default true. */
  readonly tools?: boolean;
  /** False: images are left out. Default true. */
  readonly images?: boolean;
  /** Chat Completions: `stream_options.include_usage` is understood. Default true. */
  readonly streamUsage?: boolean;
  /** Chat Completions: field that carries the thinking effort. Default reasoning_effort. */
  readonly thinkingField?: "reasoning_effort" | "reasoning";
  /** Chat Completions: fields of a delta that hold thinking. Default reasoning_content, reasoning. */
  readonly thinkingText?: readonly string[];
  /** Chat Completions: field in which thinking is handed back to its maker within a round of tool calls. Default: it is not. */
  readonly replayThinking?: "reasoning_content" | "reasoning_details";
  /** `prompt_cache_key` is understood. Default false for Chat Completions, true for Responses. */
  readonly promptCacheKey?: boolean;
  /** Milliseconds until the response begins and of silence inside it. Default 60,000. */
  readonly silenceMs?: number;
  /** Regular expression on names of listed models that are nothing to talk to: embeddings, speech, images. */
  readonly notChat?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly models?: readonly ModelRule[];
}

/** What every wire client is made from. */
export interface WireOptions {
  /** Name of the provider, the part before the colon of `provider:model`. */
  readonly name: string;
  /** As the owner wrote it. */
  readonly baseUrl: string;
  readonly apiKey?: Secret;
  readonly compat?: Compat;
  readonly http: Http;
  readonly random: Random;
  readonly clock: Clock;
  /** What is known about models beside what the provider tells. */
  readonly models?: readonly ModelInfo[];
  /** Tokens that models of this provider take when nothing is known about them. Default 0 = unknown. */
  readonly contextTokens?: number;
}

const NO_RULE: Omit<ModelRule, "match"> = {};

export function ruleFor(compat: Compat | undefined, model: string): Omit<ModelRule, "match"> {
  return compat?.models?.find((rule) => new RegExp(rule.match, "i").test(model)) ?? NO_RULE;
}

import type { ModelInfo } from "../core/model.ts";
import type { Price } from "../core/price.ts";
import type { Compat, ModelRule } from "../lib/model-wire/index.ts";

/** The wire that a provider speaks; each has its folder beside this file. */
export type WireKind = "anthropic" | "openai-chat" | "openai-responses";

export interface KnownModel extends ModelInfo {
  /** List price; absent where we are not sure. */
  readonly price?: Price;
}

/** A vendor as data: what the owner need not write. */
export interface ProviderPreset {
  readonly kind: WireKind;
  /** Undefined: the owner has to give it. */
  readonly baseUrl?: string;
  /** Environment variable in which the vendor's own tools look for the key. */
  readonly keyEnv?: string;
  readonly needsKey: boolean;
  readonly compat: Compat;
  readonly models: readonly KnownModel[];
}

const ANTHROPIC_MODELS: readonly ModelRule[] = [
  { match: "^claude-3-(5|opus|sonnet|haiku)", thinking: "none" },
  { match: "^claude-(3-7|(opus|sonnet|haiku)-4(-[015])?(-20\\d{6})?$)", thinking: "budget" },
  { match: "^claude-(opus|sonnet)-4-6", thinking: "adaptive" },
  { match: "^claude-", thinking: "adaptive", sampling: false },
];

const OPENAI_MODELS: readonly ModelRule[] = [
  { match: "chat-latest", thinking: "none" },
  { match: "^gpt-[5-9].*-pro|^o\\d+-pro", sampling: false },
  { match: "^gpt-5(-|$)", off: "minimal", sampling: false },
  { match: "^gpt-[5-9]", off: "none", sampling: false },
  { match: "^o\\d", off: "low", sampling: false },
  { match: "", thinking: "none" },
];

const OPENAI_NOT_CHAT = "embedding|tts|whisper|transcribe|dall-e|image|sora|audio|realtime|moderation|^(davinci|babbage)|instruct";

const anthropic: ProviderPreset = {
  kind: "anthropic",
  baseUrl: "https://api.anthropic.com",
  keyEnv: "ANTHROPIC_API_KEY",
  needsKey: true,
  compat: { models: ANTHROPIC_MODELS },
  models: [
    claude("claude-opus-4-8", 1_000_000, 5, 25),
    claude("claude-opus-4-7", 1_000_000, 5, 25),
    claude("claude-opus-4-6", 1_000_000, 5, 25),
    claude("claude-sonnet-4-6", 1_000_000, 3, 15),
    claude("claude-haiku-4-5", 200_000, 1, 5),
    claude("claude-opus-4-5", 200_000, 5, 25),
    claude("claude-sonnet-4-5", 200_000, 3, 15),
    claude("claude-opus-4-1", 200_000, 15, 75),
  ],
};

const openai: ProviderPreset = {
  kind: "openai-responses",
  baseUrl: "https://api.openai.com/v1",
  keyEnv: "OPENAI_API_KEY",
  needsKey: true,
  compat: { models: OPENAI_MODELS, systemRole: "developer", promptCacheKey: true, notChat: OPENAI_NOT_CHAT },
  // The GPT-5 family takes 400,000 tokens in all, of which 272,000 may be prompt.
  models: [
    known("gpt-5.5", 272_000),
    known("gpt-5.4", 272_000),
    known("gpt-5.4-mini", 272_000),
    known("gpt-5.2", 272_000, { input: 1.75, output: 14, cacheRead: 0.175, cacheWrite: 0 }),
    known("gpt-5.1", 272_000, { input: 1.25, output: 10, cacheRead: 0.125, cacheWrite: 0 }),
    known("gpt-5", 272_000, { input: 1.25, output: 10, cacheRead: 0.125, cacheWrite: 0 }),
    known("gpt-5-mini", 272_000, { input: 0.25, output: 2, cacheRead: 0.025, cacheWrite: 0 }),
    known("gpt-5-nano", 272_000, { input: 0.05, output: 0.4, cacheRead: 0.005, cacheWrite: 0 }),
    { ...known("gpt-4.1", 1_047_576, { input: 2, output: 8, cacheRead: 0.5, cacheWrite: 0 }), thinking: false },
    { ...known("gpt-4.1-mini", 1_047_576, { input: 0.4, output: 1.6, cacheRead: 0.1, cacheWrite: 0 }), thinking: false },
    { ...known("gpt-4o", 128_000, { input: 2.5, output: 10, cacheRead: 1.25, cacheWrite: 0 }), thinking: false },
    { ...known("gpt-4o-mini", 128_000, { input: 0.15, output: 0.6, cacheRead: 0.075, cacheWrite: 0 }), thinking: false },
    known("o3", 200_000, { input: 2, output: 8, cacheRead: 0.5, cacheWrite: 0 }),
    known("o4-mini", 200_000, { input: 1.1, output: 4.4, cacheRead: 0.275, cacheWrite: 0 }),
  ],
};

const xai: ProviderPreset = {
  kind: "openai-chat",
  baseUrl: "https://api.x.ai/v1",
  keyEnv: "XAI_API_KEY",
  needsKey: true,
  // Most Grok models think unasked and refuse to be told how much.
  compat: { maxTokensField: "max_tokens", models: [{ match: "", thinking: "none" }] },
  models: [
    { ...known("grok-4", 256_000, { input: 3, output: 15, cacheRead: 0.75, cacheWrite: 0 }) },
    { ...known("grok-code-fast-1", 256_000, { input: 0.2, output: 1.5, cacheRead: 0.02, cacheWrite: 0 }), images: false },
  ],
};

const groq: ProviderPreset = {
  kind: "openai-chat",
  baseUrl: "https://api.groq.com/openai/v1",
  keyEnv: "GROQ_API_KEY",
  needsKey: true,
  compat: {
    models: [
      { match: "gpt-oss", thinking: "effort" },
      { match: "", thinking: "none" },
    ],
    thinkingText: ["reasoning"],
    notChat: "whisper|tts|guard|orpheus",
  },
  models: [
    { ...known("openai/gpt-oss-120b", 131_072), images: false },
    { ...known("openai/gpt-oss-20b", 131_072), images: false },
    { ...known("llama-3.3-70b-versatile", 131_072, { input: 0.59, output: 0.79, cacheRead: 0.59, cacheWrite: 0 }), images: false, thinking: false },
  ],
};

const openrouter: ProviderPreset = {
  kind: "openai-chat",
  baseUrl: "https://openrouter.ai/api/v1",
  keyEnv: "OPENROUTER_API_KEY",
  needsKey: true,
  compat: { maxTokensField: "max_tokens", thinkingField: "reasoning", thinkingText: ["reasoning"], replayThinking: "reasoning_details" },
  models: [],
};

const ollama: ProviderPreset = {
  kind: "openai-chat",
  baseUrl: "http://127.0.0.1:11434/v1",
  needsKey: false,
  // A model is loaded into memory before its first word.
  compat: {
    maxTokensField: "max_tokens",
    models: [
      { match: "^gpt-oss", thinking: "effort" },
      { match: "", thinking: "none" },
    ],
    thinkingText: ["reasoning", "reasoning_content"],
    silenceMs: 300_000,
  },
  models: [],
};

/** Any server that speaks Chat Completions: only what nearly all of them understand is sent. */
const openaiCompatible: ProviderPreset = { kind: "openai-chat", needsKey: false, compat: { maxTokensField: "max_tokens" }, models: [] };

/** Presets by the name of the provider. */
export const providerPresets: Readonly<Record<string, ProviderPreset>> = { anthropic, openai, xai, groq, openrouter, ollama };

/** What `kind` may say for a provider of any other name. */
export const providerKinds: Readonly<Record<"openai-compatible" | "openai-responses" | "anthropic", ProviderPreset>> = {
  "openai-compatible": openaiCompatible,
  "openai-responses": { kind: "openai-responses", needsKey: false, compat: openai.compat, models: [] },
  anthropic: { kind: "anthropic", needsKey: false, compat: anthropic.compat, models: anthropic.models },
};

/** Cache writes cost 1.25 times, reads 0.1 times the input (5-minute cache). */
function claude(id: string, contextTokens: number, input: number, output: number): KnownModel {
  return known(id, contextTokens, { input, output, cacheRead: input / 10, cacheWrite: input * 1.25 });
}

function known(id: string, contextTokens: number, price?: Price): KnownModel {
  return { id, contextTokens, images: true, thinking: true, ...(price && { price }) };
}

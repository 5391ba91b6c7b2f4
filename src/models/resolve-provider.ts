import { ConfigError } from "../core/errors.ts";
import type { ModelInfo } from "../core/model.ts";
import type { Secret } from "../core/secret.ts";
import type { Compat } from "../lib/model-wire/index.ts";
import { providerKinds, providerPresets, type ProviderPreset, type WireKind } from "./catalogue.ts";
import type { ProviderConfig } from "./config.ts";

/** All that a wire's factory needs beside its ports. */
export interface ResolvedProvider {
  readonly kind: WireKind;
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey?: Secret;
  readonly compat: Compat;
  readonly models: readonly ModelInfo[];
  readonly contextTokens?: number;
}

/**
 * What the owner wrote laid over what is known about the vendor of that name.
 * @throws ConfigError `provider_unknown_endpoint` without a base URL, `provider_no_key` where the vendor wants one at its own endpoint.
 */
export function resolveProvider(name: string, config: ProviderConfig): ResolvedProvider {
  const preset = presetOf(name, config);
  const baseUrl = config.base_url ?? preset.baseUrl;
  if (baseUrl === undefined) {
    throw new ConfigError("provider_unknown_endpoint", `providers.${name} has no base_url`, {
      hint: `set providers.${name}.base_url, for example http://127.0.0.1:8000/v1`,
    });
  }
  if (preset.needsKey && config.api_key === undefined && config.base_url === undefined) {
    const env = preset.keyEnv === undefined ? "" : `, for example to "\${${preset.keyEnv}}"`;
    throw new ConfigError("provider_no_key", `providers.${name} has no api_key`, { hint: `set providers.${name}.api_key${env}` });
  }
  const own = (config.models ?? []).map((id) => preset.models.find((model) => model.id === id) ?? newInfo(id, config));
  return {
    kind: preset.kind,
    name,
    baseUrl,
    ...(config.api_key && { apiKey: config.api_key }),
    compat: compatOf(preset.compat, config.compat),
    models: [...own, ...preset.models.filter((model) => !own.some((other) => other.id === model.id))],
    ...(config.context_tokens !== undefined && { contextTokens: config.context_tokens }),
  };
}

/** A well-known name with another `kind` is that vendor's other wire: `openai` with `openai-compatible` speaks Chat Completions. */
function presetOf(name: string, config: ProviderConfig): ProviderPreset {
  const preset = Object.hasOwn(providerPresets, name) ? providerPresets[name] : undefined;
  if (config.kind === undefined) return preset ?? providerKinds["openai-compatible"];
  const asked = providerKinds[config.kind];
  if (preset === undefined) return asked;
  return preset.kind === asked.kind ? preset : { ...preset, kind: asked.kind };
}

function newInfo(id: string, config: ProviderConfig): ModelInfo {
  return { id, contextTokens: config.context_tokens ?? 0, images: config.compat?.images ?? true, thinking: config.compat?.thinking !== "none" };
}

function compatOf(preset: Compat, own: ProviderConfig["compat"]): Compat {
  if (own === undefined) return preset;
  const chosen: Compat = {
    maxTokensField: own.max_tokens_field,
    systemRole: own.system_role,
    tools: own.tools,
    images: own.images,
    streamUsage: own.stream_usage,
    thinkingField: own.thinking_field,
    replayThinking: own.replay_thinking,
    promptCacheKey: own.prompt_cache_key,
    silenceMs: own.silence_secs === undefined ? undefined : own.silence_secs * 1_000,
    headers: own.headers,
    models: own.thinking === undefined ? undefined : [{ match: "", thinking: own.thinking }],
  };
  return { ...preset, ...Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined)) };
}

import { described, secret, v } from "../lib/schema/index.ts";

const text = v.pipe(v.string(), v.trim(), v.nonEmpty("must not be empty"));
const url = v.pipe(text, v.url("must be a URL"), v.regex(/^https?:\/\//i, "must begin with http:// or https://"));

/** Quirks of a server that no preset knows. */
const compat = v.strictObject({
  max_tokens_field: described(
    v.optional(v.picklist(["max_tokens", "max_completion_tokens"])),
    "How the limit of tokens is called on the openai-compatible wire.",
  ),
  system_role: described(v.optional(v.picklist(["system", "developer"])), "Role of the system prompt on the openai-compatible wire."),
  tools: described(v.optional(v.boolean()), "false: the models take no tools."),
  images: described(v.optional(v.boolean()), "false: the models take no images."),
  stream_usage: described(v.optional(v.boolean()), "false: the server does not understand stream_options.include_usage."),
  thinking: described(v.optional(v.picklist(["effort", "budget", "adaptive", "none"])), "How thinking is asked for; none: never."),
  thinking_field: described(v.optional(v.picklist(["reasoning_effort", "reasoning"])), "Field that carries the thinking effort."),
  replay_thinking: described(v.optional(v.picklist(["reasoning_content", "reasoning_details"])), "Field in which the server wants its thinking back."),
  prompt_cache_key: described(v.optional(v.boolean()), "Whether prompt_cache_key is understood."),
  silence_secs: described(
    v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(3_600))),
    "Seconds of silence after which an answer is given up; default 60.",
  ),
  headers: described(v.optional(v.record(text, v.string())), "Sent with every request. No secrets: those belong into api_key."),
});

/** One `[providers.NAME]`. */
export const providerConfig = v.strictObject({
  api_key: described(v.optional(secret()), "The vendor's API key."),
  base_url: described(v.optional(url), "Overrides the endpoint.", { example: "http://127.0.0.1:8000/v1" }),
  kind: described(
    v.optional(v.picklist(["openai-compatible", "openai-responses", "anthropic"])),
    "Wire of a provider that is none of the well-known ones; default there: openai-compatible.",
  ),
  models: described(v.optional(v.array(text)), "Models to choose from where the server has no list.", { example: ["my-model"] }),
  context_tokens: described(
    v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1_000))),
    "Tokens that the models of this provider take, where the provider does not tell.",
  ),
  compat: described(v.optional(compat), "Quirks of a server."),
});

const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{1,64}$/, "must be a name of letters, digits, - and _"));

/** All of `[providers]`. */
export const providersConfig = described(v.optional(v.record(name, providerConfig), {}), "Where models come from; `provider:model` names one.");

export type ProviderConfig = v.InferOutput<typeof providerConfig>;

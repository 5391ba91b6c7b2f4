import type { Destination } from "../../core/http.ts";
import type { Model, ModelEvent, ModelRequest, Provider } from "../../core/model.ts";
import {
  callModel,
  count,
  fetchModelList,
  infoOf,
  isChat,
  list,
  mergeModels,
  record,
  ruleFor,
  text,
  type CallOptions,
  type WireOptions,
} from "../../lib/model-wire/index.ts";
import { readAnswer } from "./answer.ts";
import { toBody } from "./request.ts";

/**
 * A provider that speaks Chat Completions below `baseUrl` (which has the `/v1` where the vendor has one).
 * @example createOpenAiChat({ name: "groq", baseUrl: "https://api.groq.com/openai/v1", apiKey, http, random, clock })
 */
export function createOpenAiChat(options: WireOptions): Provider {
  const { name, apiKey, compat = {} } = options;
  const destination: Destination = {
    baseUrl: options.baseUrl,
    ...(compat.headers && { headers: compat.headers }),
    ...(apiKey && { credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: apiKey } }),
  };
  const callOptions = (model: string, signal?: AbortSignal): CallOptions => ({
    provider: name,
    model,
    destination,
    http: options.http,
    clock: options.clock,
    ...(signal && { signal }),
    ...(compat.silenceMs !== undefined && { silenceMs: compat.silenceMs }),
  });

  async function* stream(model: string, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const rule = ruleFor(compat, model);
    const body = toBody(request, { provider: name, model, rule, compat });
    const stops = rule.sampling === false ? request.stop : undefined;
    yield* readAnswer(callModel(callOptions(model, signal), "/chat/completions", body), { ...options, compat, model, ...(stops && { stops }) });
  }

  return {
    name,
    async models(signal) {
      const answer = await fetchModelList(callOptions("", signal), "/models");
      return list(answer["data"])
        .map(record)
        .filter((item) => isChat(options, text(item["id"])))
        .map((item) => mergeModels(options, { id: text(item["id"]), ...figuresOf(item) }));
    },
    model: (model): Model => ({
      id: `${name}:${model}`,
      contextTokens: infoOf(options, model)?.contextTokens ?? options.contextTokens ?? 0,
      credential: apiKey?.name ?? name,
      stream: (request, signal) => stream(model, request, signal),
    }),
  };
}

/** What vendors tell about a model beside its id: OpenRouter, Groq, vLLM, Mistral. */
function figuresOf(item: Readonly<Record<string, unknown>>): { contextTokens: number; images?: boolean; thinking?: boolean } {
  const contextTokens = count(item["context_length"]) || count(item["context_window"]) || count(item["max_model_len"]) || count(item["max_context_length"]);
  const inputs = list(record(item["architecture"])["input_modalities"]);
  const parameters = list(item["supported_parameters"]);
  return {
    contextTokens,
    ...(inputs.length > 0 && { images: inputs.includes("image") }),
    ...(parameters.length > 0 && { thinking: parameters.includes("reasoning") }),
  };
}

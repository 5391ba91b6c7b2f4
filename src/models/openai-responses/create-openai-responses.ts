import type { Destination } from "../../core/http.ts";
import type { Model, ModelEvent, ModelRequest, Provider } from "../../core/model.ts";
import {
  callModel,
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
 * A provider that speaks the Responses API below `baseUrl`. Stop sequences, which the wire does not have, are applied here.
 * @example createOpenAiResponses({ name: "openai", baseUrl: "https://api.openai.com/v1", apiKey, http, random, clock })
 */
export function createOpenAiResponses(options: WireOptions): Provider {
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
    const body = toBody(request, { provider: name, model, rule: ruleFor(compat, model), compat });
    yield* readAnswer(callModel(callOptions(model, signal), "/responses", body), { ...options, model, ...(request.stop && { stops: request.stop }) });
  }

  return {
    name,
    async models(signal) {
      const answer = await fetchModelList(callOptions("", signal), "/models");
      const ids = list(answer["data"]).map((item) => text(record(item)["id"]));
      return ids.filter((id) => isChat(options, id)).map((id) => mergeModels(options, { id, contextTokens: 0 }));
    },
    model: (model): Model => ({
      id: `${name}:${model}`,
      contextTokens: infoOf(options, model)?.contextTokens ?? options.contextTokens ?? 0,
      credential: apiKey?.name ?? name,
      stream: (request, signal) => stream(model, request, signal),
    }),
  };
}

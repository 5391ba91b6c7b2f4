import type { Destination } from "../../core/http.ts";
import type { Model, ModelEvent, ModelInfo, ModelRequest, Provider } from "../../core/model.ts";
import {
  callModel,
  fetchModelList,
  infoOf,
  list,
  mergeModels,
  record,
  ruleFor,
  text,
  count,
  type CallOptions,
  type WireOptions,
} from "../../lib/model-wire/index.ts";
import { readAnswer } from "./answer.ts";
import { toBody } from "./request.ts";

const VERSION = "2023-06-01";
const MAX_PAGES = 20;

/**
 * A provider that speaks the Messages API. `baseUrl` may be given with or without `/v1`.
 * @example createAnthropic({ name: "anthropic", baseUrl: "https://api.anthropic.com", apiKey, http, random, clock })
 */
export function createAnthropic(options: WireOptions): Provider {
  const { name, apiKey, compat } = options;
  const prefix = /\/v1\/*$/.test(options.baseUrl) ? "" : "/v1";
  const destination: Destination = {
    baseUrl: options.baseUrl,
    headers: { "anthropic-version": VERSION, ...compat?.headers },
    ...(apiKey && { credential: { in: "header", name: "x-api-key", secret: apiKey } }),
  };
  const callOptions = (model: string, signal?: AbortSignal): CallOptions => ({
    provider: name,
    model,
    destination,
    http: options.http,
    clock: options.clock,
    ...(signal && { signal }),
    ...(compat?.silenceMs !== undefined && { silenceMs: compat.silenceMs }),
  });

  async function* stream(model: string, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    const body = toBody(request, { provider: name, model, rule: ruleFor(compat, model), compat: compat ?? {} });
    yield* readAnswer(callModel(callOptions(model, signal), `${prefix}/messages`, body), { ...options, model });
  }

  return {
    name,
    async models(signal) {
      const found: ModelInfo[] = [];
      let after = "";
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const answer = await fetchModelList(callOptions("", signal), `${prefix}/models?limit=1000${after}`);
        for (const item of list(answer["data"]).map(record)) {
          if (text(item["id"]) !== "") found.push(mergeModels(options, { id: text(item["id"]), contextTokens: count(item["max_input_tokens"]) }));
        }
        if (answer["has_more"] !== true || text(answer["last_id"]) === "") break;
        after = `&after_id=${encodeURIComponent(text(answer["last_id"]))}`;
      }
      return found;
    },
    model: (model): Model => ({
      id: `${name}:${model}`,
      contextTokens: infoOf(options, model)?.contextTokens ?? options.contextTokens ?? 0,
      credential: apiKey?.name ?? name,
      stream: (request, signal) => stream(model, request, signal),
    }),
  };
}

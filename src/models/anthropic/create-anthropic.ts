import type { ModelInfo, Provider } from "../../core/model.ts";
import { callModel, count, fetchModelList, list, mergeModels, record, ruleFor, text, wireProvider, type WireOptions } from "../../lib/model-wire/index.ts";
import { readAnswer } from "./answer.ts";
import { toBody } from "./request.ts";

const VERSION = "2023-06-01";
const MAX_PAGES = 20;

/**
 * A provider that speaks the Messages API. `baseUrl` may be given with or without `/v1`.
 * @example createAnthropic({ name: "anthropic", baseUrl: "https://api.anthropic.com", apiKey, http, random, clock })
 */
export function createAnthropic(options: WireOptions): Provider {
  const { name, apiKey, compat = {} } = options;
  const prefix = /\/v1\/*$/.test(options.baseUrl) ? "" : "/v1";
  return wireProvider(options, {
    destination: {
      baseUrl: options.baseUrl,
      headers: { "anthropic-version": VERSION, ...compat.headers },
      ...(apiKey && { credential: { in: "header", name: "x-api-key", secret: apiKey } }),
    },
    async models(call) {
      const found: ModelInfo[] = [];
      let after = "";
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const answer = await fetchModelList(call, `${prefix}/models?limit=1000${after}`);
        for (const item of list(answer["data"]).map(record)) {
          if (text(item["id"]) !== "") found.push(mergeModels(options, { id: text(item["id"]), contextTokens: count(item["max_input_tokens"]) }));
        }
        if (answer["has_more"] !== true || text(answer["last_id"]) === "") break;
        after = `&after_id=${encodeURIComponent(text(answer["last_id"]))}`;
      }
      return found;
    },
    stream(model, request, call) {
      const body = toBody(request, { provider: name, model, rule: ruleFor(compat, model), compat });
      return readAnswer(callModel(call, `${prefix}/messages`, body), { ...options, model });
    },
  });
}

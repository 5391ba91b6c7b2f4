import type { Provider } from "../../core/model.ts";
import {
  bearerDestination,
  callModel,
  fetchModelList,
  isChat,
  list,
  mergeModels,
  record,
  ruleFor,
  text,
  wireProvider,
  type WireOptions,
} from "../../lib/model-wire/index.ts";
import { readAnswer } from "./answer.ts";
import { toBody } from "./request.ts";

/**
 * A provider that speaks the Responses API below `baseUrl`. Stop sequences, which the wire does not have, are applied here.
 * @example createOpenAiResponses({ name: "openai", baseUrl: "https://api.openai.com/v1", apiKey, http, random, clock })
 */
export function createOpenAiResponses(options: WireOptions): Provider {
  const { name, compat = {} } = options;
  return wireProvider(options, {
    destination: bearerDestination(options),
    async models(call) {
      const answer = await fetchModelList(call, "/models");
      const ids = list(answer["data"]).map((item) => text(record(item)["id"]));
      return ids.filter((id) => isChat(options, id)).map((id) => mergeModels(options, { id, contextTokens: 0 }));
    },
    stream(model, request, call) {
      const body = toBody(request, { provider: name, model, rule: ruleFor(compat, model), compat });
      return readAnswer(callModel(call, "/responses", body), { ...options, model, ...(request.stop && { stops: request.stop }) });
    },
  });
}

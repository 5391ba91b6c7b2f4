import type { Provider } from "../../core/model.ts";
import {
  bearerDestination,
  callModel,
  count,
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
 * A provider that speaks Chat Completions below `baseUrl` (which has the `/v1` where the vendor has one).
 * @example createOpenAiChat({ name: "groq", baseUrl: "https://api.groq.com/openai/v1", apiKey, http, random, clock })
 */
export function createOpenAiChat(options: WireOptions): Provider {
  const { name, compat = {} } = options;
  return wireProvider(options, {
    destination: bearerDestination(options),
    async models(call) {
      const answer = await fetchModelList(call, "/models");
      return list(answer["data"])
        .map(record)
        .filter((item) => isChat(options, text(item["id"])))
        .map((item) => mergeModels(options, { id: text(item["id"]), ...figuresOf(item) }));
    },
    stream(model, request, call) {
      const rule = ruleFor(compat, model);
      const stops = rule.sampling === false ? request.stop : undefined;
      const events = callModel(call, "/chat/completions", toBody(request, { provider: name, model, rule, compat }));
      return readAnswer(events, { ...options, compat, model, ...(stops && { stops }) });
    },
  });
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

import type { Destination } from "../../core/http.ts";
import type { Model, ModelEvent, ModelInfo, ModelRequest, Provider } from "../../core/model.ts";
import type { CallOptions } from "./call-model.ts";
import type { WireOptions } from "./compat.ts";
import { infoOf } from "./model-infos.ts";

/** What differs from wire to wire: where it is spoken, how its models are listed, how a request becomes the events of an answer. */
export interface Wire {
  readonly destination: Destination;
  /** @throws ModelError */
  readonly models: (call: CallOptions) => Promise<ModelInfo[]>;
  /** @throws ModelError */
  readonly stream: (model: string, request: ModelRequest, call: CallOptions) => AsyncIterable<ModelEvent>;
}

/** The provider that a wire makes. */
export function wireProvider(options: WireOptions, wire: Wire): Provider {
  const callOptions = (model: string, signal?: AbortSignal): CallOptions => ({
    provider: options.name,
    model,
    destination: wire.destination,
    http: options.http,
    clock: options.clock,
    ...(signal && { signal }),
    ...(options.compat?.silenceMs !== undefined && { silenceMs: options.compat.silenceMs }),
  });
  return {
    name: options.name,
    models: (signal) => wire.models(callOptions("", signal)),
    model: (model): Model => ({
      id: `${options.name}:${model}`,
      contextTokens: infoOf(options, model)?.contextTokens ?? options.contextTokens ?? 0,
      ...(options.compat?.silenceMs !== undefined && { silenceMs: options.compat.silenceMs }),
      credential: options.apiKey?.name ?? options.name,
      stream: (request, signal) => wire.stream(model, request, callOptions(model, signal)),
    }),
  };
}

/** Where OpenAI's wires are spoken: the key is a bearer token. */
export function bearerDestination({ baseUrl, apiKey, compat }: WireOptions): Destination {
  return {
    baseUrl,
    ...(compat?.headers && { headers: compat.headers }),
    ...(apiKey && { credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: apiKey } }),
  };
}

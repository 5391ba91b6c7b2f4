import { ClankerError, RequestError } from "../core/errors.ts";
import { textMessage } from "../core/message.ts";
import type { ModelRequest, Provider, Usage } from "../core/model.ts";

export interface ModelTrial {
  readonly model: string;
  /** Milliseconds until the first text, and until the end. */
  readonly first_ms: number;
  readonly total_ms: number;
  readonly text: string;
  readonly usage?: Usage;
}

/** `provider:model`, whether or not the name already begins with its provider. */
export function qualified(provider: string, model: string): string {
  return model.startsWith(`${provider}:`) ? model : `${provider}:${model}`;
}

/**
 * Sends a tiny prompt to `provider:model`.
 * @throws RequestError `provider_not_found`, and the provider's ModelError.
 */
export async function tryModel(providers: ReadonlyMap<string, Provider>, id: string, signal: AbortSignal): Promise<ModelTrial> {
  const [name = "", ...rest] = id.split(":");
  const provider = providers.get(name);
  if (provider === undefined || rest.length === 0) {
    const message =
      provider === undefined ? `no provider named ${JSON.stringify(name)} is configured` : `${JSON.stringify(id)} names a provider without a model`;
    const hint =
      provider === undefined ? `write provider:model; providers are: ${[...providers.keys()].join(", ")}` : `write ${name}:MODEL; see clanker models list`;
    throw new RequestError("provider_not_found", message, { hint });
  }
  const started = performance.now();
  let first: number | undefined;
  let text = "";
  let usage: Usage | undefined;
  for await (const event of provider.model(rest.join(":")).stream(tinyRequest(), signal)) {
    if (event.type === "text") {
      first ??= performance.now();
      text += event.text;
    }
    if (event.type === "end") ({ usage } = event);
  }
  const total = performance.now();
  if (usage === undefined) throw new ClankerError("model_stream_cut", `${id} stopped in the middle of its answer`);
  return { model: id, first_ms: Math.round((first ?? total) - started), total_ms: Math.round(total - started), text, usage };
}

function tinyRequest(): ModelRequest {
  const envelope = { channel: "cli", direct: true, at: Date.now() };
  return {
    system: "Answer with one word.",
    entries: [{ content: { role: "user", message: textMessage("Say hello."), envelope, addressed: true } }],
    tools: [],
    // Some models think before they speak; less than this leaves them without a word.
    maxTokens: 64,
    thinking: "off",
  };
}

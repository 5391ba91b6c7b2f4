/** The embeddings wire of OpenAI (docs: platform.openai.com, "Embeddings"), which Ollama, vLLM, LM Studio and others speak as well. */
import type { Embedder } from "../../core/embedder.ts";
import { bearerDestination, callJson, list, record, wrongAnswer, type WireOptions } from "../../lib/model-wire/index.ts";

/**
 * @param model as the provider calls it.
 * @example createEmbeddings({ name: "ollama", baseUrl: "http://127.0.0.1:11434/v1", http, clock, random }, "nomic-embed-text")
 */
export function createEmbeddings(options: WireOptions, model: string): Embedder {
  const destination = bearerDestination(options);
  return {
    model: `${options.name}:${model}`,
    async embed(texts, signal) {
      if (texts.length === 0) return [];
      const call = { provider: options.name, model, destination, http: options.http, clock: options.clock, signal };
      const answer = await callJson(call, "/embeddings", { model, input: texts, encoding_format: "float" });
      const vectors: (Float32Array | undefined)[] = texts.map(() => undefined);
      for (const [at, item] of list(answer["data"]).map(record).entries()) {
        const index = typeof item["index"] === "number" ? item["index"] : at;
        if (index in vectors) vectors[index] = toVector(item["embedding"]);
      }
      const length = vectors[0]?.length;
      const whole = vectors.filter((vector) => vector !== undefined && vector.length > 0 && vector.length === length);
      if (whole.length !== texts.length) throw wrongAnswer(call, "it did not answer with one vector for each text");
      return whole as Float32Array[];
    },
  };
}

function toVector(value: unknown): Float32Array | undefined {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "number" && Number.isFinite(one))) return undefined;
  return Float32Array.from(value as number[]);
}

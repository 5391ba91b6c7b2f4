import { described, v } from "../../lib/schema/index.ts";

/** `[memory]`. */
export const memoryConfig = v.strictObject({
  embeddings: described(
    v.optional(v.pipe(v.string(), v.trim(), v.regex(/^[A-Za-z0-9_-]{1,64}:\S+$/, "must be provider:model"))),
    "Finds memories by meaning as well as by words: the model that turns texts into vectors, at a provider that speaks OpenAI's /embeddings. Memories and searches are sent to it.",
    { restart: true, example: "ollama:nomic-embed-text" },
  ),
});

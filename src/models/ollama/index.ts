import { HttpFailure, type Http } from "../../core/http.ts";
import { list, record, text } from "../../lib/model-wire/index.ts";

export interface FoundOllama {
  /** For the openai-chat wire. */
  readonly baseUrl: string;
  readonly models: readonly string[];
}

const ORIGIN = "http://127.0.0.1:11434";
const TIMEOUT_MS = 300;

/**
 * Looks whether Ollama runs on this machine (GET /api/tags lists what it has pulled).
 * @param origin where to look; default its usual port on loopback. @returns undefined when nobody answers like Ollama within 300 ms.
 */
export async function findOllama(http: Http, origin: string = ORIGIN): Promise<FoundOllama | undefined> {
  try {
    const response = await http.request({ baseUrl: origin }, { path: "/api/tags", timeoutMs: TIMEOUT_MS, idleTimeoutMs: TIMEOUT_MS });
    const answer = record(await response.json());
    if (response.status !== 200 || !Array.isArray(answer["models"])) return undefined;
    const models = list(answer["models"]).map((model) => text(record(model)["name"]));
    return { baseUrl: `${origin}/v1`, models: models.filter((name) => name !== "") };
  } catch (error) {
    // Nobody there, or somebody else: both are an answer.
    if (error instanceof HttpFailure || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

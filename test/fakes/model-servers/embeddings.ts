import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface EmbeddingsServer {
  /** Ends in `/v1`. */
  readonly baseUrl: string;
  /** Every text that was turned into a vector, in order. */
  readonly texts: string[];
  /** Answers with this status from now on; undefined: as it should. */
  failWith(status: number | undefined): void;
  close(): Promise<void>;
}

/** Words that mean the same stand on one axis. */
const MEANINGS = [
  ["car", "vehicle", "automobile", "auto", "volvo"],
  ["garage", "park", "parked", "parking"],
  ["birthday", "born", "cake"],
  ["rent", "landlord", "flat"],
  ["code", "password", "pin"],
];

/** What this model says of a text: how many of its words belong to each meaning, and a little of everything, so that no vector is empty. */
export function fakeVector(text: string): number[] {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  return [...MEANINGS.map((meaning) => words.filter((word) => meaning.includes(word)).length), 0.01];
}

/**
 * A server that speaks OpenAI's embeddings as its reference says ("Create embeddings"): strict about fields, key, model and the number and length of inputs; answers out of
 * order, because `index` is what counts.
 * @param given.key default `sk-embed`; null: none is asked for, as with Ollama.
 */
export async function fakeEmbeddings(given: { key?: string | null; model?: string } = {}): Promise<EmbeddingsServer> {
  const { key = "sk-embed", model = "embed-small" } = given;
  const texts: string[] = [];
  let failure: number | undefined;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = (status: number, body: unknown) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    const refuse = (status: number, message: string, code: string | null = null) =>
      answer(status, { error: { message, type: status === 429 ? "rate_limit_error" : "invalid_request_error", param: null, code } });
    if (failure !== undefined) return refuse(failure, "as the test wants it");
    if (key !== null && request.headers.authorization !== `Bearer ${key}`) return refuse(401, "Incorrect API key provided", "invalid_api_key");
    if (request.method !== "POST" || request.url !== "/v1/embeddings") return refuse(404, `Invalid URL (${request.method} ${request.url})`);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as { input?: unknown; model?: unknown; encoding_format?: unknown };
    const extra = Object.keys(body).find((field) => !["input", "model", "encoding_format", "dimensions", "user"].includes(field));
    if (extra !== undefined) return refuse(400, `Unrecognized request argument supplied: ${extra}`);
    if (body.model !== model) return refuse(404, `The model \`${String(body.model)}\` does not exist`, "model_not_found");
    if (body.encoding_format !== undefined && body.encoding_format !== "float") return refuse(400, "this server knows float alone");
    const input = typeof body.input === "string" ? [body.input] : body.input;
    if (!Array.isArray(input) || input.length === 0 || input.length > 2_048) return refuse(400, "'$.input' is invalid");
    if (input.some((text) => typeof text !== "string" || text === "")) return refuse(400, "'$.input' is invalid");
    if (input.some((text: string) => text.length > 3_000)) return refuse(400, "This model's maximum context length is 8192 tokens");
    texts.push(...(input as string[]));
    const data = input.map((text: string, index) => ({ object: "embedding", index, embedding: fakeVector(text) })).toReversed();
    return answer(200, { object: "list", data, model, usage: { prompt_tokens: 1, total_tokens: 1 } });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    texts,
    failWith: (status) => void (failure = status),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systemClock as clock, systemRandom as random } from "../../../src/app/system.ts";
import { ModelError } from "../../../src/core/errors.ts";
import { silentLog } from "../../../src/core/log.ts";
import { Secret } from "../../../src/core/secret.ts";
import { createEmbeddings } from "../../../src/models/embeddings/index.ts";
import { createHttp } from "../../../src/security/host/egress/index.ts";
import { fakeEmbeddings, fakeVector, type EmbeddingsServer } from "../../fakes/model-servers/embeddings.ts";

describe("models/embeddings", () => {
  const http = createHttp({ log: silentLog });
  let server: EmbeddingsServer;
  before(async () => {
    server = await fakeEmbeddings();
  });
  after(async () => {
    http.close();
    await server.close();
  });
  const signal = new AbortController().signal;
  const embedder = (model = "embed-small", key = "sk-embed") =>
    createEmbeddings({ name: "near", baseUrl: server.baseUrl, apiKey: new Secret("providers.near.api_key", key), http, clock, random }, model);
  const refusal = (code: string, failure: string) => (error: unknown) => error instanceof ModelError && error.code === code && error.failure === failure;

  test("answers one vector for each text in the order that was asked, in one request", async () => {
    const texts = ["my car", "my birthday", "the code of the garage"];
    const vectors = await embedder().embed(texts, signal);
    assert.deepEqual(
      vectors,
      texts.map((text) => Float32Array.from(fakeVector(text))),
    );
    assert.deepEqual(server.texts, texts);
    assert.equal(embedder().model, "near:embed-small");
    assert.deepEqual(await embedder().embed([], signal), []);
  });

  test("says what is wrong as every other call of a model does", async () => {
    await assert.rejects(embedder("none").embed(["x"], signal), refusal("model_unknown", "refused"));
    await assert.rejects(embedder("embed-small", "sk-wrong").embed(["x"], signal), refusal("model_key_refused", "refused"));
    await assert.rejects(embedder().embed(["x".repeat(4_000)], signal), refusal("prompt_too_long", "too_long"));
    server.failWith(429);
    await assert.rejects(embedder().embed(["x"], signal), refusal("model_rate_limited", "away"));
    server.failWith(undefined);
    await assert.rejects(embedder().embed(["x"], AbortSignal.abort()), refusal("model_aborted", "away"));
  });

  test("an answer without a vector for each text is none", async () => {
    const answers: unknown[] = [
      { data: [{ index: 0, embedding: [1] }] },
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 1, embedding: [1, 2] },
        ],
      },
      {},
      "x",
    ];
    for (const body of answers) {
      const reply = {
        status: 200,
        headers: {},
        body: (async function* () {})(),
        json: async () => body,
        text: async () => "",
        bytes: async () => new Uint8Array(),
      };
      const lying = createEmbeddings({ name: "near", baseUrl: "http://127.0.0.1:1", http: { request: async () => reply }, clock, random }, "m");
      await assert.rejects(lying.embed(["a", "b"], signal), refusal("model_answer_broken", "away"), JSON.stringify(body));
    }
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createEmbedder } from "../../src/app/providers.ts";
import { systemClock as clock, systemRandom as random } from "../../src/app/system.ts";
import { rootSchema } from "../../src/config/schema.ts";
import { silentLog } from "../../src/core/log.ts";
import { v } from "../../src/lib/schema/index.ts";
import { createHttp } from "../../src/security/host/egress/index.ts";
import { fakeEmbeddings } from "../fakes/model-servers/embeddings.ts";

test("memories are given to nobody unless the owner names a model for it; then to that one, with its provider's address", async () => {
  const http = createHttp({ log: silentLog });
  const server = await fakeEmbeddings({ key: null, model: "nomic-embed-text:v1.5" });
  try {
    assert.equal(await createEmbedder(v.parse(rootSchema, {}), { http, clock, random }), undefined);
    const config = v.parse(rootSchema, { providers: { ollama: { base_url: server.baseUrl } }, memory: { embeddings: "ollama:nomic-embed-text:v1.5" } });
    const embedder = await createEmbedder(config, { http, clock, random });
    assert.equal((await embedder!.embed(["a car"], new AbortController().signal)).length, 1);
    assert.equal(embedder!.model, "ollama:nomic-embed-text:v1.5");
    const bare = await createEmbedder(v.parse(rootSchema, { memory: { embeddings: "ollama:x" } }), { http, clock, random });
    assert.equal(bare!.model, "ollama:x");
  } finally {
    http.close();
    await server.close();
  }
});

test("a provider that is not configured or makes no vectors is refused by its key", () => {
  const providers = { anthropic: {}, mine: { kind: "anthropic", base_url: "http://127.0.0.1:1" } };
  for (const embeddings of ["nobody:x", "offline:demo", "anthropic:x", "mine:x"]) {
    const result = v.safeParse(rootSchema, { providers, memory: { embeddings } });
    assert.equal(result.success, false, embeddings);
    assert.match(result.issues?.[0].message ?? "", /makes no vectors/, embeddings);
    assert.equal(v.getDotPath(result.issues![0]), "memory.embeddings");
  }
  assert.equal(v.safeParse(rootSchema, { memory: { embeddings: "no-colon" } }).success, false);
});

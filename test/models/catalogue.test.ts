import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { systemClock, systemRandom } from "../../src/app/system.ts";
import type { ConfigError } from "../../src/core/errors.ts";
import { silentLog } from "../../src/core/log.ts";
import { Secret } from "../../src/core/secret.ts";
import { ruleFor } from "../../src/lib/model-wire/index.ts";
import { v } from "../../src/lib/schema/index.ts";
import { providerKinds, providerPresets } from "../../src/models/catalogue.ts";
import { providerConfig, providersConfig } from "../../src/models/config.ts";
import { findOllama } from "../../src/models/ollama/index.ts";
import { createOpenAiChat } from "../../src/models/openai-chat/index.ts";
import { resolveProvider } from "../../src/models/resolve-provider.ts";
import { createHttp } from "../../src/security/host/egress/index.ts";

describe("provider presets", () => {
  test("have valid rules, base URLs and prices", () => {
    for (const preset of [...Object.values(providerPresets), ...Object.values(providerKinds)]) {
      for (const rule of preset.compat.models ?? []) assert.doesNotThrow(() => new RegExp(rule.match));
      if (preset.baseUrl !== undefined) assert.ok(URL.canParse(preset.baseUrl));
      assert.equal(new Set(preset.models.map((model) => model.id)).size, preset.models.length);
      for (const model of preset.models) assert.ok(model.contextTokens >= 64_000 && (model.price?.input ?? 1) > 0);
    }
  });

  test("know how each family of models thinks", () => {
    const claude = (model: string) => ruleFor(providerPresets["anthropic"]!.compat, model).thinking;
    assert.deepEqual(
      [
        "claude-3-5-sonnet-latest",
        "claude-3-7-sonnet-latest",
        "claude-opus-4-20250514",
        "claude-haiku-4-5-20251001",
        "claude-sonnet-4-6",
        "claude-opus-5",
        "glm-5",
      ].map(claude),
      ["none", "budget", "budget", "budget", "adaptive", "adaptive", undefined],
    );
    const gpt = (model: string) => ruleFor(providerPresets["openai"]!.compat, model);
    assert.equal(gpt("gpt-5-mini").off, "minimal");
    assert.equal(gpt("gpt-5.4").off, "none");
    assert.equal(gpt("o3").off, "low");
    assert.equal(gpt("gpt-4o").thinking, "none");
    assert.equal(gpt("gpt-5-chat-latest").thinking, "none");
  });
});

describe("provider settings", () => {
  const key = new Secret("k", "v");

  test("a well-known name needs a key and nothing else", () => {
    const resolved = resolveProvider("openai", v.parse(providerConfig, { api_key: key }));
    assert.deepEqual([resolved.kind, resolved.baseUrl, resolved.apiKey], ["openai-responses", "https://api.openai.com/v1", key]);
    assert.throws(
      () => resolveProvider("openai", {}),
      (error: ConfigError) => error.code === "provider_no_key" && error.hint!.includes("OPENAI_API_KEY"),
    );
    assert.equal(resolveProvider("ollama", {}).baseUrl, "http://127.0.0.1:11434/v1");
  });

  test("any other name needs a base URL and speaks openai-compatible unless told otherwise", () => {
    assert.throws(
      () => resolveProvider("mine", {}),
      (error: ConfigError) => error.code === "provider_unknown_endpoint",
    );
    const config = v.parse(providerConfig, {
      base_url: "http://10.0.0.5:8000/v1",
      models: ["m"],
      context_tokens: 32_000,
      compat: { silence_secs: 120, thinking: "none", images: false },
    });
    const resolved = resolveProvider("mine", config);
    assert.deepEqual([resolved.kind, resolved.compat.silenceMs, ruleFor(resolved.compat, "m").thinking], ["openai-chat", 120_000, "none"]);
    assert.deepEqual(resolved.models, [{ id: "m", contextTokens: 32_000, images: false, thinking: false }]);
    assert.equal(resolveProvider("mine", { base_url: "http://h/v1", kind: "anthropic" }).kind, "anthropic");
    assert.equal(resolveProvider("openai", { api_key: key, kind: "openai-compatible" }).kind, "openai-chat");
  });

  test("a model says how long its provider may be silent: 300 s for Ollama, else what the owner wrote", () => {
    const silenceOf = (name: string, config: object) => {
      const { model } = createOpenAiChat({
        ...resolveProvider(name, v.parse(providerConfig, config)),
        http: createHttp({ log: silentLog }),
        clock: systemClock,
        random: systemRandom,
      });
      return model("m").silenceMs;
    };
    assert.equal(silenceOf("ollama", {}), 300_000);
    assert.equal(silenceOf("ollama", { compat: { silence_secs: 20 } }), 20_000);
    assert.equal(silenceOf("mine", { base_url: "http://h/v1" }), undefined);
  });

  test("refuses unknown keys, other schemes and odd names", () => {
    assert.equal(v.safeParse(providerConfig, { apikey: key }).success, false);
    assert.equal(v.safeParse(providerConfig, { base_url: "file:///etc/passwd" }).success, false);
    assert.equal(v.safeParse(providersConfig, { "a:b": {} }).success, false);
    assert.deepEqual(v.parse(providersConfig, undefined), {});
  });
});

describe("ollama discovery", () => {
  const serve = async (status: number, body: string) => {
    const server = createServer((request, response) => void response.writeHead(request.url === "/api/tags" ? status : 404).end(body));
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => new Promise((resolve) => void server.close(resolve)) };
  };

  test("finds what is pulled, and nothing where nobody or somebody else answers", async () => {
    const http = createHttp({ log: silentLog });
    const ollama = await serve(200, JSON.stringify({ models: [{ name: "llama3.2:latest", size: 1 }, { name: "gpt-oss:20b" }] }));
    assert.deepEqual(await findOllama(http, ollama.origin), { baseUrl: `${ollama.origin}/v1`, models: ["llama3.2:latest", "gpt-oss:20b"] });
    const other = await serve(200, "<html>");
    assert.equal(await findOllama(http, other.origin), undefined);
    http.close();
    await Promise.all([ollama.close(), other.close()]);
    const again = createHttp({ log: silentLog });
    assert.equal(await findOllama(again, ollama.origin), undefined);
    again.close();
  });
});

import { createAnthropic } from "../../src/models/anthropic/index.ts";
import { providerKinds, providerPresets, type ProviderPreset } from "../../src/models/catalogue.ts";
import { createOpenAiChat } from "../../src/models/openai-chat/index.ts";
import { createOpenAiResponses } from "../../src/models/openai-responses/index.ts";
import { modelSuite, type ModelSubject } from "../contract/model-suite.ts";
import { anthropicKey, fakeAnthropic } from "../fakes/model-servers/anthropic.ts";
import { fakeOpenAiChat, openAiKey } from "../fakes/model-servers/openai-chat.ts";
import { fakeOpenAiResponses } from "../fakes/model-servers/openai-responses.ts";
import { anthropicStreams } from "../fixtures/models/anthropic.ts";
import { openAiChatStreams } from "../fixtures/models/openai-chat.ts";
import { openAiResponsesStreams } from "../fixtures/models/openai-responses.ts";

type Wire = Pick<ModelSubject, "create" | "server" | "streams" | "key" | "basePath">;

const wires: Record<ProviderPreset["kind"], Wire> = {
  anthropic: { create: createAnthropic, server: fakeAnthropic, streams: anthropicStreams, key: anthropicKey, basePath: "" },
  "openai-chat": { create: createOpenAiChat, server: fakeOpenAiChat, streams: openAiChatStreams, key: openAiKey, basePath: "/v1" },
  "openai-responses": { create: createOpenAiResponses, server: fakeOpenAiResponses, streams: openAiResponsesStreams, key: openAiKey, basePath: "/v1" },
};

const plain = (kind: ProviderPreset["kind"], model: string): ModelSubject => ({
  ...wires[kind],
  model,
  compat: {},
  opaque: kind !== "openai-chat",
  everyByte: true,
});
const preset = (from: ProviderPreset, model: string, opaque: boolean): ModelSubject => ({
  ...wires[from.kind],
  model,
  compat: from.compat,
  opaque,
  everyByte: false,
});

modelSuite("anthropic", plain("anthropic", "claude-sonnet-4-5"));
modelSuite("anthropic preset, adaptive thinking", preset(providerPresets["anthropic"]!, "claude-opus-4-8", true));
modelSuite("openai-chat", plain("openai-chat", "some-model"));
modelSuite("openai-chat with reasoning replayed", {
  ...plain("openai-chat", "some-model"),
  compat: { replayThinking: "reasoning_content" },
  opaque: true,
  everyByte: false,
});
modelSuite("openai-compatible kind", preset(providerKinds["openai-compatible"], "local", false));
modelSuite("openai-responses", plain("openai-responses", "gpt-5.1"));
modelSuite("openai preset", preset(providerPresets["openai"]!, "gpt-5", true));
for (const name of ["xai", "groq", "ollama"]) {
  const { compat } = providerPresets[name]!;
  // The recorded stream tells its thinking in reasoning_content.
  modelSuite(`${name} preset`, { ...preset(providerPresets[name]!, "gpt-oss", false), compat: { ...compat, thinkingText: ["reasoning_content"] } });
}

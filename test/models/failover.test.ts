import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { silentLog } from "../../src/core/log.ts";
import type { ModelEntry } from "../../src/core/model.ts";
import { Secret } from "../../src/core/secret.ts";
import { createAnthropic } from "../../src/models/anthropic/index.ts";
import { createOpenAiChat } from "../../src/models/openai-chat/index.ts";
import { createOpenAiResponses } from "../../src/models/openai-responses/index.ts";
import { createHttp, type EgressHttp } from "../../src/security/host/egress/index.ts";
import { assistantEntry, callsOf, drain, modelRequest, resultEntry, userEntry } from "../contract/model-suite.ts";
import { createManualClock } from "../fakes/manual-clock.ts";
import { anthropicKey, fakeAnthropic } from "../fakes/model-servers/anthropic.ts";
import { fakeOpenAiChat, openAiKey } from "../fakes/model-servers/openai-chat.ts";
import { fakeOpenAiResponses } from "../fakes/model-servers/openai-responses.ts";
import type { ModelServer } from "../fakes/model-servers/serve.ts";
import { createSeededRandom } from "../fakes/seeded-random.ts";
import { anthropicStreams } from "../fixtures/models/anthropic.ts";
import { openAiChatStreams } from "../fixtures/models/openai-chat.ts";
import { openAiResponsesStreams } from "../fixtures/models/openai-responses.ts";

const clock = createManualClock();
const random = createSeededRandom(7);

const wires = {
  anthropic: { create: createAnthropic, serve: fakeAnthropic, streams: anthropicStreams, key: anthropicKey, model: "claude-sonnet-4-5" },
  chat: { create: createOpenAiChat, serve: fakeOpenAiChat, streams: openAiChatStreams, key: openAiKey, model: "gpt-4.1" },
  responses: { create: createOpenAiResponses, serve: fakeOpenAiResponses, streams: openAiResponsesStreams, key: openAiKey, model: "gpt-5.1" },
};
type WireName = keyof typeof wires;
const names = Object.keys(wires) as WireName[];

describe("failover between wires", () => {
  const servers = new Map<WireName, ModelServer>();
  let http: EgressHttp;

  before(async () => {
    http = createHttp({ log: silentLog });
    for (const name of names) servers.set(name, await wires[name].serve());
  });
  after(async () => {
    http.close();
    for (const server of servers.values()) await server.close();
  });

  const open = (name: WireName, model = wires[name].model) => {
    const { create, key } = wires[name];
    const apiKey = new Secret(name, key);
    return create({ name, baseUrl: `${servers.get(name)!.origin}/v1`, apiKey, http, clock, random }).model(model);
  };
  const ask = async (name: WireName, stream: "text" | "tool" | "parallel", entries: readonly ModelEntry[], model?: string) => {
    const server = servers.get(name)!;
    server.replyWith({ kind: "stream", text: wires[name].streams[stream] });
    const asked = open(name, model);
    const { end } = await drain(asked, modelRequest(entries, { thinking: "medium" }));
    assert.deepEqual(server.violations.splice(0), []);
    return [assistantEntry(end.parts, asked.id), ...callsOf(end.parts).map((call) => resultEntry(call))];
  };

  for (const first of names) {
    for (const second of names) {
      test(`fault-34: ${second} takes over in the middle of ${first}'s tool round and hands it back`, async () => {
        let entries: ModelEntry[] = [userEntry("weather?")];
        entries = [...entries, ...(await ask(first, "tool", entries))];
        entries = [...entries, ...(await ask(second, "parallel", entries))];
        entries = [...entries, ...(await ask(first, "tool", entries))];
        entries = [...entries, userEntry("hurry up"), ...(await ask(second, "text", [...entries, userEntry("hurry up")]))];
        entries = [...entries, userEntry("thanks")];
        await ask(first, "text", entries);
        await ask(second, "text", entries);
      });
    }
  }

  test("another model of the same provider does not get what the first one has signed", async () => {
    const question = userEntry("weather?");
    const round = await ask("responses", "tool", [question]);
    await ask("responses", "text", [question, ...round], "gpt-5.2");
    assert.ok(!JSON.stringify(servers.get("responses")!.requests.at(-1)!.body).includes("gAAAA"));
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { qualified, tryModel } from "../../src/cli/try-model.ts";
import { createScripted, reply } from "../../src/models/scripted/index.ts";

describe("cli/try-model", () => {
  const providers = new Map([["scripted", createScripted(() => reply("OK"))]]);
  const signal = new AbortController().signal;

  it("sends one tiny prompt and tells what came back", async () => {
    const trial = await tryModel(providers, "scripted:any", signal);
    assert.deepEqual([trial.model, trial.text], ["scripted:any", "OK"]);
    assert.equal(qualified("groq", "llama"), "groq:llama");
    assert.equal(qualified("groq", "groq:llama"), "groq:llama");
  });

  it("provider_not_found: names the providers there are", async () => {
    for (const id of ["openai:gpt", "scripted", ""]) {
      await assert.rejects(tryModel(providers, id, signal), { code: "provider_not_found", hint: /scripted/ });
    }
  });
});

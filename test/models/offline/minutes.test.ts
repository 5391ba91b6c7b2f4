import assert from "node:assert/strict";
import { test } from "node:test";
import { summaryRequest } from "../../../src/agent/summarise.ts";
import type { Entry } from "../../../src/core/entry.ts";
import { textMessage } from "../../../src/core/message.ts";
import { createOffline } from "../../../src/models/offline/index.ts";
import { createManualClock } from "../../fakes/manual-clock.ts";

test("asked for a summary, the demo repeats what the person said and what the summary before has kept", async () => {
  const principal = { person: "owner", class: "owner", where: { channel: "web", account: "a", conversation: "1" }, direct: true } as const;
  const base = { sessionId: "s", principal, label: { integrity: "OWNER", confidentiality: "PRIVATE" }, tokens: 1, at: Date.UTC(2026, 0, 1) } as const;
  const envelope = { channel: "web", direct: true, at: base.at };
  const entries: Entry[] = [
    { ...base, number: 3, content: { role: "user", message: textMessage("The boat is called\nNerea."), envelope, addressed: true } },
    { ...base, number: 4, content: { role: "assistant", parts: [{ type: "text", text: "A fine name." }], model: "m", stop: "end" } },
  ];
  const request = summaryRequest({ before: { text: "Facts:\n- Hello." }, entries, attempt: 0, maxTokens: 500, timeZone: "UTC" });
  const model = createOffline({ clock: createManualClock(), wordDelayMs: 0 }).model("demo");
  let text = "";
  for await (const event of model.stream(request, new AbortController().signal)) if (event.type === "text") text += event.text;
  assert.deepEqual(text.split("\n").slice(1), ["- Hello.", "- The boat is called Nerea."]);
});

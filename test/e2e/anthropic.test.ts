import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { anthropicKey, fakeAnthropic } from "../fakes/model-servers/anthropic.ts";
import { sseText, type Json } from "../fakes/model-servers/serve.ts";
import { createGatewayHome, gatewayConfig } from "../faults/gateway-process.ts";

const start: Json = {
  type: "message_start",
  message: { id: "msg_01", type: "message", role: "assistant", model: "echo", content: [], stop_reason: null, usage: { input_tokens: 20, output_tokens: 1 } },
};

function answer(block: Json, delta: Json, stop: string): string {
  return sseText(
    [
      start,
      { type: "content_block_start", index: 0, content_block: block },
      { type: "content_block_delta", index: 0, delta },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 12 } },
      { type: "message_stop" },
    ],
    true,
  );
}

const CALL_ID = "toolu_01T1x1fJ34qAmk2tNTrN7Up6";

describe("the program and a model of Anthropic's wire", () => {
  test("a tool that the model asks for is run, its result goes back, and the caller gets the final answer", async () => {
    const server = await fakeAnthropic();
    const home = createGatewayHome({ config: gatewayConfig({ modelUrl: server.origin, kind: "anthropic", apiKey: anthropicKey }) });
    try {
      server.replyWith(
        {
          kind: "stream",
          text: answer({ type: "tool_use", id: CALL_ID, name: "time", input: {} }, { type: "input_json_delta", partial_json: "{}" }, "tool_use"),
        },
        { kind: "stream", text: answer({ type: "text", text: "" }, { type: "text_delta", text: "It is late." }, "end_turn") },
      );
      const gateway = await home.start();
      const { status, body } = await gateway.call("POST", "/api/message", { message: "what time is it", wait: true });
      assert.equal(status, 200);
      assert.deepEqual([body["outcome"], body["text"]], ["done", "It is late."]);
      assert.deepEqual(body["usage"], { input: 40, output: 24, cacheRead: 0, cacheWrite: 0 });
      assert.deepEqual(server.violations, []);

      const [first, second] = server.requests.filter((request) => request.method === "POST");
      assert.ok((first!.body["tools"] as Json[]).some((tool) => tool["name"] === "time"));
      const messages = second!.body["messages"] as { role: string; content: Json[] }[];
      const call = messages.at(-2)!.content.find((block) => block["type"] === "tool_use")!;
      const result = messages.at(-1)!.content.find((block) => block["type"] === "tool_result")!;
      assert.equal(call["name"], "time");
      assert.equal(result["tool_use_id"], call["id"]);
      assert.match(JSON.stringify(result["content"]), new RegExp(String(new Date().getUTCFullYear())));
      assert.notEqual(result["is_error"], true);
      assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
    } finally {
      await home.remove();
      await server.close();
    }
  });
});

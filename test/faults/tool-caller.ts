/** A model server that never answers but with a tool call: `same` asks for the same one for ever, `fresh` for one with new arguments each time; anything else is answered. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ToolCaller {
  readonly url: string;
  readonly requests: number;
  close(): Promise<void>;
}

export async function createToolCaller(): Promise<ToolCaller> {
  let requests = 0;
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    if (incoming.method !== "POST") return void response.writeHead(200, { "content-type": "application/json" }).end('{"object":"list","data":[]}');
    requests += 1;
    const { messages } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { messages: { role: string; content: unknown }[] };
    const asked = JSON.stringify(messages.findLast(({ role }) => role === "user")?.content ?? "");
    const expression = asked.includes("fresh") ? `1 + ${requests}` : "1 + 1";
    const call = { index: 0, id: `call_${requests}`, type: "function", function: { name: "calculate", arguments: JSON.stringify({ expression }) } };
    const calls = /same|fresh/.test(asked);
    const chunk = (delta: object, finish: string | null) => ({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1,
      model: "echo",
      choices: [{ index: 0, delta, finish_reason: finish }],
    });
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const data of [chunk(calls ? { tool_calls: [call] } : { content: "done" }, null), chunk({}, calls ? "tool_calls" : "stop")])
      response.write(`data: ${JSON.stringify(data)}\n\n`);
    response.end("data: [DONE]\n\n");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    get requests() {
      return requests;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

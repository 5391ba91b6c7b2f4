/** A model server that answers at once: chat completions as an event stream, ten words in five pieces. Keeps the last request body. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answerParent } from "./answer-parent.ts";

const PIECES = ["The kettle ", "is on and ", "tea will be ", "ready soon, ", "sit down."];
let lastBody = "";

const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "instant", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const usage = `data: ${JSON.stringify({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "instant", choices: [], usage: { prompt_tokens: 20, completion_tokens: 12, total_tokens: 32 } })}\n\n`;
const answer = [
  chunk({ role: "assistant", content: "" }, null),
  ...PIECES.map((content) => chunk({ content }, null)),
  chunk({}, "stop"),
  usage,
  "data: [DONE]\n\n",
];

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ object: "list", data: [{ id: "instant", object: "model" }] }));
      return;
    }
    lastBody = Buffer.concat(parts).toString("utf8");
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(answer.join(""));
  });
});
server.keepAliveTimeout = 60_000;

answerParent({
  listen: () => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))),
  lastBody: () => lastBody,
});

/**
 * A model server for whole-program tests: Chat Completions over real HTTP, answering `re: LAST LINE` word by word with small pauses, so that kills hit the middle of
 * answers. It obeys a line `CALL tool {json}`, and answers a tool's result with `tool said: RESULT`.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

interface ChatMessage {
  readonly role: string;
  readonly content: unknown;
}

export interface EchoRequest {
  readonly messages: readonly ChatMessage[];
  /** Last line of the last user message: what the person wrote. */
  readonly line: string;
}

export interface EchoModel {
  /** For base_url. */
  readonly url: string;
  readonly requests: readonly EchoRequest[];
  /** Milliseconds between two words of an answer. */
  pace: number;
  /** The same for lines that say `slowly`: long enough for previews. */
  slowPace: number;
  /** What is answered to a line; default `re: LINE`. */
  answer: (line: string) => string;
  /** From now on streams wait before their first word until `release`. */
  hold(): void;
  release(): void;
  /** Requests that are being answered. */
  readonly open: number;
  close(): Promise<void>;
}

export async function startEchoModel(options: { pace?: number } = {}): Promise<EchoModel> {
  const requests: EchoRequest[] = [];
  let held: Promise<void> | undefined;
  let release = () => {};
  let open = 0;
  const server = createServer(async (incoming, response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      if (incoming.method !== "POST")
        return void response.writeHead(200, { "content-type": "application/json" }).end('{"object":"list","data":[{"id":"echo"}]}');
      const { messages } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as { messages: ChatMessage[] };
      const line = lastLine(messages);
      requests.push({ messages, line });
      open += 1;
      response.once("close", () => (open -= 1));
      await held;
      const last = messages.at(-1);
      const call = /^CALL (\w+) (\{.*\})$/.exec(line);
      if (last?.role === "tool") return await stream(response, `tool said: ${String(last.content)}`, 0);
      if (call) return streamCall(response, { id: `call_${requests.length}`, name: call[1]!, args: call[2]! });
      await stream(response, model.answer(line), /\bslowly\b/.test(line) ? model.slowPace : model.pace);
    } catch {
      // The gateway was killed in the middle of its request.
      incoming.destroy();
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const model: EchoModel = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    pace: options.pace ?? 5,
    slowPace: 50,
    answer: (line) => `re: ${line}`,
    hold() {
      held = new Promise((resolve) => (release = resolve));
    },
    release() {
      held = undefined;
      release();
    },
    get open() {
      return open;
    },
    async close() {
      release();
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  return model;
}

function chunkOf(delta: object, finish: string | null = null) {
  return { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "echo", choices: [{ index: 0, delta, finish_reason: finish }] };
}

function streamCall(response: ServerResponse, { id, name, args }: { id: string; name: string; args: string }): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const call = { tool_calls: [{ index: 0, id, type: "function", function: { name, arguments: args } }] };
  for (const data of [chunkOf(call), chunkOf({}, "tool_calls")]) response.write(`data: ${JSON.stringify(data)}\n\n`);
  response.end("data: [DONE]\n\n");
}

async function stream(response: ServerResponse, text: string, pace: number): Promise<void> {
  const send = (data: unknown) => response.write(`data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const word of text.match(/\s*\S+|\s+$/g) ?? []) {
    if (response.destroyed) return;
    send(chunkOf({ content: word }));
    if (pace > 0) await wait(pace);
  }
  send(chunkOf({}, "stop"));
  send({ ...chunkOf({}), choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } });
  send("[DONE]");
  response.end();
}

function lastLine(messages: readonly ChatMessage[]): string {
  const { content } = messages.findLast((message) => message.role === "user") ?? { content: "" };
  const text = typeof content === "string" ? content : (content as { text?: string }[]).flatMap((part) => part.text ?? []).join("\n");
  return text.split("\n").at(-1) ?? "";
}

import type { Credential } from "../auth/credential.ts";
import type { Usage } from "../../core/model.ts";
import type { GatewayDeps } from "../deps.ts";
import type { ChatRequest } from "./chat-request.ts";
import { errorBody } from "./open-ai-error.ts";
import { startDoor, type DoorAnswer, type DoorRun } from "./run-door.ts";
import { sseAnswer, type Write } from "./sse-answer.ts";

const FINISH = { end: "stop", calls: "tool_calls", length: "length", refusal: "content_filter" } as const;

/** POST /v1/chat/completions. */
export async function answerChat(deps: GatewayDeps, credential: Credential, asked: { request: ChatRequest; gone: AbortController }): Promise<Response> {
  const { request, gone } = asked;
  const run = await startDoor(deps, credential, { request: request.door, signal: gone.signal });
  const head = { id: `chatcmpl-${run.id}`, created: Math.floor(deps.clock.now() / 1000), model: request.door.name };
  if (request.stream) return sseAnswer(deps, gone, (write) => stream(run, write, { head, includeUsage: request.includeUsage }));
  const answer = await run.finish(() => {});
  const message = { role: "assistant", content: answer.text === "" && answer.calls.length > 0 ? null : answer.text, refusal: null, ...callsOf(answer) };
  const choice = { index: 0, message, logprobs: null, finish_reason: FINISH[answer.stop] };
  return Response.json({ ...head, object: "chat.completion", choices: [choice], usage: usageOf(answer.usage) });
}

function callsOf(answer: DoorAnswer): { tool_calls?: unknown[] } {
  if (answer.calls.length === 0) return {};
  return { tool_calls: answer.calls.map((call) => ({ id: call.id, type: "function", function: { name: call.name, arguments: JSON.stringify(call.args) } })) };
}

export function usageOf(usage: Usage) {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
  };
}

interface ChunkFrame {
  readonly head: { readonly id: string; readonly created: number; readonly model: string };
  readonly includeUsage: boolean;
}

async function stream(run: DoorRun, write: Write, { head, includeUsage }: ChunkFrame): Promise<void> {
  const base = { ...head, object: "chat.completion.chunk" };
  const send = (delta: unknown, finish: string | null = null) =>
    write(
      `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...(includeUsage ? { usage: null } : {}) })}\n\n`,
    );
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    send({ role: "assistant", content: "", refusal: null });
  };
  try {
    const answer = await run.finish((piece) => {
      begin();
      send({ content: piece });
    });
    begin();
    answer.calls.forEach((call, index) => {
      send({ tool_calls: [{ index, id: call.id, type: "function", function: { name: call.name, arguments: "" } }] });
      send({ tool_calls: [{ index, function: { arguments: JSON.stringify(call.args) } }] });
    });
    send({}, FINISH[answer.stop]);
    if (includeUsage) write(`data: ${JSON.stringify({ ...base, choices: [], usage: usageOf(answer.usage) })}\n\n`);
    write("data: [DONE]\n\n");
  } catch (error) {
    if (!begun) throw error;
    write(`data: ${JSON.stringify({ error: errorBody(error) })}\n\n`);
  }
}

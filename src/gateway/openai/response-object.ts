import type { DoorAnswer } from "./run-door.ts";
import type { ResponsesRequest } from "./responses-request.ts";
import type { OpenAiErrorBody } from "./open-ai-error.ts";

export interface ResponseHead {
  readonly id: string;
  readonly createdAt: number;
}

/** One output item and the id that its events carry. */
export interface OutputItem {
  readonly id: string;
  readonly item: Readonly<Record<string, unknown>>;
}

export function messageItem(head: ResponseHead, text: string | undefined): OutputItem {
  const id = `msg_${head.id.slice("resp_".length)}`;
  const done = text !== undefined;
  const content = done ? [{ type: "output_text", text, annotations: [], logprobs: [] }] : [];
  return { id, item: { id, type: "message", status: done ? "completed" : "in_progress", role: "assistant", content } };
}

export function callItems(answer: DoorAnswer): OutputItem[] {
  return answer.calls.map((call) => {
    const id = `fc_${call.id}`;
    return { id, item: { id, type: "function_call", status: "completed", call_id: call.id, name: call.name, arguments: JSON.stringify(call.args) } };
  });
}

/** What the answer consists of; without any text and with calls there is no message. */
export function outputOf(head: ResponseHead, answer: DoorAnswer): OutputItem[] {
  const message = answer.text === "" && answer.calls.length > 0 ? [] : [messageItem(head, answer.text)];
  return [...message, ...callItems(answer)];
}

/** The response object as OpenAI has it; without `answer` it is under way. */
export function responseObject(request: ResponsesRequest, head: ResponseHead, end?: { answer?: DoorAnswer; error?: OpenAiErrorBody }): Record<string, unknown> {
  const { body, door } = request;
  const answer = end?.answer;
  const incomplete = answer?.stop === "length" ? "max_output_tokens" : answer?.stop === "refusal" ? "content_filter" : undefined;
  const status = end?.error !== undefined ? "failed" : answer === undefined ? "in_progress" : incomplete === undefined ? "completed" : "incomplete";
  const input = answer === undefined ? 0 : answer.usage.input + answer.usage.cacheRead + answer.usage.cacheWrite;
  return {
    id: head.id,
    object: "response",
    created_at: head.createdAt,
    status,
    background: false,
    error: end?.error === undefined ? null : { code: end.error.code ?? "server_error", message: end.error.message },
    incomplete_details: incomplete === undefined ? null : { reason: incomplete },
    instructions: body["instructions"] ?? null,
    max_output_tokens: body["max_output_tokens"] ?? null,
    metadata: body["metadata"] ?? {},
    model: door.name,
    output: answer === undefined ? [] : outputOf(head, answer).map(({ item }) => item),
    parallel_tool_calls: true,
    previous_response_id: body["previous_response_id"] ?? null,
    reasoning: { effort: (body["reasoning"] as { effort?: unknown } | null | undefined)?.effort ?? null, summary: null },
    store: door.kind === "durable",
    temperature: body["temperature"] ?? null,
    text: { format: { type: "text" } },
    tool_choice: body["tool_choice"] ?? "auto",
    tools: body["tools"] ?? [],
    top_p: 1,
    truncation: "disabled",
    usage:
      answer === undefined
        ? null
        : {
            input_tokens: input,
            input_tokens_details: { cached_tokens: answer.usage.cacheRead },
            output_tokens: answer.usage.output,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: input + answer.usage.output,
          },
    user: body["user"] ?? null,
  };
}

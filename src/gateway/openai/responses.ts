import type { Credential } from "../auth/credential.ts";
import type { GatewayDeps } from "../deps.ts";
import { errorBody } from "./open-ai-error.ts";
import { callItems, messageItem, responseObject, type ResponseHead } from "./response-object.ts";
import type { ResponsesRequest } from "./responses-request.ts";
import { startDoor, type DoorRun } from "./run-door.ts";
import { sseAnswer, type Write } from "./sse-answer.ts";

/** POST /v1/responses. The id names the turn, so a later request can continue its session. */
export async function answerResponses(
  deps: GatewayDeps,
  credential: Credential,
  asked: { request: ResponsesRequest; gone: AbortController },
): Promise<Response> {
  const { request, gone } = asked;
  const run = await startDoor(deps, credential, { request: request.door, signal: gone.signal });
  const head: ResponseHead = { id: `resp_${run.id}`, createdAt: Math.floor(deps.clock.now() / 1000) };
  if (request.stream) return sseAnswer(deps, gone, (write) => stream(run, write, { request, head }));
  const answer = await run.finish(() => {});
  return Response.json(responseObject(request, head, { answer }));
}

async function stream(run: DoorRun, write: Write, { request, head }: { request: ResponsesRequest; head: ResponseHead }): Promise<void> {
  let sequence = 0;
  const send = (type: string, fields: Record<string, unknown>) =>
    write(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`);
  const place = { item_id: messageItem(head, undefined).id, output_index: 0, content_index: 0 };
  let begun = false;
  let writing = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    send("response.created", { response: responseObject(request, head) });
    send("response.in_progress", { response: responseObject(request, head) });
  };
  const startText = () => {
    begin();
    if (writing) return;
    writing = true;
    send("response.output_item.added", { output_index: 0, item: messageItem(head, undefined).item });
    send("response.content_part.added", { ...place, part: { type: "output_text", text: "", annotations: [], logprobs: [] } });
  };
  try {
    const answer = await run.finish((piece) => {
      startText();
      send("response.output_text.delta", { ...place, delta: piece, logprobs: [] });
    });
    if (answer.calls.length === 0) startText();
    begin();
    if (writing) {
      const { item } = messageItem(head, answer.text);
      send("response.output_text.done", { ...place, text: answer.text, logprobs: [] });
      send("response.content_part.done", { ...place, part: { type: "output_text", text: answer.text, annotations: [], logprobs: [] } });
      send("response.output_item.done", { output_index: 0, item });
    }
    callItems(answer).forEach(({ id, item }, i) => {
      const at = { item_id: id, output_index: i + (writing ? 1 : 0) };
      send("response.output_item.added", { output_index: at.output_index, item: { ...item, status: "in_progress", arguments: "" } });
      send("response.function_call_arguments.delta", { ...at, delta: item["arguments"] });
      send("response.function_call_arguments.done", { ...at, name: item["name"], arguments: item["arguments"] });
      send("response.output_item.done", { output_index: at.output_index, item });
    });
    const response = responseObject(request, head, { answer });
    send(response["status"] === "completed" ? "response.completed" : "response.incomplete", { response });
  } catch (error) {
    if (!begun) throw error;
    send("response.failed", { response: responseObject(request, head, { error: errorBody(error) }) });
  }
}

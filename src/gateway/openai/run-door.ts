import type { ToolCallPart } from "../../core/entry.ts";
import { noUsage, type Usage } from "../../core/model.ts";
import { newId } from "../../core/random.ts";
import { fileType } from "../../lib/file-type/index.ts";
import type { Credential } from "../auth/credential.ts";
import type { GatewayDeps } from "../deps.ts";
import type { MessageParam } from "../methods/schemas.ts";
import { submitMessage } from "../submit-message.ts";
import { waitForTurn } from "../wait-for-turn.ts";
import type { DoorRequest } from "./door-request.ts";
import { OpenAiError } from "./open-ai-error.ts";

export interface DoorAnswer {
  readonly text: string;
  readonly calls: readonly ToolCallPart[];
  readonly stop: "end" | "calls" | "length" | "refusal";
  readonly usage: Usage;
}

/** One request that is under way. */
export interface DoorRun {
  /** Turn id of a durable one, else an id of its own. */
  readonly id: string;
  /** Calls `onText` with each new piece of text, in order. @throws ClankerError or OpenAiError */
  finish(onText: (piece: string) => void): Promise<DoorAnswer>;
}

/** Starts a request: a durable one is accepted when this resolves. */
export async function startDoor(deps: GatewayDeps, credential: Credential, start: { request: DoorRequest; signal: AbortSignal }): Promise<DoorRun> {
  const { request, signal } = start;
  if (request.kind === "stateless") return { id: newId(deps.clock, deps.random), finish: (onText) => finishStateless(deps, request.input, { onText, signal }) };
  const { session, model, thinking, system, idempotencyKey } = request;
  const message = await withImages(deps, request);
  const submitted = await submitMessage(deps, credential, { session, message, idempotencyKey, model, thinking, system });
  if (submitted.kind === "command") {
    const { reply } = submitted;
    return {
      id: newId(deps.clock, deps.random),
      finish: async (onText) => {
        if (reply !== "") onText(reply);
        return { text: reply, calls: [], stop: "end", usage: noUsage };
      },
    };
  }
  return { id: submitted.turnId, finish: (onText) => finishDurable(deps, submitted, { onText, signal }) };
}

async function withImages(deps: GatewayDeps, request: Extract<DoorRequest, { kind: "durable" }>): Promise<MessageParam> {
  if (request.images.length === 0) return request.message;
  const media = await Promise.all(request.images.map(async ({ type, bytes }) => (await deps.blobs.put(bytes, { type: fileType(bytes, type) })).id));
  const text = typeof request.message === "string" ? request.message : (request.message.text ?? "");
  return { text, media };
}

interface Listener {
  readonly onText: (piece: string) => void;
  readonly signal: AbortSignal;
}

async function finishStateless(
  deps: GatewayDeps,
  input: Extract<DoorRequest, { kind: "stateless" }>["input"],
  { onText, signal }: Listener,
): Promise<DoorAnswer> {
  let streamed = "";
  const { parts, stop, usage } = await deps.stateless(
    input,
    (event) => {
      if (event.type !== "text" || event.text === "") return;
      streamed += event.text;
      onText(event.text);
    },
    signal,
  );
  const text = parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  // A model that does not stream has said nothing yet.
  if (text.length > streamed.length && text.startsWith(streamed)) onText(text.slice(streamed.length));
  const calls = parts.filter((part) => part.type === "call");
  return { text, calls, stop: calls.length > 0 ? "calls" : stop === "length" || stop === "refusal" ? stop : "end", usage };
}

async function finishDurable(deps: GatewayDeps, turn: { messageId: string; turnId: string }, { onText, signal }: Listener): Promise<DoorAnswer> {
  let streamed = "";
  const show = (text: string) => {
    // What was sent cannot be taken back: a text that began anew is only continued where it agrees.
    if (text.length <= streamed.length || !text.startsWith(streamed)) return;
    onText(text.slice(streamed.length));
    streamed = text;
  };
  const result = await waitForTurn(deps, { messageId: turn.messageId, turnId: turn.turnId, signal, onText: show });
  if (result.outcome === "failed") {
    const { code, message, hint } = result.error ?? { code: "turn_failed", message: "the turn failed", hint: undefined };
    throw new OpenAiError(hint === undefined ? message : `${message} (${hint})`, { status: 502, code });
  }
  if (result.outcome === "cancelled") throw new OpenAiError("the turn was stopped", { status: 409, code: "turn_cancelled" });
  if (result.outcome === "running") throw new OpenAiError("the caller left before the turn had ended", { status: 503, code: "unavailable" });
  show(result.text);
  return { text: result.text, calls: [], stop: "end", usage: result.usage };
}

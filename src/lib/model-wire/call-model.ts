import type { Clock } from "../../core/clock.ts";
import { ModelError } from "../../core/errors.ts";
import { HttpFailure, type Destination, type Http, type HttpRequest, type HttpResponse } from "../../core/http.ts";
import { sse, SseTooLarge, type SseEvent } from "../sse/index.ts";
import { modelFailure, nameOf } from "./model-failure.ts";
import { record, text } from "./read-json.ts";

export interface CallOptions {
  readonly provider: string;
  /** The part behind `provider:`. */
  readonly model: string;
  readonly destination: Destination;
  readonly http: Http;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Milliseconds until the response begins, and of silence inside it. */
  readonly silenceMs?: number;
}

const SILENCE_MS = 60_000;
const LIST_TIMEOUT_MS = 15_000;
/** UTF-16 units that all events of one answer may have. */
const MAX_ANSWER = 64_000_000;
const MAX_COMPLAINT = 256_000;

/** One event of the stream, its data already read. Comments come too, as events named `comment` without data. */
export interface WireEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** The data as it was sent, e.g. `[DONE]`. */
  readonly raw: string;
}

/**
 * Asks a model and answers its event stream. Ends when the stream does: whether that was the right place is the wire's to judge. Leaving the loop ends the reading.
 * @throws ModelError, nothing else: for network, statuses, silence, abort, oversize and events that are not JSON.
 */
export async function* callModel(options: CallOptions, path: string, body: unknown): AsyncGenerator<WireEvent> {
  const { signal } = options;
  const silenceMs = options.silenceMs ?? SILENCE_MS;
  const response = await send(options, {
    method: "POST",
    path,
    // Compressed event streams arrive in lumps.
    headers: { "content-type": "application/json", accept: "text/event-stream", "accept-encoding": "identity" },
    body: JSON.stringify(body),
    timeoutMs: silenceMs,
    idleTimeoutMs: silenceMs,
  });
  await refuseOtherThanStream(options, response);
  let size = 0;
  try {
    for await (const event of sse(response.body, { comments: true })) {
      if (signal?.aborted) throw aborted(options);
      size += event.data.length;
      if (size > MAX_ANSWER) throw new SseTooLarge("the answer is too large");
      yield read(event, options);
    }
  } catch (error) {
    throw streamError(error, options);
  }
  if (signal?.aborted) throw aborted(options);
}

/** One page of a model list. @throws ModelError */
export function fetchModelList(options: CallOptions, path: string): Promise<Readonly<Record<string, unknown>>> {
  return readJson(options, { path, timeoutMs: LIST_TIMEOUT_MS, idleTimeoutMs: LIST_TIMEOUT_MS });
}

/** Asks for something that is answered as a whole. @throws ModelError, nothing else. */
export function callJson(options: CallOptions, path: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
  const silenceMs = options.silenceMs ?? SILENCE_MS;
  const headers = { "content-type": "application/json", accept: "application/json" };
  return readJson(options, { method: "POST", path, headers, body: JSON.stringify(body), timeoutMs: silenceMs, idleTimeoutMs: silenceMs });
}

async function readJson(options: CallOptions, request: HttpRequest): Promise<Readonly<Record<string, unknown>>> {
  const response = await send(options, request);
  if (response.status !== 200) throw await complaintOf(options, response);
  try {
    return record(await response.json());
  } catch (error) {
    if (error instanceof SyntaxError) throw wrongAnswer(options, "its answer is not JSON");
    throw streamError(error, options);
  }
}

async function send(options: CallOptions, request: HttpRequest): Promise<HttpResponse> {
  if (options.signal?.aborted) throw aborted(options);
  try {
    return await options.http.request(options.destination, { ...request, ...(options.signal && { signal: options.signal }) });
  } catch (error) {
    throw requestError(error, options);
  }
}

async function refuseOtherThanStream(options: CallOptions, response: HttpResponse): Promise<void> {
  if (response.status !== 200) throw await complaintOf(options, response);
  const type = response.headers["content-type"] ?? "";
  if (type.includes("application/json")) throw await complaintOf(options, response);
  if (type.includes("text/html")) {
    for await (const _ of response.body) break;
    throw wrongAnswer(options, "it answered with a web page");
  }
}

/** The error that a response other than a stream stands for. Its body may be anything. */
async function complaintOf(options: CallOptions, response: HttpResponse): Promise<ModelError> {
  let told: string;
  try {
    told = await response.text(MAX_COMPLAINT);
  } catch (error) {
    if (options.signal?.aborted) return aborted(options);
    // The status alone says enough.
    told = error instanceof HttpFailure && error.kind === "too_large" ? "(a long answer)" : "";
  }
  const { type, message } = readComplaint(told);
  if (response.status === 200 && type === "" && !told.includes('"error"')) return wrongAnswer(options, "it did not answer with a stream");
  return modelFailure({
    provider: options.provider,
    model: options.model,
    ...(response.status !== 200 && { status: response.status }),
    type,
    message,
    headers: response.headers,
    now: options.clock.now(),
  });
}

/** Vendors write `{error: {type, code, message}}`, `{error: "text"}`, `{message}`, `{detail}`, a list of one of these, or no JSON at all. */
function readComplaint(told: string): { type: string; message: string } {
  try {
    const parsed = JSON.parse(told) as unknown;
    const body = record(Array.isArray(parsed) ? parsed[0] : parsed);
    return complaintIn(body["error"] ?? body);
  } catch {
    return { type: "", message: told.replace(/<[^>]*>/g, " ").slice(0, 1_000) };
  }
}

/** Type and message of an error object, in a response or inside a stream. */
export function complaintIn(error: unknown): { type: string; message: string } {
  if (typeof error === "string") return { type: "", message: error };
  const fields = record(error);
  const code = typeof fields["code"] === "number" ? String(fields["code"]) : text(fields["code"]);
  const inner = text(record(fields["metadata"])["raw"]);
  const message = text(fields["message"]) || text(fields["detail"]) || text(fields["error"]);
  return { type: [code, text(fields["type"])].filter((word) => word !== "").join(" "), message: inner === "" ? message : `${message} ${inner}` };
}

function read(event: SseEvent, options: CallOptions): WireEvent {
  if (event.data === "[DONE]" || event.event === "comment") return { event: event.event, data: {}, raw: event.data };
  try {
    return { event: event.event, data: record(JSON.parse(event.data)), raw: event.data };
  } catch {
    throw wrongAnswer(options, "an event of the stream is not JSON");
  }
}

function requestError(error: unknown, options: CallOptions): ModelError {
  if (error instanceof ModelError) return error;
  if (options.signal?.aborted) return aborted(options);
  const { provider } = options;
  const message = `${nameOf(options)}: ${error instanceof Error ? error.message : String(error)}`;
  if (error instanceof HttpFailure && error.kind === "timeout" && error.sent) return silent(message, options);
  if (error instanceof HttpFailure && error.kind === "refused") {
    return new ModelError("model_request_invalid", message, "invalid", { hint: `check providers.${provider}.base_url and api_key`, cause: error });
  }
  return new ModelError("model_unreachable", message, "away", {
    hint: `${provider} cannot be reached; check the network and providers.${provider}.base_url`,
    cause: error,
  });
}

function streamError(error: unknown, options: CallOptions): ModelError {
  if (error instanceof ModelError) return error;
  if (options.signal?.aborted) return aborted(options);
  const message = `${nameOf(options)}: ${error instanceof Error ? error.message : String(error)}`;
  if (error instanceof HttpFailure && error.kind === "timeout") return silent(message, options);
  if (error instanceof SseTooLarge || (error instanceof HttpFailure && error.kind === "too_large")) {
    return new ModelError("model_answer_too_large", message, "invalid", { hint: `the answer of ${options.provider} was too large to be read`, cause: error });
  }
  return cut(options, message, error);
}

function silent(message: string, options: CallOptions): ModelError {
  return new ModelError("model_silent", message, "away", { hint: `${options.provider} stopped answering; it is tried again later` });
}

/** The stream ended before the answer did. */
export function cut(
  options: Pick<CallOptions, "provider" | "model">,
  message = `${nameOf(options)}: the stream ended in the middle`,
  cause?: unknown,
): ModelError {
  return new ModelError("model_stream_cut", message, "away", { hint: `the answer of ${options.provider} was cut off; it is tried again`, cause });
}

/** An answer that is not what the wire says. */
export function wrongAnswer(options: CallOptions, what: string): ModelError {
  return new ModelError("model_answer_broken", `${nameOf(options)}: ${what}`, "away", {
    hint: `${options.provider} does not speak the expected wire; check providers.${options.provider}.base_url and kind`,
  });
}

function aborted(options: CallOptions): ModelError {
  return new ModelError("model_aborted", `${nameOf(options)}: aborted`, "away");
}

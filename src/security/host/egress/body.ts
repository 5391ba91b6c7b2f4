import type { IncomingMessage } from "node:http";
import type { Readable, Transform } from "node:stream";
import { type Clock, deadline } from "../../../core/clock.ts";
import { HttpFailure, type HttpRequest, type HttpResponse } from "../../../core/http.ts";
import { failureOf, type Exchange } from "./exchange.ts";
import type { Target } from "./target.ts";

const IDLE_TIMEOUT_MS = 60_000;
const DEFAULT_LIMIT = 10_000_000;
/** A compressed body may not become larger than this, however it is read. */
const MAX_DECODED = 100_000_000;

export interface Bodies {
  readonly clock: Clock;
  /** Ends the bodies that nobody has begun to read; who closes the network calls them all. */
  readonly unread: Set<() => void>;
}

/** The response as the port wants it; the body is read at most once. A body that nobody reads is given up after the idle timeout. */
export function toResponse(taken: Exchange, target: Target, request: HttpRequest, bodies: Bodies): HttpResponse {
  const { clock } = bodies;
  const idleMs = request.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  const headers = flatHeaders(taken.response);
  let started = false;
  // Until somebody reads, an error of the socket belongs to no one; the reader finds it in the stream's state.
  taken.response.on("error", () => {});
  const stopWaiting = endUnread(taken, request, bodies, idleMs);
  const start = (): AsyncGenerator<Uint8Array> => {
    if (started) throw new HttpFailure("refused", `${target.shown}: the body was read already`, true);
    started = true;
    stopWaiting();
    return read({ taken, target, clock, idleMs, encoding: headers["content-encoding"], signal: request.signal });
  };
  const bytes = (limit = DEFAULT_LIMIT) => collect(start(), limit, target);
  const text = async (limit?: number) => withoutSecrets(new TextDecoder().decode(await bytes(limit)), target);
  return {
    status: taken.response.statusCode ?? 0,
    headers,
    body: { [Symbol.asyncIterator]: start },
    bytes,
    text,
    json: async (limit) => JSON.parse(await text(limit)) as unknown,
  };
}

/** The socket of a body that is never read must not stay open. */
function endUnread(taken: Exchange, request: HttpRequest, { clock, unread }: Bodies, idleMs: number): () => void {
  const stop = () => {
    cancel();
    unread.delete(destroy);
    request.signal?.removeEventListener("abort", destroy);
  };
  const destroy = () => {
    stop();
    taken.destroy();
  };
  const cancel = clock.timer(idleMs, destroy);
  unread.add(destroy);
  request.signal?.addEventListener("abort", destroy, { once: true });
  return stop;
}

function flatHeaders(response: IncomingMessage): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  return flat;
}

interface Reading {
  readonly taken: Exchange;
  readonly target: Target;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly encoding: string | undefined;
  readonly signal: AbortSignal | undefined;
}

async function* read(reading: Reading): AsyncGenerator<Uint8Array> {
  const { taken, target, clock, signal } = reading;
  let failure: HttpFailure | undefined;
  const stop = (kind: "aborted" | "timeout" | "too_large", why: string) => {
    failure ??= new HttpFailure(kind, `${target.shown}: ${why}`, true);
    taken.destroy();
  };
  const onAbort = () => stop("aborted", "aborted");
  const onIdle = () => stop("timeout", `no data for ${reading.idleMs} ms`);
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  let cancelIdle = deadline(clock, reading.idleMs, onIdle);
  /** undefined: whoever reads has left. */
  let complete: boolean | undefined;
  let left: Readable | undefined;
  let size = 0;
  try {
    const { stream, decoded } = await decode(taken.response, reading.encoding, target);
    left = stream;
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      cancelIdle();
      size += chunk.length;
      if (decoded && size > MAX_DECODED) stop("too_large", `the body is larger than ${MAX_DECODED} bytes`);
      if (failure !== undefined) throw failure;
      yield chunk;
      cancelIdle = deadline(clock, reading.idleMs, onIdle);
    }
    if (failure !== undefined) throw failure;
    complete = true;
  } catch (error) {
    complete = false;
    throw failure ?? (error instanceof HttpFailure ? error : failureOf(error, target, true));
  } finally {
    cancelIdle();
    signal?.removeEventListener("abort", onAbort);
    if (complete === undefined && left !== undefined && failure === undefined) readRest(left, taken, clock);
    else if (!complete) taken.destroy();
  }
}

/** What may still come behind the place at which a reader leaves. */
const REST = { ms: 500, bytes: 16_384 };

/**
 * Who leaves behind the last event of a stream leaves just before the end of the body: when that comes at once, the connection is kept for the next request instead of
 * being opened anew each time. What goes on is cut.
 */
function readRest(stream: Readable, taken: Exchange, clock: Clock): void {
  if (stream.readableEnded) return;
  if (stream.destroyed) return taken.destroy();
  let size = 0;
  const cut = () => taken.destroy();
  const cancel = clock.timer(REST.ms, cut);
  taken.response.once("close", cancel);
  stream.on("data", (chunk: Uint8Array) => {
    size += chunk.length;
    if (size > REST.bytes) cut();
  });
  stream.resume();
}

/** node:zlib is loaded for the first compressed answer. */
async function decode(response: IncomingMessage, encoding: string | undefined, target: Target): Promise<{ stream: Readable; decoded: boolean }> {
  const name = (encoding ?? "").trim().toLowerCase();
  if (name === "" || name === "identity") return { stream: response, decoded: false };
  const zlib = await import("node:zlib");
  const decoders: Record<string, () => Transform> = {
    gzip: zlib.createGunzip,
    "x-gzip": zlib.createGunzip,
    deflate: zlib.createInflate,
    br: zlib.createBrotliDecompress,
  };
  const decoder = Object.hasOwn(decoders, name) ? decoders[name]?.() : undefined;
  if (decoder === undefined) throw new HttpFailure("refused", `${target.shown}: the server used an encoding that was not offered`, true);
  // Whatever happens to it when nobody reads any more is no one's error.
  decoder.on("error", () => {});
  // Gone while zlib was loaded: no event would tell the decoder.
  if (response.destroyed && !response.complete) throw Object.assign(new Error("closed"), { code: "ECONNRESET" });
  response.on("error", (error) => decoder.destroy(error));
  // A closed response ends without `end`: the decoder would wait for ever.
  response.on("close", () => {
    if (!response.complete) decoder.destroy(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
  });
  return { stream: response.pipe(decoder), decoded: true };
}

async function collect(chunks: AsyncIterable<Uint8Array>, limit: number, target: Target): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > limit) throw new HttpFailure("too_large", `${target.shown}: the body is larger than ${limit} bytes`, true);
    parts.push(chunk);
  }
  return new Uint8Array(Buffer.concat(parts, size));
}

/** Some servers repeat the key they were given in their complaint about it. */
function withoutSecrets(text: string, target: Target): string {
  return target.secrets.reduce((clean, secret) => clean.replaceAll(secret, "[secret]"), text);
}

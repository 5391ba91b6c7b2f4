/** Calls Discord's REST API over the Http port, keeps out of its rate limits and says who failed. Knows nothing of messages. */
import type { Clock } from "../../core/clock.ts";
import type { Destination, Http, HttpResponse } from "../../core/http.ts";
import type { Random } from "../../core/random.ts";
import { VERSION } from "../../core/version.ts";
import { multipart, newBoundary } from "../../lib/multipart/index.ts";

/** Reference, User Agent: another form may be turned away before it reaches Discord. */
export const USER_AGENT = `DiscordBot (https://www.npmjs.com/package/open-clanker, ${VERSION})`;

export interface Upload {
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly name: string;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Goes as `files[0]` beside `body` as `payload_json` (Reference, Uploading Files). */
  readonly upload?: Upload;
  readonly signal?: AbortSignal;
}

/** An answer that is an error, or our own refusal while a limit holds. */
export class DiscordFailure extends Error {
  /** HTTP status. */
  readonly status: number;
  /** JSON error code (Opcodes and Status Codes), 0 when there is none. */
  readonly code: number;
  readonly description: string;
  readonly retryAfterMs: number | undefined;

  constructor(call: string, answer: { status: number; code?: number; description: string; retryAfterMs?: number | undefined }) {
    super(`${call}: ${answer.status} ${answer.description}`);
    this.name = "DiscordFailure";
    this.status = answer.status;
    this.code = answer.code ?? 0;
    this.description = answer.description;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface DiscordApi {
  /** @throws DiscordFailure for an answer that is an error, HttpFailure for none. */
  call(method: Method, path: string, options?: CallOptions): Promise<unknown>;
}

const UPLOAD_TIMEOUT_MS = 120_000;
const MAX_HELD = 1_000;
/** Of the fields that an error names. */
const MAX_DEPTH = 8;

/** @param destination its credential goes into the header `authorization`, after `Bot `. */
export function createApi(destination: Destination, { http, random, clock }: { http: Http; random: Random; clock: Clock }): DiscordApi {
  /** Route (or `global`) -> monotonic time until which Discord wants silence there (Rate Limits). */
  const held = new Map<string, number>();
  const hold = (scope: string, ms: number) => {
    held.delete(scope);
    held.set(scope, clock.monotonic() + ms);
    if (held.size > MAX_HELD) held.delete(held.keys().next().value!);
  };
  const refuseWhileHeld = (call: string, route: string) => {
    for (const scope of ["global", route]) {
      const left = (held.get(scope) ?? 0) - clock.monotonic();
      if (left > 0) throw new DiscordFailure(call, { status: 429, description: "Discord asked for a pause here", retryAfterMs: Math.ceil(left) });
      held.delete(scope);
    }
  };
  return {
    async call(method, path, { body, upload, signal } = {}) {
      const route = routeOf(method, path);
      refuseWhileHeld(`${method} ${path}`, route);
      const response = await http.request(destination, {
        method,
        path,
        ...(upload === undefined ? jsonBody(body) : uploadBody(body, upload, random)),
        ...(upload === undefined ? {} : { timeoutMs: UPLOAD_TIMEOUT_MS }),
        ...(signal === undefined ? {} : { signal }),
      });
      const resetMs = seconds(response.headers["x-ratelimit-reset-after"]);
      if (response.headers["x-ratelimit-remaining"] === "0" && resetMs !== undefined) hold(route, resetMs);
      if (response.status >= 200 && response.status < 300) return await answerOf(response, `${method} ${path}`);
      const { failure, global } = await failureOf(response, `${method} ${path}`);
      if (failure.status === 429) hold(global ? "global" : route, failure.retryAfterMs ?? 1_000);
      throw failure;
    },
  };
}

/** Limits count per method, route and major parameter, which is the first id of the path; ids further on share one (Rate Limits). */
function routeOf(method: Method, path: string): string {
  const [plain = ""] = path.split("?");
  let ids = 0;
  return `${method} ${plain.replace(/\d{15,}/g, (id) => (ids++ === 0 ? id : ":id"))}`;
}

function jsonBody(body: unknown): { headers?: Record<string, string>; body?: string } {
  return body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function uploadBody(body: unknown, upload: Upload, random: Random): { headers: Record<string, string>; body: Uint8Array } {
  const boundary = newBoundary(random);
  const file = { name: "files[0]", filename: upload.name, type: upload.type, bytes: upload.bytes };
  const whole = multipart([{ name: "payload_json", value: JSON.stringify(body) }, file], boundary);
  return { headers: { "content-type": whole.contentType }, body: whole.body };
}

/** Also an empty body is read: unread it would hold its connection. */
async function answerOf(response: HttpResponse, call: string): Promise<unknown> {
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new DiscordFailure(call, { status: 502, description: "not an answer of Discord" });
  }
}

interface WireError {
  readonly code?: number;
  readonly message?: string;
  readonly retry_after?: number;
  readonly global?: boolean;
  readonly errors?: unknown;
}

async function failureOf(response: HttpResponse, call: string): Promise<{ failure: DiscordFailure; global: boolean }> {
  const text = await response.text(256_000);
  let answer: WireError = {};
  try {
    answer = (JSON.parse(text) as WireError | null) ?? {};
  } catch {
    // A proxy in front of Discord answers in HTML; the status is all there is to know then.
  }
  const retryAfterMs = answer.retry_after === undefined ? seconds(response.headers["retry-after"]) : Math.ceil(answer.retry_after * 1_000);
  const description = [String(answer.message ?? "no description"), ...wrongFields(answer.errors)].join("; ").slice(0, 500);
  const failure = new DiscordFailure(call, { status: response.status, code: Number(answer.code ?? 0), description, retryAfterMs });
  return { failure, global: answer.global === true || response.headers["x-ratelimit-global"] === "true" };
}

/** What is wrong with the fields of a form, as `poll.answers.0: words`: the message itself says only that the form is invalid (Reference, Error Messages). */
function wrongFields(errors: unknown, path: readonly string[] = []): string[] {
  if (typeof errors !== "object" || errors === null || path.length > MAX_DEPTH) return [];
  return Object.entries(errors).flatMap(([name, value]) => {
    if (name !== "_errors") return wrongFields(value, [...path, name]);
    return (Array.isArray(value) ? value : []).map((one: { message?: unknown } | null) => `${path.join(".")}: ${String(one?.message)}`);
  });
}

function seconds(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && value >= 0 ? Math.ceil(value * 1_000) : undefined;
}

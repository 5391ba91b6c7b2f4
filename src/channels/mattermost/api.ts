/** Calls the REST API (v4) over the Http port and says who failed. Knows nothing of messages. */
import type { Destination, Http, HttpResponse } from "../../core/http.ts";
import { multipart } from "../../lib/multipart/index.ts";

/** An answer that is an error. */
export class MattermostFailure extends Error {
  override readonly name = "MattermostFailure";
  readonly status: number;
  /** Mattermost's own id of the error, e.g. `api.context.permissions.app_error`; empty when something in between answered. */
  readonly id: string;
  readonly retryAfterMs: number | undefined;

  constructor(call: string, answer: { status: number; id: string; message: string; retryAfterMs: number | undefined }) {
    super(`${call}: ${answer.status} ${answer.message}`);
    this.status = answer.status;
    this.id = answer.id;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

export interface CallOptions {
  readonly body?: object;
  readonly signal?: AbortSignal;
}

export interface MattermostApi {
  /** @throws MattermostFailure for an answer that is an error, HttpFailure for none. */
  call<T = object>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, options?: CallOptions): Promise<T>;
  /** @returns the file's id; nobody sees it before a post names it. @throws MattermostFailure, HttpFailure */
  upload(file: { channel: string; name: string; type: string; bytes: Uint8Array; boundary: string }, signal: AbortSignal): Promise<string>;
  /** @throws MattermostFailure, HttpFailure `too_large` */
  download(id: string, limit: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; type: string }>;
}

const UPLOAD_TIMEOUT_MS = 120_000;

export function createApi(http: Http, destination: Destination): MattermostApi {
  return {
    async call<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, { body, signal }: CallOptions = {}) {
      const response = await http.request(destination, {
        method,
        path: `/api/v4${path}`,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      return (await result(`${method} ${path.split("?", 1)[0]}`, response)) as T;
    },
    async upload({ channel, name, type, bytes, boundary }, signal) {
      const { body, contentType } = multipart(
        [
          { name: "channel_id", value: channel },
          { name: "files", filename: name, type, bytes },
        ],
        boundary,
      );
      const headers = { "content-type": contentType };
      const response = await http.request(destination, { method: "POST", path: "/api/v4/files", headers, body, signal, timeoutMs: UPLOAD_TIMEOUT_MS });
      const { file_infos: files } = (await result("POST /files", response)) as { file_infos?: { id?: string }[] };
      const id = files?.[0]?.id;
      if (id === undefined) throw new MattermostFailure("POST /files", { status: 502, id: "", message: "no file id", retryAfterMs: undefined });
      return id;
    },
    async download(id, limit, signal) {
      const response = await http.request(destination, { path: `/api/v4/files/${encodeURIComponent(id)}`, signal });
      if (response.status !== 200) await result("GET /files", response);
      return { bytes: await response.bytes(limit), type: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase() };
    },
  };
}

async function result(call: string, response: HttpResponse): Promise<unknown> {
  const text = await response.text();
  let answer: { id?: unknown; message?: unknown } | undefined;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    // Answered below by its status.
  }
  if (response.status >= 200 && response.status < 300 && answer !== undefined) return answer;
  const id = typeof answer?.id === "string" ? answer.id.slice(0, 200) : "";
  const message = typeof answer?.message === "string" ? answer.message.slice(0, 300) : "no readable answer";
  // A page instead of an answer comes from something in between; what it did with the request nobody knows.
  const status = response.status >= 200 && response.status < 300 ? 502 : response.status;
  throw new MattermostFailure(call, { status, id, message, retryAfterMs: retryAfter(response) });
}

/** Seconds until the bucket is full again (API v4, rate limiting). */
function retryAfter({ headers }: HttpResponse): number | undefined {
  const seconds = Number(headers["retry-after"] ?? headers["x-ratelimit-reset"]);
  return seconds > 0 ? seconds * 1_000 : undefined;
}

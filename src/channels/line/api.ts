/** Calls the Messaging API over the Http port and says who failed. Knows nothing of messages. */
import type { Destination, Http, HttpResponse } from "../../core/http.ts";
import type { LineAccountConfig } from "./config.ts";

/** An answer that is an error. */
export class LineFailure extends Error {
  override readonly name = "LineFailure";
  readonly status: number;
  /** What LINE says about it, its details included. */
  readonly said: string;
  readonly retryAfterMs: number | undefined;
  /** Ids of what was sent, where the answer names them (409: the request before). */
  readonly sent: readonly SentMessage[];
  /** The request with the same retry key that was accepted before. */
  readonly accepted: boolean;

  constructor(call: string, { status, said, retryAfterMs, sent, accepted }: Pick<LineFailure, "status" | "said" | "retryAfterMs" | "sent" | "accepted">) {
    super(`${call}: ${status} ${said}`);
    this.status = status;
    this.said = said;
    this.retryAfterMs = retryAfterMs;
    this.sent = sent;
    this.accepted = accepted;
  }
}

export interface SentMessage {
  readonly id?: string;
}

export interface LineCall {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface LineApi {
  /** @param path begins with `/v2/bot`. @throws LineFailure for an answer that is an error, HttpFailure for none. */
  call<T = object>(method: "GET" | "POST" | "PUT", path: string, call?: LineCall): Promise<T>;
  /** From the data server. @throws LineFailure, HttpFailure `too_large` */
  download(messageId: string, limit: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; type: string }>;
  /** Whether a film or sound can be fetched yet. @throws LineFailure, HttpFailure */
  prepared(messageId: string, signal: AbortSignal): Promise<"processing" | "succeeded" | "failed">;
}

export function createApi(http: Http, { api_root, data_root, access_token }: LineAccountConfig): LineApi {
  const to = (baseUrl: string): Destination => ({ baseUrl, credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: access_token } });
  const api = to(api_root);
  const data = to(data_root);
  return {
    async call<T>(method: "GET" | "POST" | "PUT", path: string, { body, headers, signal }: LineCall = {}) {
      const response = await http.request(api, {
        method,
        path,
        headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      return (await result(`${method} ${path}`, response)) as T;
    },
    async download(messageId, limit, signal) {
      const path = `/v2/bot/message/${encodeURIComponent(messageId)}/content`;
      const response = await http.request(data, { path, signal });
      if (response.status !== 200) return (await result(`GET ${path}`, response)) as never;
      return { bytes: await response.bytes(limit), type: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase() };
    },
    async prepared(messageId, signal) {
      const path = `/v2/bot/message/${encodeURIComponent(messageId)}/content/transcoding`;
      const { status } = (await result(`GET ${path}`, await http.request(data, { path, signal }))) as { status?: unknown };
      return status === "processing" || status === "failed" ? status : "succeeded";
    },
  };
}

interface Answer {
  readonly message?: unknown;
  readonly details?: readonly { readonly message?: unknown; readonly property?: unknown }[];
  readonly sentMessages?: readonly SentMessage[];
}

async function result(call: string, response: HttpResponse): Promise<unknown> {
  const text = await response.text();
  let answer: Answer | undefined;
  try {
    answer = JSON.parse(text) as Answer;
  } catch {
    // Answered below by its status.
  }
  // 202 without content: what was asked for is not ready.
  const { status } = response;
  if ((status === 200 || (status === 202 && call.startsWith("POST"))) && typeof answer === "object" && answer !== null) return answer;
  const details = Array.isArray(answer?.details) ? answer.details.map((one) => `${one?.property}: ${one?.message}`) : [];
  const said = [typeof answer?.message === "string" ? answer.message : "no readable answer", ...details].join("; ").slice(0, 500);
  const seconds = Number(response.headers["retry-after"]);
  throw new LineFailure(call, {
    // A page instead of an answer comes from something in between; what it did with the request nobody knows.
    status: status === 200 ? 502 : status === 202 ? 503 : status,
    said,
    retryAfterMs: seconds > 0 ? seconds * 1_000 : undefined,
    sent: Array.isArray(answer?.sentMessages) ? answer.sentMessages : [],
    accepted: status === 409 && response.headers["x-line-accepted-request-id"] !== undefined,
  });
}

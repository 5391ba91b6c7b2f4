/** Calls a signal-cli daemon (man signal-cli-jsonrpc(5)) over the Http port and says who failed. Knows nothing of messages. */
import type { Destination, Http, HttpResponse } from "../../core/http.ts";

/** An answer that is an error: of JSON-RPC, or of HTTP without one. */
export class SignalFailure extends Error {
  override readonly name = "SignalFailure";
  /** The error's number in JSON-RPC; undefined when the daemon, or something before it, answered with a status alone. */
  readonly code: number | undefined;
  readonly status: number;
  /** What the command had written before it failed (`error.data.response`). */
  readonly response: unknown;

  constructor(call: string, answer: { code?: number; status: number; message: string; response?: unknown }) {
    super(`${call}: ${answer.code ?? `HTTP ${answer.status}`} ${answer.message}`);
    this.code = answer.code;
    this.status = answer.status;
    this.response = answer.response;
  }
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Longest answer in bytes, default 10 MB. */
  readonly limit?: number;
  /** Without the parameter that names the account: a daemon of one account takes it for a mistake in some methods. */
  readonly bare?: boolean;
}

export interface SignalApi {
  /** @throws SignalFailure for an answer that is an error, HttpFailure for none. */
  call<T = object>(method: string, params?: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<T>;
  /**
   * Server-sent events of this account, open until left. While one is open the daemon receives (receive mode `on-connection`).
   * @param idleTimeoutMs longest silence. @throws SignalFailure, HttpFailure
   */
  events(signal: AbortSignal, idleTimeoutMs: number): Promise<AsyncIterable<Uint8Array>>;
}

/** A message to a large group takes its time, and so does the upload of a file. */
const CALL_TIMEOUT_MS = 120_000;

export function createApi(http: Http, { url, number }: { readonly url: string; readonly number: string }): SignalApi {
  const destination: Destination = { baseUrl: url };
  let count = 0;
  return {
    async call<T>(method: string, params: Readonly<Record<string, unknown>> = {}, { signal, limit, bare = false }: CallOptions = {}) {
      const body = { jsonrpc: "2.0", id: `${++count}`, method, params: bare ? params : { account: number, ...params } };
      const response = await http.request(destination, {
        method: "POST",
        path: "/api/v1/rpc",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        timeoutMs: CALL_TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
      });
      return (await resultOf(method, response, limit)) as T;
    },
    async events(signal, idleTimeoutMs) {
      const response = await http.request(destination, { path: `/api/v1/events?account=${encodeURIComponent(number)}`, signal, idleTimeoutMs });
      if (response.status === 200) return response.body;
      await response.bytes(10_000);
      throw new SignalFailure("events", { status: response.status, message: "" });
    },
  };
}

async function resultOf(method: string, response: HttpResponse, limit: number | undefined): Promise<unknown> {
  const text = await response.text(limit);
  let answer: { result?: unknown; error?: { code?: unknown; message?: unknown; data?: { response?: unknown } | null } | null } | undefined;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    // Answered below by its status.
  }
  const { status } = response;
  if (answer?.error) {
    const { code, message, data } = answer.error;
    const words = typeof message === "string" ? message.slice(0, 500) : "";
    throw new SignalFailure(method, { status, message: words, response: data?.response, ...(typeof code === "number" ? { code } : {}) });
  }
  if (status === 200 && answer?.result !== undefined) return answer.result;
  throw new SignalFailure(method, { status, message: "no readable answer" });
}

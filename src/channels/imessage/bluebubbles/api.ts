/** Calls a BlueBubbles server (docs.bluebubbles.app, REST API) over the Http port and says who failed. Knows nothing of messages. */
import type { Http, HttpResponse } from "../../../core/http.ts";
import type { Secret } from "../../../core/secret.ts";
import { WayFailure } from "../way.ts";

export interface BlueBubblesApi {
  /** @throws WayFailure for an answer that is an error, HttpFailure for none. */
  call<T = unknown>(method: "GET" | "POST", path: string, options?: { body?: object; signal?: AbortSignal }): Promise<T>;
  /** A multipart form. @throws WayFailure, HttpFailure */
  upload<T = unknown>(path: string, form: { body: Uint8Array; contentType: string }, signal: AbortSignal): Promise<T>;
  /** @throws WayFailure, HttpFailure `too_large` */
  download(path: string, limit: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; type: string }>;
}

/** The server answers a text once it stands in Messages' database, after two minutes at most, a file after twenty. */
const SEND_TIMEOUT_MS = 150_000;
const UPLOAD_TIMEOUT_MS = 1_260_000;

export function createApi(http: Http, { url, password }: { readonly url: string; readonly password: Secret }): BlueBubblesApi {
  // The server takes its password from the query alone (AuthMiddleware); the door keeps it out of every log and error.
  const destination = { baseUrl: url, credential: { in: "query", name: "password", secret: password } } as const;
  return {
    async call<T>(method: "GET" | "POST", path: string, { body, signal }: { body?: object; signal?: AbortSignal } = {}) {
      const response = await http.request(destination, {
        method,
        path: `/api/v1${path}`,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
        ...(/^\/message\/(text|react|.*\/(edit|unsend))$/.test(path) ? { timeoutMs: SEND_TIMEOUT_MS } : {}),
      });
      return (await resultOf(`${method} ${path.split("?", 1)[0]}`, response)) as T;
    },
    async upload<T>(path: string, { body, contentType }: { body: Uint8Array; contentType: string }, signal: AbortSignal) {
      const headers = { "content-type": contentType };
      const response = await http.request(destination, { method: "POST", path: `/api/v1${path}`, headers, body, signal, timeoutMs: UPLOAD_TIMEOUT_MS });
      return (await resultOf(`POST ${path}`, response)) as T;
    },
    async download(path, limit, signal) {
      const response = await http.request(destination, { path: `/api/v1${path}`, signal });
      if (response.status !== 200) await resultOf(`GET ${path}`, response);
      return { bytes: await response.bytes(limit), type: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase() };
    },
  };
}

/** `{status, message, data}`, or `{status, message, error: {type, message}, data?}`. */
async function resultOf(call: string, response: HttpResponse): Promise<unknown> {
  const text = await response.text(50_000_000);
  let answer: { data?: unknown; message?: unknown; error?: { type?: unknown; message?: unknown } } | undefined;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    // Answered below by its status.
  }
  const { status } = response;
  if (status === 200 && answer !== undefined) return answer.data;
  const words = [answer?.error?.message, answer?.message].find((one) => typeof one === "string") as string | undefined;
  throw new WayFailure(kindOf(status, words ?? "", answer?.data), `${call}: ${status} ${(words ?? "no readable answer").slice(0, 300)}`);
}

function kindOf(status: number, words: string, data: unknown): WayFailure["kind"] {
  if (status === 401 || status === 403) return "password";
  if (status === 404 || /does not exist|chat not found/i.test(words)) return "gone";
  if (status === 400) return "refused";
  if (/private api/i.test(words)) return "helper";
  // Messages took it and could not deliver it: its row says so.
  if (typeof data === "object" && data !== null && Number((data as { error?: unknown }).error) > 0) return "undelivered";
  // A page instead of an answer comes from something in between; what it did with the request nobody knows.
  return "lost";
}

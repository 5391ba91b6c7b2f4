/** Calls one Web API method over the Http port and says who failed. Knows nothing of messages. */
import { HttpFailure, type Destination, type Http, type HttpResponse } from "../../core/http.ts";
import type { Secret } from "../../core/secret.ts";

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Which token the method wants; default: the bot's. */
  readonly token?: "bot" | "app";
}

/** Slack's own answer `ok: false`, or a status without a readable answer (proxies in front of it). */
export class SlackFailure extends Error {
  readonly method: string;
  /** Slack's `error`, e.g. `channel_not_found`; `http_503` when there was none. */
  readonly reason: string;
  readonly status: number;
  /** From the Retry-After header. */
  readonly retryAfterMs: number | undefined;

  constructor(method: string, reason: string, answer: { status: number; retryAfterMs?: number | undefined; detail?: string | undefined }) {
    super(`${method}: ${reason}${answer.detail === undefined ? "" : ` (${answer.detail})`}`);
    this.name = "SlackFailure";
    this.method = method;
    this.reason = reason;
    this.status = answer.status;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

export interface SlackApi {
  /** @throws SlackFailure for an answer that is an error, HttpFailure for none. */
  call<T = object>(method: string, args: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<T>;
  /** Posts bytes to the URL that files.getUploadURLExternal gave. No token goes with them. @throws SlackFailure, HttpFailure */
  upload(url: string, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /** A private file with the bot token. @throws SlackFailure, HttpFailure `too_large` */
  download(url: string, limit: number, options?: CallOptions): Promise<{ bytes: Uint8Array; type: string }>;
}

export interface ApiConfig {
  readonly api_root: string;
  readonly files_root: string;
  readonly bot_token: Secret;
  readonly app_token?: Secret | undefined;
}

const UPLOAD_TIMEOUT_MS = 120_000;

export function createApi(http: Http, config: ApiConfig): SlackApi {
  const withToken = (baseUrl: string, secret: Secret): Destination => ({
    baseUrl,
    credential: { in: "header", name: "authorization", prefix: "Bearer ", secret },
  });
  const bot = withToken(config.api_root, config.bot_token);
  const app = config.app_token === undefined ? bot : withToken(config.api_root, config.app_token);
  const files = withToken(config.files_root, config.bot_token);
  return {
    async call<T>(method: string, args: Readonly<Record<string, unknown>>, { signal, token = "bot" }: CallOptions = {}) {
      const response = await http.request(token === "app" ? app : bot, {
        method: "POST",
        path: `/${method}`,
        // Every method takes forms; only some take JSON.
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: form(args),
        ...(signal === undefined ? {} : { signal }),
      });
      return (await result(method, response)) as T;
    },
    async upload(url, bytes, { signal } = {}) {
      const response = await http.request(
        { baseUrl: config.files_root },
        {
          method: "POST",
          path: pathBelow(config.files_root, url),
          headers: { "content-type": "application/octet-stream" },
          body: bytes,
          timeoutMs: UPLOAD_TIMEOUT_MS,
          ...(signal === undefined ? {} : { signal }),
        },
      );
      await response.text(64_000);
      if (response.status !== 200) throw new SlackFailure("upload", `http_${response.status}`, { status: response.status });
    },
    async download(url, limit, { signal } = {}) {
      const response = await http.request(files, { path: pathBelow(config.files_root, url), ...(signal === undefined ? {} : { signal }) });
      if (response.status !== 200) {
        await response.text(64_000);
        throw new SlackFailure("download", `http_${response.status}`, { status: response.status, retryAfterMs: retryAfter(response) });
      }
      return { bytes: await response.bytes(limit), type: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase() };
    },
  };
}

/** What is no text, number or switch goes as JSON (Slack Web API, "POST bodies"). */
function form(args: Readonly<Record<string, unknown>>): string {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries(args)) {
    if (value !== undefined) fields.set(name, typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  return fields.toString();
}

/** The token must not leave for any host that an answer names. @throws HttpFailure `refused` */
function pathBelow(root: string, given: string): string {
  const url = URL.parse(given);
  if (url === null || url.origin !== new URL(root).origin) throw new HttpFailure("refused", "Slack named a file that is not below files_root", false);
  return url.pathname + url.search;
}

interface Answer {
  readonly ok?: boolean;
  readonly error?: string;
  readonly needed?: string;
  readonly response_metadata?: { readonly messages?: readonly string[] };
}

async function result(method: string, response: HttpResponse): Promise<unknown> {
  const body = await response.text();
  const { status } = response;
  let answer: Answer | undefined;
  try {
    answer = JSON.parse(body) as Answer;
  } catch {
    // Answered below by its status.
  }
  if (status === 200 && answer?.ok === true) return answer;
  const known = typeof answer?.error === "string" ? answer.error.slice(0, 100) : undefined;
  // A page instead of an answer comes from something in between; what it did with the request nobody knows.
  const reason = status === 429 ? "ratelimited" : (known ?? `http_${status === 200 ? 502 : status}`);
  const detail = answer?.needed === undefined ? answer?.response_metadata?.messages?.join("; ").slice(0, 300) : `needs the scope ${answer.needed}`;
  throw new SlackFailure(method, reason, { status, retryAfterMs: retryAfter(response), detail });
}

function retryAfter(response: HttpResponse): number | undefined {
  const seconds = Number(response.headers["retry-after"]);
  return seconds > 0 ? seconds * 1_000 : undefined;
}

/** Calls the open platform over the Http port with the app's access token, and says who failed. Knows nothing of messages. */
import type { Clock } from "../../core/clock.ts";
import type { Destination, Http, HttpRequest, HttpResponse } from "../../core/http.ts";
import { Secret } from "../../core/secret.ts";
import { multipart, type MultipartPart } from "../../lib/multipart/index.ts";
import type { FeishuAccountConfig } from "./config.ts";

/** An answer whose `code` is not 0, or none that can be read. */
export class FeishuFailure extends Error {
  override readonly name = "FeishuFailure";
  readonly status: number;
  /** The platform's own number; the HTTP status when there was none. */
  readonly code: number;
  readonly retryAfterMs: number | undefined;
  /** The app itself was refused, not this call. */
  readonly credentials: boolean;

  constructor(call: string, answer: { status: number; code: number; msg: string; retryAfterMs: number | undefined; credentials?: boolean }) {
    super(`${call}: ${answer.code} ${answer.msg}`);
    this.status = answer.status;
    this.code = answer.code;
    this.retryAfterMs = answer.retryAfterMs;
    this.credentials = answer.credentials ?? false;
  }
}

export interface FeishuCall {
  readonly body?: object;
  readonly signal?: AbortSignal;
}

export interface FeishuApi {
  /** @param path below `/open-apis`. @returns the whole answer. @throws FeishuFailure, HttpFailure */
  call<T = object>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, call?: FeishuCall): Promise<T>;
  /** @throws FeishuFailure, HttpFailure */
  upload<T>(path: string, parts: readonly MultipartPart[], options: { boundary: string; signal: AbortSignal }): Promise<T>;
  /** @throws FeishuFailure, HttpFailure `too_large` */
  download(path: string, limit: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; type: string }>;
  /** Where the persistent connection is to be had. @throws FeishuFailure, HttpFailure */
  endpoint(signal: AbortSignal): Promise<{ url: string; pingMs: number | undefined }>;
}

const UPLOAD_TIMEOUT_MS = 120_000;
/** "tenant_access_token": good for two hours; within the last half hour the platform hands out a new one. */
const EARLY_MS = 5 * 60_000;
/** "Generic error codes": the token is missing, not right or over. */
const TOKEN_CODES = new Set([99991661, 99991663, 99991664, 99991665, 99991668, 99991671, 99991677]);
/** Codes of the endpoint of the persistent connection that mean the app and not the moment. */
const ENDPOINT_REFUSED = new Set([403, 514]);

export function createApi({ http, clock }: { http: Http; clock: Clock }, { api_root, app_id, app_secret }: FeishuAccountConfig): FeishuApi {
  const bare: Destination = { baseUrl: api_root };
  let token: { readonly destination: Destination; readonly until: number } | undefined;
  let asking: Promise<Destination> | undefined;

  const askToken = async (): Promise<Destination> => {
    const path = "/open-apis/auth/v3/tenant_access_token/internal";
    const body = JSON.stringify({ app_id, app_secret: app_secret.reveal() });
    const call = "POST /auth/v3/tenant_access_token/internal";
    const answer = (await result(call, await http.request(bare, { method: "POST", path, headers: JSON_HEADERS, body }), true)) as {
      tenant_access_token?: string;
      expire?: number;
    };
    const { tenant_access_token: value, expire = 0 } = answer;
    if (value === undefined) throw new FeishuFailure(call, { status: 502, code: 502, msg: "no token in the answer", retryAfterMs: undefined });
    const destination: Destination = {
      baseUrl: api_root,
      credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: new Secret("feishu token", value) },
    };
    token = { destination, until: clock.monotonic() + expire * 1_000 - EARLY_MS };
    return destination;
  };
  /** One request for a token, however many calls wait for it. */
  const withToken = (): Promise<Destination> => {
    if (token !== undefined && clock.monotonic() < token.until) return Promise.resolve(token.destination);
    asking ??= askToken().finally(() => (asking = undefined));
    return asking;
  };
  /** A token that was refused is asked for anew, once, unless another call has done so meanwhile. */
  const authorized = async <T>(request: HttpRequest, read: (response: HttpResponse) => Promise<T>): Promise<T> => {
    const used = await withToken();
    try {
      return await read(await http.request(used, request));
    } catch (error) {
      if (!(error instanceof FeishuFailure) || !TOKEN_CODES.has(error.code) || error.credentials) throw error;
      if (token?.destination === used) token = undefined;
      return await read(await http.request(await withToken(), request));
    }
  };

  return {
    async call<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, { body, signal }: FeishuCall = {}) {
      const request = {
        method,
        path: `/open-apis${path}`,
        ...(body === undefined ? {} : { headers: JSON_HEADERS, body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      };
      return (await authorized(request, (response) => result(`${method} ${path}`, response))) as T;
    },
    async upload<T>(path: string, parts: readonly MultipartPart[], { boundary, signal }: { boundary: string; signal: AbortSignal }) {
      const { body, contentType } = multipart(parts, boundary);
      const request: HttpRequest = {
        method: "POST",
        path: `/open-apis${path}`,
        headers: { "content-type": contentType },
        body,
        signal,
        timeoutMs: UPLOAD_TIMEOUT_MS,
      };
      return (await authorized(request, (response) => result(`POST ${path}`, response))) as T;
    },
    download: (path, limit, signal) =>
      authorized({ path: `/open-apis${path}`, signal }, async (response) => {
        const type = (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
        // An error is JSON; so may be a file, but that one is handed out with 200 and as what it is.
        if (response.status !== 200) return (await result(`GET ${path}`, response)) as never;
        return { bytes: await response.bytes(limit), type };
      }),
    async endpoint(signal) {
      const call = "POST /callback/ws/endpoint";
      const body = JSON.stringify({ AppID: app_id, AppSecret: app_secret.reveal() });
      const response = await http.request(bare, { method: "POST", path: "/callback/ws/endpoint", headers: { ...JSON_HEADERS, locale: "zh" }, body, signal });
      const { data } = (await result(call, response, ENDPOINT_REFUSED)) as { data?: { URL?: string; ClientConfig?: { PingInterval?: number } } };
      if (typeof data?.URL !== "string") throw new FeishuFailure(call, { status: 502, code: 502, msg: "no address in the answer", retryAfterMs: undefined });
      const seconds = data.ClientConfig?.PingInterval;
      return { url: data.URL, pingMs: typeof seconds === "number" && seconds > 0 ? seconds * 1_000 : undefined };
    },
  };
}

const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" } as const;

/** @param credentials which codes of this call refuse the app itself: all that are not the platform's own trouble, or these. */
async function result(call: string, response: HttpResponse, credentials: boolean | ReadonlySet<number> = false): Promise<unknown> {
  const text = await response.text();
  let answer: { code?: unknown; msg?: unknown } | undefined;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    // Answered below by its status.
  }
  const { status } = response;
  if (answer?.code === 0 && status === 200) return answer;
  const known = typeof answer?.code === "number" && answer.code !== 0 ? answer.code : undefined;
  // A page instead of an answer comes from something in between; what it did with the request nobody knows.
  const code = known ?? (status === 200 ? 502 : status);
  const msg = typeof answer?.msg === "string" ? answer.msg.slice(0, 400) : "no readable answer";
  const refused = known !== undefined && (typeof credentials === "boolean" ? credentials && !isLimit(status, code) && status < 500 : credentials.has(known));
  throw new FeishuFailure(call, {
    status: known === undefined && status === 200 ? 502 : status,
    code,
    msg,
    retryAfterMs: retryAfter(response),
    credentials: refused,
  });
}

/** "Rate limits" (99991400), and those of sending and pinning. */
const LIMITS = new Set([99991400, 230020, 230047, 11232, 11233]);

export function isLimit(status: number, code: number): boolean {
  return status === 429 || LIMITS.has(code);
}

/** Seconds until the limit is over ("Rate limits"). */
function retryAfter({ headers }: HttpResponse): number | undefined {
  const seconds = Number(headers["x-ogw-ratelimit-reset"] ?? headers["retry-after"]);
  return seconds > 0 ? seconds * 1_000 : undefined;
}

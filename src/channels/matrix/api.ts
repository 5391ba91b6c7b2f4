/** Calls the client-server API over the Http port and says who failed. Knows nothing of messages. */
import type { Destination, Http, HttpRequest, HttpResponse } from "../../core/http.ts";
import type { Secret } from "../../core/secret.ts";

/** An answer that is an error (client-server API, "Standard error response"). */
export class MatrixFailure extends Error {
  override readonly name = "MatrixFailure";
  readonly status: number;
  /** e.g. `M_FORBIDDEN`; empty when something in between answered. */
  readonly errcode: string;
  readonly retryAfterMs: number | undefined;
  /** The device was logged out and may log in again with its keys. */
  readonly softLogout: boolean;
  /** What came with it: the stages of user-interactive authentication stand in it. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(call: string, status: number, body: Readonly<Record<string, unknown>>, retryAfterMs?: number) {
    const text = typeof body["error"] === "string" ? body["error"].slice(0, 300) : "no readable answer";
    const errcode = typeof body["errcode"] === "string" ? body["errcode"].slice(0, 100) : "";
    super(`${call}: ${status} ${errcode} ${text}`);
    this.status = status;
    this.errcode = errcode;
    this.retryAfterMs = retryAfterMs;
    this.softLogout = body["soft_logout"] === true;
    this.body = body;
  }
}

export interface CallOptions {
  readonly body?: object | string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface MatrixApi {
  /** From now on calls bear this token. */
  login(accessToken: Secret | undefined): void;
  /** @param path below `/_matrix`. @throws MatrixFailure for an answer that is an error, HttpFailure for none. */
  call<T = Record<string, unknown>>(method: "GET" | "POST" | "PUT", path: string, options?: CallOptions): Promise<T>;
  /** As `call`, the answer as it came. */
  text(method: "GET" | "POST" | "PUT", path: string, options?: CallOptions): Promise<string>;
  /** @returns the file's mxc:// address. @throws MatrixFailure, HttpFailure */
  upload(bytes: Uint8Array, file: { name?: string; type: string }, signal: AbortSignal): Promise<string>;
  /** @throws MatrixFailure, HttpFailure `too_large` */
  download(mxc: string, limit: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; type: string }>;
}

/** The answer to a first sync holds the state of every room. */
const MAX_ANSWER_BYTES = 100_000_000;
const UPLOAD_TIMEOUT_MS = 120_000;

export function createApi(http: Http, baseUrl: string): MatrixApi {
  let destination: Destination = { baseUrl };
  const request = (more: HttpRequest) => http.request(destination, more);
  const text = async (method: "GET" | "POST" | "PUT", path: string, { body, signal, timeoutMs }: CallOptions = {}) => {
    const response = await request({
      method,
      path: `/_matrix${path}`,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    return result(`${method} ${path.split("?", 1)[0]}`, response);
  };
  const download = async (path: string, limit: number, signal: AbortSignal) => {
    const response = await request({ path, signal });
    if (response.status !== 200) await result("GET media", response);
    return { bytes: await response.bytes(limit), type: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase() };
  };
  return {
    login(accessToken) {
      destination =
        accessToken === undefined ? { baseUrl } : { baseUrl, credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: accessToken } };
    },
    call: async <T>(method: "GET" | "POST" | "PUT", path: string, options?: CallOptions) => JSON.parse(await text(method, path, options)) as T,
    text,
    async upload(bytes, { name, type }, signal) {
      const path = `/_matrix/media/v3/upload${name === undefined ? "" : `?filename=${encodeURIComponent(name)}`}`;
      const response = await request({ method: "POST", path, headers: { "content-type": type }, body: bytes, signal, timeoutMs: UPLOAD_TIMEOUT_MS });
      const { content_uri: uri } = JSON.parse(await result("POST media", response)) as { content_uri?: string };
      if (uri === undefined) throw new MatrixFailure("POST media", 502, { error: "no address of the file" });
      return uri;
    },
    async download(mxc, limit, signal) {
      const { server, id } = mxcParts(mxc);
      const path = `${encodeURIComponent(server)}/${encodeURIComponent(id)}`;
      try {
        return await download(`/_matrix/client/v1/media/download/${path}`, limit, signal);
      } catch (error) {
        // Servers from before authenticated media (v1.11) do not know the address.
        if (!(error instanceof MatrixFailure) || error.errcode !== "M_UNRECOGNIZED") throw error;
        return download(`/_matrix/media/v3/download/${path}`, limit, signal);
      }
    },
  };
}

/** @throws MatrixFailure for what is no mxc:// address: whoever sent the message wrote it. */
function mxcParts(mxc: string): { server: string; id: string } {
  const [, server, id] = /^mxc:\/\/([A-Za-z0-9.:[\]-]+)\/([A-Za-z0-9_=-]+)$/.exec(mxc) ?? [];
  if (server === undefined || id === undefined) throw new MatrixFailure("GET media", 404, { errcode: "M_NOT_FOUND", error: "not an mxc address" });
  return { server, id };
}

async function result(call: string, response: HttpResponse): Promise<string> {
  const text = await response.text(MAX_ANSWER_BYTES);
  const ok = response.status >= 200 && response.status < 300;
  let body: Record<string, unknown> | undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) body = parsed as Record<string, unknown>;
  } catch {
    // Answered below by its status.
  }
  if (ok && body !== undefined) return text;
  // A page instead of an answer comes from something in between; what it did with the request nobody knows.
  throw new MatrixFailure(call, ok ? 502 : response.status, body ?? {}, retryAfter(response, body));
}

/** In the header since v1.10, in the answer before that. */
function retryAfter({ headers }: HttpResponse, body: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const seconds = Number(headers["retry-after"]);
  if (seconds > 0) return seconds * 1_000;
  const ms = Number(body?.["retry_after_ms"]);
  return ms > 0 ? ms : undefined;
}

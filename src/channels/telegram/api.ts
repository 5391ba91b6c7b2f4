/** Calls one Bot API method over the Http port and says who failed. Knows nothing of messages. */
import type { ApiMethods, ApiResponse, Opts } from "@grammyjs/types";
import type { Destination, Http, HttpResponse } from "../../core/http.ts";
import type { Random } from "../../core/random.ts";
import { multipart, newBoundary, type MultipartPart } from "../../lib/multipart/index.ts";

type Methods = ApiMethods<never>;
export type MethodName = keyof Methods;
export type Args<M extends MethodName> = Opts<never>[M];
export type Result<M extends MethodName> = ReturnType<Methods[M]>;

/** A file in an upload; `field` is the parameter that takes it. */
export interface Upload {
  readonly field: string;
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly name: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Until the answer begins, and for its longest silence; defaults of the Http port. */
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

/** Telegram's own answer `ok: false`, or a status without a readable answer (proxies in front of it). */
export class TelegramFailure extends Error {
  /** `error_code` of the answer, else the HTTP status. */
  readonly code: number;
  readonly description: string;
  /** From `retry_after`. */
  readonly retryAfterMs: number | undefined;
  /** The group lives on under this id (Bot API, ResponseParameters). */
  readonly migratedTo: string | undefined;

  constructor(method: string, code: number, description: string, parameters: { retry_after?: number; migrate_to_chat_id?: number } = {}) {
    super(`${method}: ${code} ${description}`);
    this.name = "TelegramFailure";
    this.code = code;
    this.description = description;
    this.retryAfterMs = parameters.retry_after === undefined ? undefined : parameters.retry_after * 1000;
    this.migratedTo = parameters.migrate_to_chat_id === undefined ? undefined : String(parameters.migrate_to_chat_id);
  }
}

export interface TelegramApi {
  /** @throws TelegramFailure for an answer that is an error, HttpFailure for none. */
  call<M extends MethodName>(method: M, args: Args<M>, options?: CallOptions): Promise<Result<M>>;
  /** The same with a file, as multipart/form-data. */
  upload(method: MethodName, args: Readonly<Record<string, unknown>>, upload: Upload, options?: CallOptions): Promise<unknown>;
  /** A file by the `file_path` that getFile gave. @throws TelegramFailure, HttpFailure `too_large` */
  download(filePath: string, limit: number, options?: CallOptions): Promise<Uint8Array>;
}

const UPLOAD_TIMEOUT_MS = 120_000;

/** @param destination its credential goes into the path: `/bot{secret}/METHOD`. */
export function createApi(http: Http, random: Random, destination: Destination): TelegramApi {
  return {
    async call<M extends MethodName>(method: M, args: Args<M>, options: CallOptions = {}) {
      const response = await http.request(destination, {
        method: "POST",
        path: `/bot{secret}/${method}`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(args),
        ...options,
      });
      return (await result(method, response)) as Result<M>;
    },
    async upload(method, args, upload, options = {}) {
      const fields: MultipartPart[] = Object.entries(args).flatMap(([name, value]) =>
        value === undefined ? [] : [{ name, value: typeof value === "string" ? value : JSON.stringify(value) }],
      );
      const { body, contentType } = multipart(
        [...fields, { name: upload.field, filename: upload.name, type: upload.type, bytes: upload.bytes }],
        newBoundary(random),
      );
      const response = await http.request(destination, {
        method: "POST",
        path: `/bot{secret}/${method}`,
        headers: { "content-type": contentType },
        body,
        timeoutMs: UPLOAD_TIMEOUT_MS,
        ...options,
      });
      return await result(method, response);
    },
    async download(filePath, limit, options = {}) {
      const path = filePath.split("/").map(encodeURIComponent).join("/");
      const response = await http.request(destination, { path: `/file/bot{secret}/${path}`, ...options });
      if (response.status !== 200) throw new TelegramFailure("download", response.status, await text(response));
      return await response.bytes(limit);
    },
  };
}

async function result(method: string, response: HttpResponse): Promise<unknown> {
  const body = await response.text();
  let answer: ApiResponse<unknown>;
  try {
    answer = JSON.parse(body) as ApiResponse<unknown>;
  } catch {
    throw new TelegramFailure(method, response.status === 200 ? 502 : response.status, "not an answer of the Bot API");
  }
  if (answer?.ok === true) return answer.result;
  const retryAfter = Number(response.headers["retry-after"]);
  const parameters = { ...(retryAfter > 0 ? { retry_after: retryAfter } : {}), ...answer?.parameters };
  throw new TelegramFailure(method, answer?.error_code ?? response.status, String(answer?.description ?? "no description").slice(0, 500), parameters);
}

async function text(response: HttpResponse): Promise<string> {
  return (await response.text(64_000)).slice(0, 200);
}

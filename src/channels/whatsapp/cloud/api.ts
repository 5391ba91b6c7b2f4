/** Calls the Graph API over the Http port and says who failed. Knows nothing of messages. */
import type { Destination, Http, HttpResponse } from "../../../core/http.ts";
import { multipart } from "../../../lib/multipart/index.ts";
import type { WhatsappCloudConfig } from "../config.ts";
import type { WireError } from "./wire.ts";

/** An answer that is an error. */
export class GraphFailure extends Error {
  override readonly name = "GraphFailure";
  readonly status: number;
  /** Meta's own code (WhatsApp, "Error codes"); undefined when something in between answered. */
  readonly code: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(call: string, answer: { status: number; error: WireError | undefined; retryAfterMs?: number | undefined }) {
    super(`${call}: ${answer.status} ${describeError(answer.error)}`);
    this.status = answer.status;
    this.code = answer.error?.code;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

export function describeError(error: WireError | undefined): string {
  if (error === undefined) return "no readable answer";
  const words = [error.message ?? error.title, error.error_data?.details].filter((one) => typeof one === "string");
  return `${error.code ?? "?"} ${words.join(": ").slice(0, 400)}`;
}

export interface GraphApi {
  /** @param path below the version, e.g. `/PHONE_NUMBER_ID/messages`. @throws GraphFailure for an answer that is an error, HttpFailure for none. */
  call<T = object>(method: "GET" | "POST", path: string, options?: { readonly body?: object; readonly signal?: AbortSignal }): Promise<T>;
  /** @returns the file's id; nobody sees it before a message names it. @throws GraphFailure, HttpFailure */
  upload(file: { name: string; type: string; bytes: Uint8Array; boundary: string }, signal: AbortSignal): Promise<string>;
  /** Bytes of an address that the API has answered. @throws GraphFailure, HttpFailure `too_large`, `refused` for a host that is not Meta's */
  download(url: string, limit: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; type: string }>;
}

const UPLOAD_TIMEOUT_MS = 120_000;
/** Where media lie; the token goes nowhere else but to api_root. */
const MEDIA_HOST = "lookaside.fbsbx.com";

export function createApi(http: Http, { api_root, api_version, phone_number_id, token }: WhatsappCloudConfig): GraphApi {
  const destination = (baseUrl: string): Destination => ({ baseUrl, credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: token } });
  const root = destination(api_root);
  return {
    async call<T>(method: "GET" | "POST", path: string, { body, signal }: { body?: object; signal?: AbortSignal } = {}) {
      const response = await http.request(root, {
        method,
        path: `/${api_version}${path}`,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      return (await result(`${method} ${path.split("?", 1)[0]}`, response)) as T;
    },
    async upload({ name, type, bytes, boundary }, signal) {
      const fields = [
        { name: "messaging_product", value: "whatsapp" },
        { name: "type", value: type },
        { name: "file", filename: name, type, bytes },
      ];
      const { body, contentType } = multipart(fields, boundary);
      const path = `/${api_version}/${phone_number_id}/media`;
      const response = await http.request(root, { method: "POST", path, headers: { "content-type": contentType }, body, signal, timeoutMs: UPLOAD_TIMEOUT_MS });
      const { id } = (await result("POST /media", response)) as { id?: unknown };
      if (typeof id !== "string") throw new GraphFailure("POST /media", { status: 502, error: { message: "no file id" } });
      return id;
    },
    async download(url, limit, signal) {
      const at = mediaUrl(url, api_root);
      if (at === undefined) throw new GraphFailure("GET media", { status: 502, error: { message: "the file's address is not Meta's" } });
      const response = await http.request(destination(at.origin), { path: `${at.pathname}${at.search}`, signal });
      if (response.status !== 200) await result("GET media", response);
      return { bytes: await response.bytes(limit), type: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase() };
    },
  };
}

/** The address, if the token may go there (sec-83): Meta's host for media over TLS, or the configured API's own origin. */
function mediaUrl(text: string, apiRoot: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.origin === new URL(apiRoot).origin) return url;
  return url.protocol === "https:" && url.port === "" && url.hostname === MEDIA_HOST ? url : undefined;
}

async function result(call: string, response: HttpResponse): Promise<unknown> {
  const text = await response.text();
  let answer: { error?: WireError } | undefined;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    // Answered below by its status.
  }
  const fine = response.status >= 200 && response.status < 300;
  if (fine && typeof answer === "object" && answer !== null && answer.error === undefined) return answer;
  const error = typeof answer?.error === "object" && answer.error !== null ? answer.error : undefined;
  const seconds = Number(response.headers["retry-after"]);
  throw new GraphFailure(call, { status: fine ? 502 : response.status, error, ...(seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}) });
}

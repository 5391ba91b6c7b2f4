/** Calls one method of the Bot API over the Http port and says who failed. Knows nothing of messages. */
import type { Destination, Http, HttpResponse } from "../../core/http.ts";
import type { ZaloAccountConfig } from "./config.ts";

/** An answer that is an error. */
export class ZaloFailure extends Error {
  override readonly name = "ZaloFailure";
  /** `error_code` of the answer, else the HTTP status. */
  readonly code: number;
  readonly retryAfterMs: number | undefined;

  constructor(method: string, code: number, said: string, retryAfterMs?: number) {
    super(`${method}: ${code} ${said}`);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** bot.zaloplatforms.com/docs/apis */
export type ZaloMethod = "getMe" | "getWebhookInfo" | "setWebhook" | "sendMessage" | "sendPhoto" | "sendChatAction";

export interface ZaloApi {
  /** @throws ZaloFailure for an answer that is an error, HttpFailure for none. */
  call<T = object>(method: ZaloMethod, args: object, signal?: AbortSignal): Promise<T>;
}

/** The token goes into the path (`/bot{secret}/METHOD`), at the socket and nowhere else. */
export function createApi(http: Http, { api_root, token }: ZaloAccountConfig): ZaloApi {
  const destination: Destination = { baseUrl: api_root, credential: { in: "path", secret: token } };
  return {
    async call<T>(method: ZaloMethod, args: object, signal?: AbortSignal) {
      const response = await http.request(destination, {
        method: "POST",
        path: `/bot{secret}/${method}`,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(args),
        ...(signal === undefined ? {} : { signal }),
      });
      return (await result(method, response)) as T;
    },
  };
}

interface Answer {
  readonly ok?: unknown;
  readonly result?: unknown;
  readonly error_code?: unknown;
  readonly description?: unknown;
}

async function result(method: string, response: HttpResponse): Promise<unknown> {
  const text = await response.text();
  let answer: Answer | null | undefined;
  try {
    answer = JSON.parse(text) as Answer | null;
  } catch {
    // Answered below by its status.
  }
  // sendChatAction has no result.
  if (answer?.ok === true) return answer.result ?? {};
  const { status } = response;
  const code = Number(answer?.error_code);
  const seconds = Number(response.headers["retry-after"]);
  throw new ZaloFailure(
    method,
    // A page instead of an answer comes from something in between; what it did with the request nobody knows.
    code > 0 ? code : status !== 200 ? status : answer?.ok === false ? 400 : 502,
    (typeof answer?.description === "string" ? answer.description : "no readable answer").slice(0, 500),
    seconds > 0 ? seconds * 1_000 : undefined,
  );
}

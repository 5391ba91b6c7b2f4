/** Calls the Chat API (v1) as the app's service account over the Http port and says who failed. Knows nothing of messages. */
import type { Clock } from "../../core/clock.ts";
import type { Http, HttpRequest, HttpResponse } from "../../core/http.ts";
import { createAccessToken } from "../../lib/access-token/index.ts";
import { type PublishedKeys, signAssertion } from "../../lib/signed-tokens/index.ts";
import { type GoogleChatAccountConfig, readServiceAccount } from "./config.ts";

export type JWTClaims = Readonly<Record<string, unknown>>;

/** An answer that is an error. */
export class GoogleFailure extends Error {
  override readonly name = "GoogleFailure";
  /** Who answered. */
  readonly by: "chat" | "login";
  readonly status: number;
  /** Google's own word for it, e.g. `RESOURCE_EXHAUSTED`; empty when something in between answered. */
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(by: GoogleFailure["by"], call: string, answer: { status: number; code: string; message: string; retryAfterMs: number | undefined }) {
    super(`${call}: ${answer.status} ${answer.code} ${answer.message}`.trimEnd());
    this.by = by;
    this.status = answer.status;
    this.code = answer.code;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

export interface GoogleChatApi {
  /** @param path behind `/v1`. @throws GoogleFailure for an answer that is an error, HttpFailure for none. */
  call<T = object>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, options?: { body?: object; signal?: AbortSignal }): Promise<T>;
  /** A file that somebody attached. @throws GoogleFailure, HttpFailure */
  download(resource: string, limit: number, signal: AbortSignal): Promise<{ bytes: Uint8Array; type: string }>;
  /** @throws GoogleFailure, HttpFailure */
  keys(): Promise<PublishedKeys>;
}

const SCOPE = "https://www.googleapis.com/auth/chat.bot";

export interface GoogleChatApiOptions {
  readonly http: Http;
  readonly clock: Clock;
  readonly config: GoogleChatAccountConfig;
  /** Whose public keys `keys` asks for. */
  readonly keysUrl: string;
  /** Aborts what nobody waits for any more when the account stops: tokens and keys are asked for on behalf of everybody. */
  readonly lifetime: () => AbortSignal;
}

export function createApi(options: GoogleChatApiOptions): GoogleChatApi {
  const { http, clock, config, keysUrl, lifetime } = options;
  const token = createAccessToken({ clock, name: "google chat access token", fetch: () => lend(options) });
  const baseUrl = config.api_url.replace(/\/+$/, "");

  /** With our token; once more with a new one when it was refused. */
  const withToken = async (request: HttpRequest): Promise<HttpResponse> => {
    const destination = async () => ({ baseUrl, credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: await token.get() } as const });
    const response = await http.request(await destination(), request);
    if (response.status !== 401) return response;
    await response.text().catch(() => "");
    token.forget();
    return http.request(await destination(), request);
  };

  return {
    async call<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, { body, signal }: { body?: object; signal?: AbortSignal } = {}) {
      const response = await withToken({
        method,
        path: `/v1${path}`,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      return (await result("chat", `${method} ${path.split("?", 1)[0]}`, response)) as T;
    },
    async download(resource, limit, signal) {
      const path = resource.split("/").map(encodeURIComponent).join("/");
      const response = await withToken({ path: `/v1/media/${path}?alt=media`, signal });
      if (response.status !== 200) await result("chat", "GET media", response);
      return { bytes: await response.bytes(limit), type: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase() };
    },
    async keys() {
      const place = new URL(keysUrl);
      const { keys } = (await result(
        "login",
        "GET keys",
        await http.request({ baseUrl: place.origin }, { path: place.pathname + place.search, signal: lifetime() }),
      )) as {
        keys?: unknown;
      };
      if (Array.isArray(keys) && keys.length > 0) return { keys: keys as PublishedKeys["keys"] };
      throw new GoogleFailure("login", "GET keys", { status: 502, code: "", message: "no keys are published", retryAfterMs: undefined });
    },
  };
}

/** A token for a service account (developers.google.com/identity/protocols/oauth2/service-account, "HTTP/REST"). */
async function lend({ http, clock, config, lifetime }: GoogleChatApiOptions): Promise<{ token: string; expiresInMs: number }> {
  const { service_account, token_url } = config;
  const account = readServiceAccount(service_account);
  const refused = (message: string) => new GoogleFailure("login", "POST token", { status: 400, code: "", message, retryAfterMs: undefined });
  if (account === undefined) throw refused("service_account is no key file");
  const claims = { iss: account.email, scope: SCOPE, aud: token_url };
  const assertion = await signAssertion({ key: account.key, claims, now: clock.now(), ...(account.keyId === undefined ? {} : { keyId: account.keyId }) }).catch(
    () => {
      // The library's own error may show the key.
      throw refused("the private key of service_account cannot be read");
    },
  );
  const place = new URL(token_url);
  const response = await http.request(
    { baseUrl: place.origin },
    {
      method: "POST",
      path: place.pathname,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: String(new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion })),
      signal: lifetime(),
    },
  );
  const { access_token, expires_in } = (await result("login", "POST token", response)) as { access_token?: unknown; expires_in?: unknown };
  if (typeof access_token !== "string" || access_token === "")
    throw new GoogleFailure("login", "POST token", { status: 502, code: "", message: "no token in the answer", retryAfterMs: undefined });
  return { token: access_token, expiresInMs: (Number(expires_in) > 0 ? Number(expires_in) : 3_600) * 1_000 };
}

async function result(by: GoogleFailure["by"], call: string, response: HttpResponse): Promise<unknown> {
  const text = await response.text();
  let answer: Record<string, unknown> | undefined;
  try {
    answer = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // Answered below by its status.
  }
  const done = response.status >= 200 && response.status < 300;
  if (done && answer !== undefined && answer !== null) return answer;
  // A page instead of an answer comes from something in between; what it did with the request nobody knows.
  const status = done || response.status < 400 ? 502 : response.status;
  throw new GoogleFailure(by, call, { status, ...wordsOf(answer), retryAfterMs: retryAfter(response) });
}

/** `{error: {status, message}}` of the API, `{error, error_description}` of the login. */
function wordsOf(answer: Record<string, unknown> | undefined): { code: string; message: string } {
  const error = answer?.["error"];
  const inner = typeof error === "object" && error !== null ? (error as { status?: unknown; message?: unknown }) : undefined;
  const code = inner?.status ?? error;
  const words = inner?.message ?? answer?.["error_description"];
  return {
    code: typeof code === "string" ? code.slice(0, 100) : "",
    message: typeof words === "string" ? words.slice(0, 300) : answer === undefined ? "no readable answer" : "",
  };
}

function retryAfter({ headers }: HttpResponse): number | undefined {
  const seconds = Number(headers["retry-after"]);
  return seconds > 0 ? seconds * 1_000 : undefined;
}

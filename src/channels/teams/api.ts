/**
 * Calls the Bot Connector (REST, v3), Microsoft's login and its OpenID metadata over the Http port, and says who failed. Knows nothing of messages.
 * Always true: our token goes to the origins of `service_urls` and nowhere else.
 */
import type { Clock } from "../../core/clock.ts";
import type { Destination, Http, HttpResponse } from "../../core/http.ts";
import { createAccessToken } from "../../lib/access-token/index.ts";
import type { PublishedKeys } from "../../lib/signed-tokens/index.ts";
import type { TeamsAccountConfig } from "./config.ts";

/** An answer that is an error. */
export class TeamsFailure extends Error {
  override readonly name = "TeamsFailure";
  /** Who answered. */
  readonly by: "connector" | "login" | "files";
  readonly status: number;
  /** Microsoft's own word for it, e.g. `BotNotInConversationRoster`; empty when something in between answered. */
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(by: TeamsFailure["by"], call: string, answer: { status: number; code: string; message: string; retryAfterMs: number | undefined }) {
    super(`${call}: ${answer.status} ${answer.code} ${answer.message}`.trimEnd());
    this.by = by;
    this.status = answer.status;
    this.code = answer.code;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

/** A URL that the config does not allow. */
export class NotAllowed extends Error {
  override readonly name = "NotAllowed";
}

export interface TeamsApi {
  /**
   * One call of the connector, e.g. `POST /v3/conversations`.
   * @param serviceUrl as the conversation's activities name it
   * @throws TeamsFailure for an answer that is an error, HttpFailure for none, NotAllowed
   */
  call<T = object>(method: "POST" | "PUT" | "DELETE", path: string, options: { serviceUrl: string; body?: object; signal?: AbortSignal }): Promise<T>;
  /** A picture in a message, with our token. @throws TeamsFailure, HttpFailure, NotAllowed */
  picture(url: string, limit: number, signal: AbortSignal): Promise<Downloaded>;
  /** A file of a personal chat; its URL is its own credential. @throws TeamsFailure, HttpFailure, NotAllowed */
  file(url: string, limit: number, signal: AbortSignal): Promise<Downloaded>;
  /** Puts a file where its receiver has allowed it (OneDrive upload session, one piece). @throws TeamsFailure, HttpFailure, NotAllowed */
  upload(url: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The keys that the connector signs with (Authentication with the Bot Connector API, steps 2 and 3). @throws TeamsFailure, HttpFailure */
  keys(): Promise<PublishedKeys>;
  /** Makes sure that we have a token. @throws TeamsFailure, HttpFailure */
  login(): Promise<void>;
}

export interface Downloaded {
  readonly bytes: Uint8Array;
  readonly type: string;
}

const UPLOAD_TIMEOUT_MS = 120_000;

/** @param lifetime aborts what nobody waits for any more when the account stops: tokens and keys are asked for on behalf of everybody. */
export function createApi(http: Http, clock: Clock, { config, lifetime }: { config: TeamsAccountConfig; lifetime: () => AbortSignal }): TeamsApi {
  const token = createAccessToken({ clock, name: "teams access token", fetch: () => lend(http, config, lifetime()) });

  /** With our token; once more with a new one when it was refused. */
  const withToken = async (serviceUrl: string, run: (destination: Destination) => Promise<HttpResponse>): Promise<HttpResponse> => {
    if (!isService(config, serviceUrl)) throw new NotAllowed(`${originOf(serviceUrl)} is none of channels.teams.service_urls`);
    const destination = async () => ({
      baseUrl: serviceUrl,
      credential: { in: "header", name: "authorization", prefix: "Bearer ", secret: await token.get() } as const,
    });
    const response = await run(await destination());
    if (response.status !== 401) return response;
    await response.text().catch(() => "");
    token.forget();
    return run(await destination());
  };

  return {
    async call<T>(method: "POST" | "PUT" | "DELETE", path: string, { serviceUrl, body, signal }: { serviceUrl: string; body?: object; signal?: AbortSignal }) {
      const response = await withToken(serviceUrl.replace(/\/+$/, ""), (destination) =>
        http.request(destination, {
          method,
          path,
          ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
          ...(signal === undefined ? {} : { signal }),
        }),
      );
      return (await result("connector", `${method} ${path.replace(/conversations\/[^/]+/, "conversations/…")}`, response)) as T;
    },
    async picture(url, limit, signal) {
      const { origin, pathname, search } = parse(url);
      const response = await withToken(origin, (destination) => http.request(destination, { path: pathname + search, signal }));
      return downloaded("connector", response, limit);
    },
    async file(url, limit, signal) {
      const { origin, pathname, search } = allowedFile(config, url);
      return downloaded("files", await http.request({ baseUrl: origin }, { path: pathname + search, signal }), limit);
    },
    async upload(url, bytes, signal) {
      const { origin, pathname, search } = allowedFile(config, url);
      const headers = { "content-type": "application/octet-stream", "content-range": `bytes 0-${bytes.length - 1}/${bytes.length}` };
      const response = await http.request(
        { baseUrl: origin },
        { method: "PUT", path: pathname + search, headers, body: bytes, signal, timeoutMs: UPLOAD_TIMEOUT_MS },
      );
      await result("files", "PUT upload", response);
    },
    keys: () => publishedKeys(http, config, lifetime()),
    login: async () => void (await token.get()),
  };
}

/** Whether our token may go there: only the origin counts, for a path is easily made up. */
export function isService({ service_urls }: Pick<TeamsAccountConfig, "service_urls">, url: string): boolean {
  const origin = originOf(url);
  return origin !== "" && service_urls.some((allowed) => originOf(allowed) === origin);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : "";
}

function parse(url: string): URL {
  if (!URL.canParse(url)) throw new NotAllowed("not a URL");
  return new URL(url);
}

function allowedFile({ file_origins }: TeamsAccountConfig, url: string): URL {
  const parsed = parse(url);
  const allowed = file_origins.some((pattern) => {
    const [scheme = "", host = ""] = pattern.split("://");
    if (`${scheme}:` !== parsed.protocol || parsed.username !== "") return false;
    return host.startsWith("*.") ? parsed.host.endsWith(host.slice(1)) : parsed.host === host;
  });
  if (!allowed) throw new NotAllowed(`${parsed.origin} is none of channels.teams.file_origins`);
  return parsed;
}

/** Client credentials of a single-tenant bot (Authentication with the Bot Connector API, step 1). */
async function lend(http: Http, config: TeamsAccountConfig, signal: AbortSignal): Promise<{ token: string; expiresInMs: number }> {
  const { login_url, tenant_id, app_id, app_password, issuer } = config;
  const form = new URLSearchParams({ grant_type: "client_credentials", client_id: app_id, client_secret: app_password.reveal(), scope: `${issuer}/.default` });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const response = await http.request(
    { baseUrl: login_url.replace(/\/+$/, "") },
    { method: "POST", path: `/${tenant_id}/oauth2/v2.0/token`, headers, body: String(form), signal },
  );
  const { access_token, expires_in } = (await result("login", "POST token", response)) as { access_token?: unknown; expires_in?: unknown };
  if (typeof access_token !== "string" || access_token === "")
    throw new TeamsFailure("login", "POST token", { status: 502, code: "", message: "no token in the answer", retryAfterMs: undefined });
  return { token: access_token, expiresInMs: (Number(expires_in) > 0 ? Number(expires_in) : 3_600) * 1_000 };
}

async function publishedKeys(http: Http, { metadata_url, issuer }: TeamsAccountConfig, signal: AbortSignal): Promise<PublishedKeys> {
  const get = async (url: URL) =>
    (await result("login", `GET ${url.pathname}`, await http.request({ baseUrl: url.origin }, { path: url.pathname + url.search, signal }))) as Record<
      string,
      unknown
    >;
  const place = new URL(metadata_url);
  const metadata = await get(place);
  const keysUrl = parse(String(metadata["jwks_uri"]));
  const wrong = (message: string) => new TeamsFailure("login", "GET metadata", { status: 502, code: "", message, retryAfterMs: undefined });
  // The document is only as trusted as the place it comes from; it sends us nowhere else.
  if (keysUrl.origin !== place.origin) throw wrong("jwks_uri is on another origin than channels.teams.metadata_url");
  if (metadata["issuer"] !== issuer) throw wrong("the metadata is of another issuer than channels.teams.issuer");
  const { keys } = await get(keysUrl);
  if (!Array.isArray(keys) || keys.length === 0) throw wrong("no keys are published");
  const algorithms = metadata["id_token_signing_alg_values_supported"];
  return { keys: keys as PublishedKeys["keys"], ...(Array.isArray(algorithms) ? { algorithms: algorithms.map(String) } : {}) };
}

async function downloaded(by: TeamsFailure["by"], response: HttpResponse, limit: number): Promise<Downloaded> {
  if (response.status !== 200) await result(by, "GET file", response);
  return { bytes: await response.bytes(limit), type: (response.headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase() };
}

async function result(by: TeamsFailure["by"], call: string, response: HttpResponse): Promise<unknown> {
  const text = await response.text();
  let answer: Record<string, unknown> | undefined;
  try {
    answer = (text.trim() === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
  } catch {
    // Answered below by its status.
  }
  const done = response.status >= 200 && response.status < 300;
  if (done && answer !== undefined && answer !== null) return answer;
  // A page instead of an answer comes from something in between; what it did with the request nobody knows.
  const status = done || response.status < 400 ? 502 : response.status;
  throw new TeamsFailure(by, call, { status, ...wordsOf(answer, text), retryAfterMs: retryAfter(response) });
}

/** `{error: {code, message}}` of the connector, `{error, error_description}` of the login, `{errorCode, message: "{subCode ...}"}` of what lies behind the connector. */
function wordsOf(answer: Record<string, unknown> | undefined, text: string): { code: string; message: string } {
  const { error, message } = answer ?? {};
  const inner = typeof error === "object" && error !== null ? (error as { code?: unknown; message?: unknown }) : undefined;
  const sub = /\bsubCode\W+(\w+)/.exec(text)?.[1];
  const code = inner?.code ?? sub ?? error;
  const words = inner?.message ?? answer?.["error_description"] ?? message;
  return {
    code: typeof code === "string" ? code.slice(0, 100) : "",
    message: typeof words === "string" ? words.slice(0, 300) : answer === undefined ? "no readable answer" : "",
  };
}

/** Seconds (Teams: status codes retry guidance). */
function retryAfter({ headers }: HttpResponse): number | undefined {
  const seconds = Number(headers["retry-after"]);
  return seconds > 0 ? seconds * 1_000 : undefined;
}

import { HttpFailure, type Destination, type HttpRequest } from "../../../core/http.ts";

/** One request as it goes to the socket. Only `shown` may be written anywhere. */
export interface Target {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: string;
  /** Path and query; may hold the credential. */
  readonly path: string;
  /** May hold the credential. */
  readonly headers: Record<string, string>;
  /** Method, origin and path without query and without credential, for errors and logs. */
  readonly shown: string;
  readonly origin: string;
  /** Values that must not come back in a text. */
  readonly secrets: readonly string[];
}

/** Headers that say where a request goes or where it ends: the door's own business. */
const OWN_HEADERS = new Set(["host", "connection", "transfer-encoding", "content-length", "upgrade", "proxy-authorization", "te", "trailer", "expect"]);
const SECRET_MARK = "{secret}";

/**
 * Where a request to a configured destination goes. Nothing in `path` can leave the base URL's origin or its path.
 * @throws HttpFailure `refused`, never sent.
 */
export function configuredTarget(destination: Destination, request: HttpRequest): Target {
  const base = parseBase(destination.baseUrl);
  const method = request.method ?? "GET";
  if (!request.path.startsWith("/")) throw refused(`${method} ${base.origin}: the path does not start with a slash`);
  const basePath = base.pathname.replace(/\/+$/, "");
  const credential = destination.credential;
  // The credential goes into the parsed URL's path, so a value with dots or slashes in it cannot change where the request goes.
  const mark = credential?.in === "path" && queryless(request.path).includes(SECRET_MARK) ? freeMark(request.path) : undefined;
  const url = parseUrl(base.origin + basePath + (mark === undefined ? request.path : request.path.replace(SECRET_MARK, mark)), method, base.origin);
  if (url.origin !== base.origin || !`${url.pathname}/`.startsWith(`${basePath}/`)) throw refused(`${method} ${base.origin}: the path leaves the base URL`);
  const secret = credential?.secret.reveal();
  const encoded = secret === undefined ? "" : encodeSegment(secret);
  const shownPath = mark === undefined ? url.pathname : url.pathname.replace(mark, SECRET_MARK);
  return {
    secure: url.protocol === "https:",
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    path: (mark === undefined ? url.pathname : url.pathname.replace(mark, () => encoded)) + withCredential(url.search, credential),
    headers: mergeHeaders(destination, request, `${method} ${url.origin}`),
    shown: `${method} ${url.origin}${shownPath}`,
    origin: url.origin,
    secrets: secret === undefined || secret.length < 4 ? [] : [...new Set([secret, encoded, encodeURIComponent(secret)])],
  };
}

function withCredential(search: string, credential: Destination["credential"]): string {
  if (credential?.in !== "query") return search;
  return `${search === "" ? "?" : `${search}&`}${encodeURIComponent(credential.name)}=${encodeURIComponent(credential.secret.reveal())}`;
}

function parseBase(text: string): URL {
  const base = parseUrl(text, "base URL", "");
  if (base.protocol !== "http:" && base.protocol !== "https:") throw refused(`base URL with ${base.protocol} (only http and https are spoken)`);
  // A password in a URL would be shown wherever the URL is.
  if (base.username !== "" || base.password !== "") throw refused("base URL with a user or password in it");
  return base;
}

function parseUrl(text: string, method: string, origin: string): URL {
  try {
    return new URL(text);
  } catch {
    // The parser's own error repeats its input.
    throw refused(`${method} ${origin}: not a URL`);
  }
}

function queryless(path: string): string {
  return path.split(/[?#]/, 1)[0] ?? "";
}

/** A text that the URL parser keeps and the path does not have. */
function freeMark(path: string): string {
  let mark = "-secret-";
  while (path.includes(mark)) mark = `-${mark}`;
  return mark;
}

/** Everything a path segment may hold stays as it is (RFC 3986 section 3.3: pchar), so `12:ab` is sent as `12:ab`. */
function encodeSegment(secret: string): string {
  return encodeURIComponent(secret).replace(/%(3A|40|24|26|2B|2C|3B|3D)/g, (code) => decodeURIComponent(code));
}

function mergeHeaders(destination: Destination, request: HttpRequest, shown: string): Record<string, string> {
  const headers: Record<string, string> = { "user-agent": "open-clanker", accept: "*/*", "accept-encoding": "gzip, deflate, br" };
  for (const [name, value] of [...Object.entries(destination.headers ?? {}), ...Object.entries(request.headers ?? {})]) {
    const key = name.toLowerCase();
    if (OWN_HEADERS.has(key)) throw refused(`${shown}: the header ${key} is not the caller's to set`);
    headers[key] = value;
  }
  const credential = destination.credential;
  if (credential?.in === "header") headers[credential.name.toLowerCase()] = (credential.prefix ?? "") + credential.secret.reveal();
  return headers;
}

function refused(message: string): HttpFailure {
  return new HttpFailure("refused", message, false);
}

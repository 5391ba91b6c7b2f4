import { HttpFailure } from "../../../core/http.ts";
import { parseIp } from "../../../lib/ip-address/index.ts";
import { isPublicAddress } from "./public-address.ts";
import type { Target } from "./target.ts";

const DEFAULT_PORTS: readonly number[] = [80, 443];
const MAX_URL = 8_192;
/** What a caller may say beside the URL. */
const CALLER_HEADERS = new Set(["accept", "accept-language"]);

/** Names that mean something else on every machine or network (RFC 6761, RFC 6762, RFC 8375, RFC 9476), and the namespace cloud metadata lives in. */
const LOCAL_NAMES = ["localhost", "local", "internal", "home.arpa", "lan", "home", "corp", "intranet", "private", "test", "invalid", "onion", "alt"];

/** Where an untrusted GET goes: a target whose name or address may be looked at, and the URL itself for redirects. */
export interface UntrustedTarget extends Target {
  readonly url: URL;
}

/**
 * What is allowed of a URL before anything is resolved: http or https, an allowed port, no user or password, a name with a dot in it or a public address.
 * @param base what a redirect is relative to.
 * @throws HttpFailure `refused`, never sent.
 */
export function untrustedTarget(text: string, options: { base?: URL; ports?: readonly number[]; headers?: Readonly<Record<string, string>> }): UntrustedTarget {
  const url = parse(text, options.base);
  const shown = `GET ${url.origin === "null" ? url.protocol : url.origin}`;
  if (url.protocol !== "http:" && url.protocol !== "https:") throw refused(`${url.protocol} is not fetched, only http and https`);
  if (url.username !== "" || url.password !== "") throw refused(`${shown}: a URL with a user or password in it is not fetched`);
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  if (!(options.ports ?? DEFAULT_PORTS).includes(port)) throw refused(`${shown}: port ${port} is not allowed`);
  const hostname = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  requireAllowedHost(hostname, shown);
  return {
    url,
    secure: url.protocol === "https:",
    hostname,
    port: String(port),
    path: url.pathname + url.search,
    headers: headersOf(options.headers ?? {}, { host: url.host.replace(/\.(?=:\d+$|$)/, ""), shown }),
    shown,
    origin: url.origin,
    secrets: [],
  };
}

function parse(text: string, base: URL | undefined): URL {
  if (text.length > MAX_URL) throw refused(`a URL longer than ${MAX_URL} characters is not fetched`);
  const url = URL.parse(text, base?.href);
  if (url === null) throw refused("this is not a URL");
  return url;
}

function requireAllowedHost(hostname: string, shown: string): void {
  if (parseIp(hostname) !== undefined || hostname.includes(":")) {
    if (!isPublicAddress(hostname)) throw refused(`${shown}: not a public address`);
    return;
  }
  // A name without a dot is completed by the machine's own search list.
  const isName = hostname.length <= 253 && /^([a-z0-9_-]{1,63}\.)+[a-z0-9-]*[a-z][a-z0-9-]*$/.test(hostname);
  if (!isName || LOCAL_NAMES.some((name) => hostname === name || hostname.endsWith(`.${name}`))) throw refused(`${shown}: not a public name`);
}

function headersOf(given: Readonly<Record<string, string>>, { host, shown }: { host: string; shown: string }): Record<string, string> {
  const headers: Record<string, string> = { host, "user-agent": "open-clanker", accept: "*/*", "accept-encoding": "gzip, deflate, br" };
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    if (!CALLER_HEADERS.has(key)) throw refused(`${shown}: the header ${key} is not sent to a URL that nobody vouches for`);
    headers[key] = value;
  }
  return headers;
}

export function refused(message: string, sent = false): HttpFailure {
  return new HttpFailure("refused", message, sent);
}

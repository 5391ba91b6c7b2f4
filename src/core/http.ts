import type { Secret } from "./secret.ts";

/** A place the owner named in the config. Its credential is put in at the socket and appears nowhere else. */
export interface Destination {
  /** Base URL exactly as the owner wrote it; requests stay below its origin. */
  readonly baseUrl: string;
  /** `path`: the text `{secret}` in a request path is replaced (Telegram's `/bot{secret}/`). `query`: a parameter of every request, where a server takes it nowhere else. */
  readonly credential?:
    | { readonly in: "header"; readonly name: string; readonly prefix?: string; readonly secret: Secret }
    | { readonly in: "path"; readonly secret: Secret }
    | { readonly in: "query"; readonly name: string; readonly secret: Secret };
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Appended to the base URL's path, starts with `/`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Until the response headers; default 30,000 ms. */
  readonly timeoutMs?: number;
  /** Longest silence inside the body; default 60,000 ms. */
  readonly idleTimeoutMs?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it arrives; leaving the loop closes the socket. May be read once, by this or one of the methods below. */
  readonly body: AsyncIterable<Uint8Array>;
  /** @throws HttpFailure `too_large` past `limit` bytes (default 10 MB). */
  bytes(limit?: number): Promise<Uint8Array>;
  text(limit?: number): Promise<string>;
  json(limit?: number): Promise<unknown>;
}

/** Why a request has no usable response. `sent: false` means that surely nothing reached the server. */
export class HttpFailure extends Error {
  readonly kind: "connect" | "timeout" | "aborted" | "closed" | "too_large" | "refused";
  readonly sent: boolean;

  constructor(kind: HttpFailure["kind"], message: string, sent: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "HttpFailure";
    this.kind = kind;
    this.sent = sent;
  }
}

/** The one door to the network for adapters (security/host/egress). Redirects are not followed. */
export interface Http {
  /** @throws HttpFailure. Any status is a response, not an error. */
  request(destination: Destination, request: HttpRequest): Promise<HttpResponse>;
}

/** A GET of a URL that nobody vouches for: a page the model asks for, an avatar, a picture in a message. */
export interface UntrustedRequest {
  readonly url: string;
  /** `accept` and `accept-language`; anything else is refused. Not sent to another origin than the first. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Bytes of the decoded body; what comes behind is left out. Default 5 MB. */
  readonly maxBytes?: number;
  /** For everything together, every hop and the body; default 30,000 ms. */
  readonly timeoutMs?: number;
  /** Ports that may be asked for; default 80 and 443. */
  readonly ports?: readonly number[];
}

export interface UntrustedResponse {
  /** Where it came from, behind all redirects. */
  readonly url: string;
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  /** The body went on behind `bytes`. */
  readonly cut: boolean;
}

/**
 * The door for URLs that nobody vouches for (security/host/egress): public addresses only, each checked and then connected to, again at each of at most five
 * redirects; no credentials, ever.
 */
export interface UntrustedHttp {
  /** @throws HttpFailure: `refused` when the URL, or where it leads, is not allowed. Any status is a response. */
  getUntrusted(request: UntrustedRequest): Promise<UntrustedResponse>;
}

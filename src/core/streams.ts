import type { Secret } from "./secret.ts";

/** A server the owner named in the config that is spoken to over TCP, line by line or otherwise. */
export interface StreamDestination {
  readonly host: string;
  readonly port: number;
  /**
   * TLS from the first byte, its certificate checked for `host` by the machine's authorities. With `fingerprint` (SHA-256 in hex, colons allowed) exactly that
   * certificate is accepted instead, whoever signed it. `name`: the certificate has to be for this name instead of `host` (XMPP: the domain, RFC 6120 section 13.7.2).
   * `later`: plain text until `secure` is called (STARTTLS). Absent: plain text.
   */
  readonly tls?: { readonly fingerprint?: string; readonly name?: string; readonly later?: boolean };
  /** Named texts: `{NAME}` is replaced by the secret's value in those writes alone that are made with `credential: true`. */
  readonly secrets?: Readonly<Record<string, Secret>>;
}

export interface StreamRequest {
  readonly signal?: AbortSignal;
  /** Until the stream is open, TLS included; default 30,000 ms. */
  readonly timeoutMs?: number;
}

/** An open TCP or TLS connection. */
export interface Stream {
  /** What comes in, in order; ends when either side is done. To be read once. Whoever reads slowly slows the other side down. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Resolves once it is closed, with the reason in words. */
  readonly closed: Promise<string>;
  /**
   * @param options.credential puts the destination's secrets in place of `{NAME}`; `base64` encodes the text after that (SASL).
   * @returns whether the stream was open; what is written to a closed one is dropped, and `closed` says why.
   */
  write(text: string, options?: { readonly credential?: boolean; readonly base64?: { readonly before: string; readonly after: string } }): boolean;
  /**
   * Begins TLS as the destination's `tls` says; called once, after the other side has agreed to it in words. What came in plain text behind its word is not read.
   * @throws HttpFailure `connect` when the certificate is not right or there is nothing to secure it with, `timeout`
   */
  secure(timeoutMs?: number): Promise<void>;
  /** Sends what is written and ends; a side that does not answer is cut off after two seconds. */
  close(): void;
}

/** The one door to outgoing TCP streams (security/host/egress): configured servers only. */
export interface Streams {
  /** @throws HttpFailure: `connect` when nobody is there or the certificate is not right, `timeout`, `aborted`. */
  connect(destination: StreamDestination, request?: StreamRequest): Promise<Stream>;
}

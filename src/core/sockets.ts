import type { Secret } from "./secret.ts";

/** A platform the owner named in the config, whose WebSockets a channel may open. */
export interface SocketDestination {
  /** URL exactly as the owner wrote it: `http` stands for `ws`, `https` for `wss`. */
  readonly baseUrl: string;
  /** Domains besides the host of `baseUrl` on which the platform hands out sockets, e.g. `discord.gg`: the domain itself and everything below it. */
  readonly domains?: readonly string[];
  /** Nobody vouches for this URL, somebody wrote it: public addresses only, looked up once and connected to, no credentials. */
  readonly untrusted?: boolean;
  /** `message`: the text `{secret}` is replaced in those messages alone that are sent with `credential: true`. */
  readonly credential?:
    | { readonly in: "header"; readonly name: string; readonly prefix?: string; readonly secret: Secret }
    | { readonly in: "message"; readonly secret: Secret };
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SocketRequest {
  /** Where the platform says its socket is, absolute; its query is never logged, because it may hold a ticket. Default: the base URL. */
  readonly url?: string;
  readonly signal?: AbortSignal;
  /** Until the socket is open; default 30,000 ms. */
  readonly timeoutMs?: number;
  /** Largest message in bytes; a larger one closes the socket. Default 16 MB. */
  readonly maxBytes?: number;
}

/** Why a socket is over. 1006: the connection was lost without a word (RFC 6455 section 7.4.1). */
export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

/** An open WebSocket. */
export interface Socket {
  /** What comes in, in order; ends when the socket is closed. To be read once. Whoever reads slowly slows the other side down. */
  readonly messages: AsyncIterable<string | Uint8Array>;
  /** Resolves once it is closed, by whichever side. */
  readonly closed: Promise<SocketClose>;
  /**
   * @param options.credential puts the destination's credential in place of `{secret}`, escaped for a JSON text.
   * @returns whether the socket was open; a message to a closed one is dropped, and `closed` says why.
   */
  send(text: string, options?: { readonly credential?: boolean }): boolean;
  /** The same for a binary message, which never holds a credential. */
  sendBytes(bytes: Uint8Array): boolean;
  /** Asks the other side whether it is there (RFC 6455 section 5.5.2). Resolves with the pong; never when there is none. */
  ping(): Promise<void>;
  /** Says goodbye; a side that does not answer is cut off after two seconds. Default code 1000. */
  close(code?: number, reason?: string): void;
}

/** The one door to outgoing WebSockets (security/host/egress): configured platforms only, certificates checked, no redirects, no compression. */
export interface Sockets {
  /** @throws HttpFailure: `refused` for a URL that is not the destination's, `closed` when the answer was no WebSocket; else as for a request. */
  connect(destination: SocketDestination, request?: SocketRequest): Promise<Socket>;
}

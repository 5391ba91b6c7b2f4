import { readFileSync } from "node:fs";
import { WebSocket, type ClientOptions } from "ws";
import { ConfigError } from "../core/errors.ts";

export interface Pin {
  /** The one certificate that is accepted, PEM. */
  readonly certificate: string;
  /** Its SHA-256, `AA:BB:...`. */
  readonly fingerprint: string;
}

/** Files with a client certificate and its key, for a gateway with `client_ca`. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * The WebSocket of a gateway with TLS. The home folder says which certificate the gateway has, so that one alone is accepted, whoever signed it and whatever
 * host it is called by: neither a public authority nor a pretended name helps anybody else in its place (sec-86).
 */
export function pinnedSocket(pin: Pin, client: ClientCertificate | undefined): typeof globalThis.WebSocket {
  const checkServerIdentity = (_host: string, { fingerprint256 }: { readonly fingerprint256: string }) =>
    fingerprint256 === pin.fingerprint ? undefined : new Error("another certificate than the gateway's own was shown");
  const options = {
    ca: pin.certificate,
    // The pinned certificate need not be its own issuer.
    allowPartialTrustChain: true,
    checkServerIdentity,
    perMessageDeflate: false,
    ...(client === undefined ? {} : { cert: read(client.cert), key: read(client.key) }),
  };
  class PinnedSocket extends WebSocket {
    constructor(url: string | URL) {
      // Its types let the check answer true or false; what it is handed to, node:tls, wants an Error or nothing.
      super(url, options as unknown as ClientOptions);
    }
  }
  return PinnedSocket as unknown as typeof globalThis.WebSocket;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError("client_certificate_unreadable", `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`, {
      hint: "CLANKER_CLIENT_CERT and CLANKER_CLIENT_KEY name PEM files",
    });
  }
}

import { createServer, type Server } from "node:http";
import { ConfigError } from "../core/errors.ts";
import type { GatewayOptions } from "./options.ts";

/** As long as a stranger may take to authenticate. */
const HANDSHAKE_MS = 10_000;

/** The server, not listening yet: plain HTTP, or TLS with the certificate given. The one place that knows which. */
export async function openListener({ tls }: GatewayOptions): Promise<Server> {
  if (tls === undefined) return createServer();
  const https = await import("node:https");
  const { cert, key, clientCa } = tls;
  const clients = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  return https.createServer({ cert, key, minVersion: "TLSv1.2", handshakeTimeout: HANDSHAKE_MS, ...clients });
}

/** @throws ConfigError `port_in_use`, `bind_failed` */
export function bindListener(server: Server, { port, bindAddress }: GatewayOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      const hint = taken ? "another gateway may be running: see clanker gateway status, or set gateway.port" : "check gateway.bind_address and gateway.port";
      reject(new ConfigError(taken ? "port_in_use" : "bind_failed", `cannot listen on ${bindAddress}:${port}: ${error.message}`, { hint, cause: error }));
    });
    server.listen(port, bindAddress, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

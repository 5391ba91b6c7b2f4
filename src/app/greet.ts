import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ensureGatewayToken, LoadedConfig } from "../config/index.ts";
import { VERSION } from "../core/version.ts";
import type { GatewayTls } from "./gateway-tls.ts";

/** The page lies beside the bundle; unbuilt, in dist. */
export function uiRoot(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, "ui"), join(here, "../ui"), join(here, "../../dist/ui")].find((folder) => existsSync(join(folder, "index.html")));
}

/** How this machine reaches what listens there: an address that stands for all of them is nobody's. */
export function urlOf(address: string, port: number, secure: boolean): string {
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "[::1]" : address.includes(":") ? `[${address}]` : address;
  return `${secure ? "https" : "http"}://${host}:${port}`;
}

export interface Greeting {
  readonly loaded: LoadedConfig;
  readonly token: Awaited<ReturnType<typeof ensureGatewayToken>>;
  readonly tls: GatewayTls | undefined;
}

/** What a person at the terminal is told once it runs. */
export function greet(url: string, { loaded, token, tls }: Greeting, print: (line: string) => void): void {
  const { config, places } = loaded;
  print(`Open Clanker ${VERSION}`);
  if (uiRoot() !== undefined && config.channels.web.enabled) {
    // Once, at the first start: afterwards the token is in the file, and terminals keep what they show.
    print(token?.created ? `Chat:    ${url}/ui/#token=${token.token.reveal()}` : `Chat:    ${url}/ui/`);
    if (token?.created) print("         (this link logs you in; it is shown once)");
  }
  if (tls !== undefined) print(`TLS:     ${tls.selfSigned ? "self-signed certificate" : "your certificate"}, SHA-256 ${tls.certificate.fingerprint}`);
  print(`Model:   ${config.agents.model}${config.agents.model === "offline:demo" ? "  (a built-in demo; choose a real one with: clanker setup)" : ""}`);
  print(`Kept in: ${places.dataFolder}`);
  print("Stop with Ctrl-C.");
}

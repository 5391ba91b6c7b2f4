import { readFile } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { join, resolve } from "node:path";
import { bindAddress } from "../config/bind-address.ts";
import type { LoadedConfig } from "../config/index.ts";
import type { Clock } from "../core/clock.ts";
import { ConfigError } from "../core/errors.ts";
import type { GatewayOptions } from "../gateway/index.ts";
import { readCertificate, requireKeyOf, type Certificate } from "../gateway/tls/certificate.ts";
import { writeFileAtomic } from "../lib/atomic-file/index.ts";

export interface GatewayTls {
  readonly options: NonNullable<GatewayOptions["tls"]>;
  readonly certificate: Certificate;
  readonly selfSigned: boolean;
}

/** A self-signed certificate is made anew when less than this is left of it. */
const RENEW_MS = 30 * 24 * 3_600_000;

/** The certificate and key that `[gateway.tls]` names, or the home's own self-signed one; undefined without TLS. @throws ConfigError `tls_unusable` */
export async function loadGatewayTls({ config, places }: LoadedConfig, clock: Clock): Promise<GatewayTls | undefined> {
  const { tls } = config.gateway;
  if (tls.enabled !== true) return undefined;
  const read = (key: "cert" | "key" | "client_ca") => readPem(`gateway.tls.${key}`, resolve(places.configFolder, tls[key]!));
  const clientCa = tls.client_ca === undefined ? {} : { clientCa: await read("client_ca") };
  const own = tls.cert !== undefined;
  const pair = own ? { cert: await read("cert"), key: await read("key") } : await ownCertificate({ config, places }, clock);
  requireKeyOf(pair.cert, pair.key);
  return { options: { ...pair, ...clientCa }, certificate: readCertificate(pair.cert), selfSigned: !own };
}

async function readPem(key: string, path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError("tls_unusable", `${key}: ${path} cannot be read: ${error.code ?? "unknown error"}`, { hint: "check the path and who may read it" });
  });
}

/**
 * The certificate in the data folder. It stays the same over restarts, because people and programs trust it by its fingerprint; it is made anew when it runs out
 * or when a name or the address of the config is not in it.
 */
async function ownCertificate({ config, places }: Pick<LoadedConfig, "config" | "places">, clock: Clock): Promise<{ cert: string; key: string }> {
  const file = join(places.dataFolder, "gateway-tls.pem");
  const { bind_address: written, hosts } = config.gateway;
  const bind = bindAddress(written);
  const needed = [...new Set(["localhost", "127.0.0.1", "::1", ...hosts, ...(["0.0.0.0", "::"].includes(bind) ? [] : [bind])])];
  const kept = splitPem(await readFile(file, "utf8").catch(() => ""));
  if (kept !== undefined && isGood(kept.cert, needed, clock.now())) return kept;
  const { createSelfSigned } = await import("../gateway/tls/self-signed.ts");
  const everywhere = bind === "0.0.0.0" || bind === "::" ? ownAddresses() : [];
  const made = await createSelfSigned([...new Set([...needed, ...everywhere])], clock.now());
  // Both in one file, so that a crash cannot leave a key without its certificate.
  await writeFileAtomic(file, `${made.cert.trim()}\n${made.key.trim()}\n`);
  return made;
}

function isGood(cert: string, needed: readonly string[], now: number): boolean {
  try {
    const { validUntil, covers } = readCertificate(cert);
    return validUntil - now > RENEW_MS && needed.every(covers);
  } catch {
    // Not a certificate any more: a new one takes its place.
    return false;
  }
}

function splitPem(text: string): { cert: string; key: string } | undefined {
  const cert = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(text)?.[0];
  const key = /-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----/.exec(text)?.[0];
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

function ownAddresses(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((one) =>
    (one ?? []).flatMap(({ address, internal, scopeid }) => (internal || scopeid ? [] : [address])),
  );
  const name = hostname().toLowerCase();
  return /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) ? [name, ...addresses] : addresses;
}

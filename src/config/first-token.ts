import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../core/errors.ts";
import { Secret } from "../core/secret.ts";
import { createFileAtomic } from "../lib/atomic-file/index.ts";
import type { LoadedConfig } from "./load-config.ts";
import type { Places } from "./places.ts";

/** Shorter tokens were written by hand, by mistake or cut off. */
const LEAST_LENGTH = 16;

/**
 * The token that clients must show: the configured one, else `gateway-token` in the data folder (0600), made from 32 random bytes on the first start.
 * @returns undefined when the config asks for no token; `created` is true exactly once, for the start that made it.
 * @throws ConfigError `gateway_token_unusable` when the file is blank or too short: an open door is never the answer (sec-24).
 */
export async function ensureGatewayToken({
  config,
  places,
}: Pick<LoadedConfig, "config" | "places">): Promise<{ token: Secret; created: boolean } | undefined> {
  if (config.gateway.auth.mode !== "token") return undefined;
  if (config.gateway.auth.token !== undefined) return { token: config.gateway.auth.token, created: false };
  const file = gatewayTokenFile(places);
  const there = await readToken(file);
  if (there !== undefined) return { token: there, created: false };
  await mkdir(places.dataFolder, { recursive: true, mode: 0o700 });
  const created = await createFileAtomic(file, `${randomBytes(32).toString("base64url")}\n`);
  // Another start may have made it at the same moment: what is on disk counts.
  const token = await readToken(file);
  if (token === undefined) throw unusable(file, "has vanished");
  return { token, created };
}

export function gatewayTokenFile(places: Pick<Places, "dataFolder">): string {
  return join(places.dataFolder, "gateway-token");
}

/** @returns undefined when there is no such file. @throws ConfigError `gateway_token_unusable` */
async function readToken(file: string): Promise<Secret | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw unusable(file, `cannot be read: ${error.code ?? "unknown error"}`);
  });
  if (text === undefined) return undefined;
  const token = text.trim();
  if (token.length < LEAST_LENGTH) throw unusable(file, `holds fewer than ${LEAST_LENGTH} characters`);
  if (process.platform !== "win32" && ((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  return new Secret("gateway-token", token);
}

function unusable(file: string, what: string): ConfigError {
  return new ConfigError("gateway_token_unusable", `${file} ${what}`, { hint: `remove ${file}: the next start makes a new token` });
}

/** What commands use when no gateway runs, made as for the gateway. */
import type { Env } from "../config/env.ts";
import type { Places } from "../config/places.ts";
import type { Config } from "../config/schema.ts";
import type { Http } from "../core/http.ts";
import { silentLog } from "../core/log.ts";
import type { Provider } from "../core/model.ts";
import type { Secrets } from "../core/secret.ts";
import { findOllama } from "../models/ollama/index.ts";
import { createHttp } from "../security/host/egress/index.ts";
import { createSecretStore, findKeychain, withKeychain } from "../security/host/secrets/index.ts";
import { createProviders } from "./providers.ts";
import { systemClock as clock, systemRandom as random } from "./system.ts";

export function openSecrets(places: Places, env: Env): Secrets {
  const folder = places.dataFolder;
  const file = createSecretStore({ folder, key: env["CLANKER_SECRET_KEY"] });
  return withKeychain(file, { folder, find: () => findKeychain({ platform: process.platform, env, folder }) });
}

export function openHttp(): Http & { close(): void } {
  return createHttp({ log: silentLog });
}

export async function openProviders(config: Config): Promise<ReadonlyMap<string, Provider>> {
  return (await createProviders(config, { http: openHttp(), clock, random })).all;
}

/** Base URL and models of an Ollama on this machine, if one answers. */
export function findLocalOllama(origin?: string): Promise<{ baseUrl: string; models: readonly string[] } | undefined> {
  return findOllama(openHttp(), origin);
}

/** Runs the owner's editor on a file, in this terminal. @throws ClankerError `editor_failed` */
export async function runEditor(command: string, file: string): Promise<void> {
  const terminal = await import("../security/host/terminal/index.ts");
  return terminal.runEditor(command, file);
}

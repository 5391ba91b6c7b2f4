/**
 * What commands use when no gateway runs: the secret store, the network and the providers. `app` makes them, as it does for the gateway; they are loaded when a
 * command asks for them.
 */
import type { Env } from "../config/env.ts";
import type { Places } from "../config/places.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import type { Config } from "../config/schema.ts";
import type { Http } from "../core/http.ts";
import type { Provider } from "../core/model.ts";
import type { Secrets } from "../core/secret.ts";

export async function openSecrets(places: Places, env: Env): Promise<Secrets> {
  const app = await import("../app/workbench.ts");
  return app.openSecrets(places, env);
}

export async function openHttp(): Promise<Http> {
  const app = await import("../app/workbench.ts");
  return app.openHttp();
}

/** By name, `offline` included. */
export async function openProviders(config: Config): Promise<ReadonlyMap<string, Provider>> {
  const app = await import("../app/workbench.ts");
  return app.openProviders(config);
}

/** Base URL and models of an Ollama on this machine, if one answers. */
export async function findLocalOllama(baseUrl?: string): Promise<{ baseUrl: string; models: readonly string[] } | undefined> {
  const app = await import("../app/workbench.ts");
  return app.findLocalOllama(baseUrl);
}

export async function runEditor(command: string, file: string): Promise<void> {
  const app = await import("../app/workbench.ts");
  return app.runEditor(command, file);
}

/** The sandbox of this machine, tried out by programs that want to get out of it. */
export async function proveSandbox(config: Config, places: Places, env: Env) {
  const app = await import("../app/workbench.ts");
  return app.proveSandbox(config, places, env);
}

/** Backups as a gateway that does not run would make them. */
export async function openBackups(loaded: LoadedConfig) {
  const app = await import("../app/workbench.ts");
  return app.openBackupsHere(loaded);
}

/** Reads a whole backup. @throws StoreError `backup_unreadable`, `backup_damaged`, `store_corrupt`, `schema_newer` */
export async function proveBackup(folder: string) {
  const app = await import("../app/workbench.ts");
  return app.proveBackup(folder);
}

/** @throws StoreError `home_locked` while a gateway runs, and as proveBackup; the home is then as it was. */
export async function restoreHome(order: { folder: string; databaseOnly: boolean }, places: Places, env: Env) {
  const app = await import("../app/workbench.ts");
  return app.restoreHome(order, places, env);
}

/** @returns where everything is now. @throws StoreError `home_locked` */
export async function resetHome(places: Places): Promise<string | undefined> {
  const app = await import("../app/workbench.ts");
  return app.resetHome(places);
}

/** Completes a restore that was cut short. @throws StoreError `home_locked` */
export async function completeRestore(places: Places): Promise<void> {
  const app = await import("../app/restores.ts");
  return app.completeRestore(places);
}

/** What commands use when no gateway runs, made as for the gateway. */
import { existsSync } from "node:fs";
import { chown, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { finishRestore, restoreBackup, verifyBackup } from "../backup/index.ts";
import { interpolate } from "../config/interpolate.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import { readConfig } from "../config/read-config.ts";
import type { Env } from "../config/env.ts";
import type { Places } from "../config/places.ts";
import type { Config } from "../config/schema.ts";
import type { Http } from "../core/http.ts";
import { silentLog } from "../core/log.ts";
import type { Provider } from "../core/model.ts";
import type { Secrets } from "../core/secret.ts";
import { findOllama } from "../models/ollama/index.ts";
import { createHttp } from "../security/host/egress/index.ts";
import { runEscapeSuite } from "../security/host/processes/index.ts";
import { SANDBOX_USER } from "../security/host/sandbox/index.ts";
import { createSecretStore, findKeychain, withKeychain } from "../security/host/secrets/index.ts";
import { checkDatabase } from "../store/sqlite/copy-database.ts";
import { acquireHomeLock } from "../store/sqlite/home-lock.ts";
import { databaseFile, describeBackup, openBackups } from "./backups.ts";
import { createProviders } from "./providers.ts";
import { openLocalPowers } from "./local-tools.ts";
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

/** What the sandbox of this machine is, and which attempts to get out of it succeeded. */
export type SandboxProof =
  | { readonly kind: "unavailable"; readonly reason: string; readonly hint: string }
  | { readonly kind: "tried"; readonly backend: string; readonly attempts: number; readonly faults: readonly string[] };

/** Looks for a sandbox as the gateway would, and proves it by programs that try to get out. Leaves nothing behind. */
export async function proveSandbox(config: Config, places: Places, env: Env): Promise<SandboxProof> {
  // In a folder of its own: a doctor changes nothing, and a running gateway's programs are not ended as leftovers.
  const folder = await mkdtemp(join(tmpdir(), "clanker-doctor-"));
  const { processes } = openLocalPowers(() => config, { ...places, dataFolder: folder }, { env, log: silentLog });
  try {
    const found = await processes.availability("sandbox");
    if (found.kind === "unavailable") return found;
    const own = async (path: string) => (process.getuid?.() === 0 ? chown(path, SANDBOX_USER, SANDBOX_USER) : undefined);
    const outcomes = await runEscapeSuite({ processes, folder, own });
    return {
      kind: "tried",
      backend: found.backend,
      attempts: outcomes.length,
      faults: outcomes.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`])),
    };
  } finally {
    await processes.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** While no gateway runs: each backup holds the home's lock. */
export function openBackupsHere(loaded: LoadedConfig) {
  const backups = openBackups(loaded, { clock });
  return {
    async make(order: { into?: string; workspaces: boolean }) {
      await mkdir(loaded.places.dataFolder, { recursive: true, mode: 0o700 });
      const lock = acquireHomeLock(loaded.places.dataFolder);
      try {
        return describeBackup(await backups.make({ ...order, by: "person" }));
      } finally {
        lock.release();
      }
    },
    list: async () => (await backups.list()).map(describeBackup),
  };
}

/** Reads a whole backup. @throws StoreError as verifyBackup */
export async function proveBackup(folder: string) {
  return describeBackup({ folder, manifest: await verifyBackup(folder, checkDatabase) });
}

/** Puts a home back; its database goes where the config of the backup wants it. @throws StoreError `home_locked`, and as verifyBackup */
export async function restoreHome({ folder, databaseOnly }: { folder: string; databaseOnly: boolean }, places: Places, env: Env) {
  const { configFolder, configFile, dataFolder } = places;
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const lock = acquireHomeLock(dataFolder);
  try {
    await finishRestore(dataFolder);
    const { tree } = await readConfig(databaseOnly ? configFile : join(folder, "config", basename(configFile)));
    const database = databaseFile(pathOf(tree["storage"], env), dataFolder);
    const home = { configFolder, configFiles: [], dataFolder, database };
    return await restoreBackup(folder, home, { now: clock.now(), checkDatabase, databaseOnly });
  } finally {
    lock.release();
  }
}

function pathOf(storage: unknown, env: Env): string | undefined {
  const path = typeof storage === "object" && storage !== null && "path" in storage ? storage.path : undefined;
  if (typeof path !== "string") return undefined;
  const filled = interpolate(path, env);
  return "text" in filled ? filled.text : path;
}

/** Moves the data folder aside, whole. @returns where it is now; undefined when there is none. @throws StoreError `home_locked` */
export async function resetHome({ dataFolder }: Places): Promise<string | undefined> {
  if (!existsSync(dataFolder)) return undefined;
  const lock = acquireHomeLock(dataFolder);
  try {
    const aside = `${dataFolder}.replaced-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, "")}`;
    await rename(dataFolder, aside);
    return aside;
  } finally {
    lock.release();
  }
}

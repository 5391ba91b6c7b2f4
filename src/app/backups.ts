/** The backups of this home, made by a person or by the clock. */
import { rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { BACKUPS, listBackups, makeBackup, type Backup, type Home } from "../backup/index.ts";
import type { LoadedConfig } from "../config/index.ts";
import { sleep, type Clock } from "../core/clock.ts";
import { RequestError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { BackupInfo } from "../gateway/deps.ts";
import { VERSION } from "../core/version.ts";
import { copyDatabase } from "../store/sqlite/index.ts";

export interface BackupOrder {
  /** Folder that the backup's own folder is made in; default: `backups` of the data folder. */
  readonly into?: string;
  readonly workspaces: boolean;
  readonly by: "person" | "schedule";
}

export interface Backups {
  /** One at a time. @throws RequestError `backup_place_refused`; StoreError as makeBackup */
  make(order: BackupOrder): Promise<Backup>;
  /** Newest first. */
  list(): Promise<Backup[]>;
}

export function openBackups(loaded: LoadedConfig, { clock }: { clock: Clock }): Backups {
  const home = homeOf(loaded);
  const folder = join(home.dataFolder, BACKUPS);
  const { database } = home;
  const copy = database === undefined ? undefined : (target: string) => copyDatabase(database, target);
  let last: Promise<unknown> = Promise.resolve();
  return {
    make({ into = folder, workspaces, by }) {
      if (!isAbsolute(into))
        throw new RequestError("backup_place_refused", `${into} is not an absolute path`, { hint: "Name the folder with its whole path." });
      const made = last.then(() => makeBackup(home, { into, workspaces, by }, { clock, version: VERSION, copyDatabase: copy }));
      last = made.catch(() => {});
      return made;
    },
    list: () => listBackups(folder),
  };
}

/** A backup in a line. */
export function describeBackup({ folder, manifest }: Backup): BackupInfo {
  const files = [...manifest.config, ...manifest.data];
  const bytes = files.reduce((sum, file) => sum + ("bytes" in file ? file.bytes : 0), manifest.database?.bytes ?? 0);
  const { created_at, version, by, workspaces } = manifest;
  return {
    folder,
    created_at,
    version,
    by,
    bytes,
    files: files.filter((file) => !("folder" in file)).length,
    database: manifest.database !== undefined,
    workspaces,
  };
}

/** What of a home a config means. */
export function homeOf({ config, places, written, tree }: LoadedConfig): Home {
  const { storage } = config;
  const { configFolder, dataFolder } = places;
  const named = [...textFiles(tree)].map((path) => (isAbsolute(path) ? path : join(configFolder, path)));
  return {
    configFolder,
    configFiles: [...written.files, join(configFolder, ".env"), ...named],
    dataFolder,
    database: storage.backend === "sqlite" ? databaseFile(storage.path, dataFolder) : undefined,
  };
}

export function databaseFile(path: string | undefined, dataFolder: string): string {
  const file = path ?? "clanker.db";
  return isAbsolute(file) ? file : join(dataFolder, file);
}

/** Values such as `file:prompt.md`. */
function* textFiles(value: unknown): Generator<string> {
  if (typeof value === "string" && value.startsWith("file:")) yield value.slice("file:".length);
  else if (typeof value === "object" && value !== null) for (const one of Object.values(value)) yield* textFiles(one);
}

const LOOK_EVERY_MS = 600_000;

export interface KeepDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly notify: (code: string, text: string) => void;
  readonly signal: AbortSignal;
}

/** Makes a backup whenever the newest one is too old, and removes the schedule's own older ones. Never rejects. */
export async function keepBackups(backups: Backups, { config }: LoadedConfig, deps: KeepDeps): Promise<void> {
  const { clock, log, signal } = deps;
  const { every_hours: hours, keep } = config.storage.backups;
  if (hours === 0 || config.storage.backend === "memory") return;
  const everyMs = hours * 3_600_000;
  // A first start has nothing to lose yet.
  const started = clock.now();
  let failing = false;
  while (!signal.aborted) {
    await sleep(clock, Math.min(LOOK_EVERY_MS, everyMs), signal);
    if (signal.aborted) return;
    try {
      const [newest] = await backups.list();
      if (clock.now() - (newest?.manifest.created_at ?? started) < everyMs) continue;
      const { folder } = await backups.make({ workspaces: false, by: "schedule" });
      log.info("backup made", { folder });
      failing = false;
      const old = (await backups.list()).filter(({ manifest }) => manifest.by === "schedule").slice(keep);
      for (const one of old) await rm(one.folder, { recursive: true, force: true });
    } catch (error) {
      log.error("no backup could be made", { error: String(error) });
      if (!failing) deps.notify("backup_failed", `No backup could be made: ${error instanceof Error ? error.message : String(error)}`);
      failing = true;
    }
  }
}

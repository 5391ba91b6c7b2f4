import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { StoreError } from "../core/errors.ts";
import { writeFileAtomic } from "../lib/atomic-file/index.ts";
import { makeFolder } from "./make-folder.ts";
import { collectFiles } from "./collect-files.ts";
import { sha256Of, sync } from "./copy-file.ts";
import { configPaths, leftOut, type Home } from "./home.ts";
import { DATABASE, MANIFEST, type DatabaseFacts, type Manifest } from "./manifest.ts";

export interface BackupDeps {
  readonly clock: Clock;
  readonly version: string;
  /** Copies the database as it is at one moment and looks whether the copy is whole; undefined where the database is not a file of this home. @throws StoreError */
  readonly copyDatabase: ((target: string) => Promise<DatabaseFacts>) | undefined;
}

export interface BackupRequest {
  /** Folder that the backup's own folder is made in. */
  readonly into: string;
  readonly workspaces: boolean;
  /** Who wants it: what the schedule has made, it may remove. */
  readonly by: Manifest["by"];
}

export interface Backup {
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * Copies everything of a home into a folder of its own, while the gateway works: the database as of one moment, config and keys, and the workspaces file by file.
 * The folder gets its name when all of it is on the disk and was read back. It holds secrets: folder 0700, files 0600.
 * @throws StoreError `backup_failed`, and what the copy of the database throws; nothing is left.
 */
export async function makeBackup(home: Home, { into, workspaces, by }: BackupRequest, deps: BackupDeps): Promise<Backup> {
  const now = deps.clock.now();
  const folder = join(into, new Date(now).toISOString().replaceAll(/[:.]/g, ""));
  const unfinished = `${folder}.part`;
  try {
    await makeFolder(into);
    await mkdir(unfinished, { mode: 0o700 });
    const facts = await deps.copyDatabase?.(join(unfinished, DATABASE));
    const database = facts && { ...facts, ...(await readBack(join(unfinished, DATABASE))) };
    const ours = configPaths(home);
    const isOnTheWay = (path: string) => [...ours].some((file) => file.startsWith(`${path}/`));
    const config = await collectFiles({
      from: home.configFolder,
      to: join(unfinished, "config"),
      skip: (path) => !ours.has(path) && !isOnTheWay(path),
    });
    const data = await collectFiles({ from: home.dataFolder, to: join(unfinished, "data"), skip: leftOut(home, workspaces) });
    const manifest: Manifest = { format: 1, version: deps.version, created_at: now, by, ...(database && { database }), workspaces, config, data };
    await writeFileAtomic(join(unfinished, MANIFEST), `${JSON.stringify(manifest, undefined, 1)}\n`);
    await rename(unfinished, folder);
    await sync(dirname(folder));
    return { folder, manifest };
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => {});
    if (thrown instanceof StoreError) throw thrown;
    const { code, message } = thrown as NodeJS.ErrnoException;
    throw new StoreError("backup_failed", `${basename(folder)}: ${message}`, {
      hint: code === "ENOSPC" ? "The disk is full: make room, or name another place with --to." : `Look whether ${into} can be written.`,
      cause: thrown,
    });
  }
}

/** A copy that is on the disk, read back. */
async function readBack(file: string): Promise<{ bytes: number; sha256: string }> {
  const handle = await open(file, "r+");
  await handle.chmod(0o600);
  await handle.sync();
  await handle.close();
  return { bytes: (await stat(file)).size, sha256: await sha256Of(file) };
}

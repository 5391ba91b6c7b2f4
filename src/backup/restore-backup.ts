import { chmod, chown, lstat, mkdir, open, readFile, rename, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "../lib/atomic-file/index.ts";
import { copyDurably, sha256Of, sync } from "./copy-file.ts";
import { inside, type Home } from "./home.ts";
import { DATABASE, type BackupFile } from "./manifest.ts";
import { verifyBackup, type CheckDatabase } from "./verify-backup.ts";

/** A restore under way: what goes aside, and what takes its place. Both are done by name alone, so that a process that dies leaves the rest to the next one. */
interface Journal {
  readonly moves: readonly { readonly name: string; readonly aside: string; readonly next: string }[];
  readonly note: RestoreNote;
}

/** Left for the next start of the gateway: it settles what was under way and tells the owner. */
export interface RestoreNote {
  /** When the backup was made, and when it was restored; wall milliseconds. */
  readonly backup_at: number;
  readonly restored_at: number;
  /** What was there before. */
  readonly aside: readonly string[];
}

export const JOURNAL = "restore.json";
export const RESTORE_NOTE = "restored.json";

export interface RestoreOptions {
  readonly now: number;
  readonly checkDatabase: CheckDatabase;
  /** Only the database: config, keys and files stay as they are. */
  readonly databaseOnly?: boolean;
}

/**
 * Puts a home back as a backup has it. The caller holds the home's lock. Nothing is deleted: what is replaced stays beside it as `NAME.replaced-TIME`.
 * A crash leaves the home as it was, or a journal that `finishRestore` completes.
 * @returns what was replaced, and where it is now. @throws StoreError as verifyBackup
 */
export async function restoreBackup(folder: string, home: Home, options: RestoreOptions): Promise<RestoreNote> {
  const manifest = await verifyBackup(folder, options.checkDatabase);
  const stamp = new Date(options.now).toISOString().replaceAll(/[:.]/g, "");
  const moves: { name: string; aside: string; next: string }[] = [];
  const replace = async (name: string, make: (next: string) => Promise<void>) => {
    const next = `${name}.restoring`;
    await rm(next, { recursive: true, force: true });
    await mkdir(dirname(name), { recursive: true, mode: 0o700 });
    await make(next);
    moves.push({ name, aside: `${name}.replaced-${stamp}`, next });
  };
  if (manifest.database !== undefined && home.database !== undefined) {
    const { database } = home;
    // First of all: the log of the old database must not be played into the new one.
    for (const end of ["-wal", "-shm"]) moves.push({ name: `${database}${end}`, aside: `${database}.replaced-${stamp}${end}`, next: "" });
    await replace(database, (next) => copyFile(join(folder, DATABASE), next));
  }
  if (options.databaseOnly !== true) {
    for (const part of ["config", "data"] as const) {
      const root = part === "config" ? home.configFolder : home.dataFolder;
      for (const name of part === "config" ? fileNames(manifest.config) : topNames(manifest.data)) {
        const files = manifest[part].filter(({ path }) => path === name || path.startsWith(`${name}/`));
        if (await isThereAlready(files, inside(root, name))) continue;
        await replace(inside(root, name), (next) => layOut(files, { from: join(folder, part), name, next }));
      }
    }
  }
  const note: RestoreNote = { backup_at: manifest.created_at, restored_at: options.now, aside: [] };
  await mkdir(home.dataFolder, { recursive: true, mode: 0o700 });
  await writeFileAtomic(join(home.dataFolder, JOURNAL), `${JSON.stringify({ moves, note } satisfies Journal)}\n`);
  return (await finishRestore(home.dataFolder)) ?? note;
}

/** Completes a restore that was cut short; the caller holds the home's lock. @returns what was done, undefined when there was nothing to do. */
export async function finishRestore(dataFolder: string): Promise<RestoreNote | undefined> {
  const path = join(dataFolder, JOURNAL);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { moves, note } = JSON.parse(text) as Journal;
  for (const { name, aside, next } of moves) {
    // Whatever has been done of it is seen by the names.
    if (next !== "" && !(await exists(next))) continue;
    if ((await exists(name)) && !(await exists(aside))) await rename(name, aside);
    if (next !== "") await rename(next, name);
  }
  for (const folder of new Set(moves.map(({ name }) => dirname(name)))) await sync(folder).catch(() => {});
  const aside: string[] = [];
  for (const move of moves) if (await exists(move.aside)) aside.push(move.aside);
  const done = { ...note, aside };
  await writeFileAtomic(join(dataFolder, RESTORE_NOTE), `${JSON.stringify(done)}\n`);
  await rm(path);
  return done;
}

/** A single file with the same bytes needs no replacing. */
async function isThereAlready([file, ...more]: readonly BackupFile[], path: string): Promise<boolean> {
  if (file === undefined || more.length > 0 || !("sha256" in file)) return false;
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true && found.size === file.bytes && (found.mode & 0o777) === file.mode && (await sha256Of(path)) === file.sha256;
}

/** The config folder is the owner's: only the files themselves are replaced, never a folder of theirs. */
function fileNames(files: readonly BackupFile[]): string[] {
  return files.filter((file) => !("folder" in file)).map(({ path }) => path);
}

/** First names of the paths, in order. */
function topNames(files: readonly BackupFile[]): string[] {
  return [...new Set(files.map(({ path }) => path.split("/", 1)[0]!))];
}

async function layOut(files: readonly BackupFile[], { from, name, next }: { from: string; name: string; next: string }): Promise<void> {
  for (const file of files) {
    const target = file.path === name ? next : inside(next, file.path.slice(name.length + 1));
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    if ("link" in file) await symlink(file.link, target);
    else if ("folder" in file) await mkdir(target, { mode: 0o700, recursive: true });
    else await copyFile(inside(from, file.path), target);
  }
  // From the inside out: a folder that may not be written any more is finished first.
  for (const file of files.toReversed()) {
    if ("link" in file) continue;
    const target = file.path === name ? next : inside(next, file.path.slice(name.length + 1));
    // Only root may give files away; for anybody else they are their own.
    if (process.getuid?.() === 0) await chown(target, file.uid, file.gid);
    await chmod(target, file.mode);
  }
}

async function copyFile(from: string, to: string): Promise<void> {
  const source = await open(from, "r");
  try {
    await copyDurably(source, to);
  } finally {
    await source.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

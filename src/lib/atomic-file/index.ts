import { randomUUID } from "node:crypto";
import { link, open, readdir, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A temporary file this old (milliseconds) belongs to a process that was killed. */
const STALE_MS = 60_000;

/**
 * Replaces a file so that a reader, a crash or a power cut sees the old or the new bytes and nothing between (P8): temporary file in the same folder, fsync,
 * rename, fsync of the folder. A symbolic link stays one: its target is replaced. The folder must exist.
 * @param mode permission bits of the new file, default 0600.
 * @throws the file system's error; the old file is then untouched.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const target = await realpath(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return path;
    throw error;
  });
  const folder = dirname(target);
  await removeStale(folder, basename(target));
  const temporary = await writeTemporary(folder, basename(target), { data, mode });
  try {
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Makes a file that must not exist yet, whole or not at all: of several that try at once exactly one makes it.
 * @param mode permission bits, default 0600.
 * @returns false when there is one already; it is untouched.
 */
export async function createFileAtomic(path: string, data: string | Uint8Array, mode = 0o600): Promise<boolean> {
  const folder = dirname(path);
  await removeStale(folder, basename(path));
  const temporary = await writeTemporary(folder, basename(path), { data, mode });
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await unlink(temporary).catch(() => {});
  }
  await syncFolder(folder);
  return true;
}

async function writeTemporary(folder: string, name: string, { data, mode }: { data: string | Uint8Array; mode: number }): Promise<string> {
  const temporary = join(folder, `${temporaryPrefix(name)}${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(data);
      // The umask may have taken bits away that were asked for.
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  return temporary;
}

const temporaryPrefix = (name: string) => `.${name}.`;

/** What a killed writer left: such files may hold secrets. */
async function removeStale(folder: string, name: string): Promise<void> {
  const names = await readdir(folder);
  for (const found of names.filter((entry) => entry.startsWith(temporaryPrefix(name)) && entry.endsWith(".tmp"))) {
    const path = join(folder, found);
    // Another writer may remove the same one at the same time.
    const info = await stat(path).catch(() => undefined);
    if (info !== undefined && Date.now() - info.mtimeMs > STALE_MS) await unlink(path).catch(() => {});
  }
}

/** Makes the rename itself durable. Windows cannot open a folder; its rename is durable with the journal. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "EISDIR" || error.code === "EPERM" || error.code === "EACCES") return undefined;
    throw error;
  });
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EINVAL" && code !== "EPERM" && code !== "ENOTSUP") throw error;
  } finally {
    await handle.close();
  }
}

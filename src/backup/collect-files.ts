import { constants } from "node:fs";
import { mkdir, open, readdir, readlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { copyDurably, sync } from "./copy-file.ts";
import type { BackupFile } from "./manifest.ts";

export interface Collecting {
  readonly from: string;
  readonly to: string;
  /** What is left out, by its path below `from` with `/` between names. */
  readonly skip: (path: string, name: string) => boolean;
}

/**
 * Copies what lies in a folder. A workspace belongs to programs that may be anybody's: while they rename and link, no name is followed out of the folder.
 * Sockets, pipes and devices are left out; what goes while it is copied was not there.
 * @returns folders before what is in them, in the order of their names.
 */
export async function collectFiles({ from, to, skip }: Collecting): Promise<BackupFile[]> {
  const found: BackupFile[] = [];
  const walk = async (folder: FileHandle, path: string): Promise<void> => {
    await mkdir(join(to, path), { recursive: true, mode: 0o700 });
    const at = insideOf(folder, join(from, path));
    for (const name of (await readdir(at)).toSorted()) {
      const below = path === "" ? name : `${path}/${name}`;
      if (!skip(below, name)) await take(join(at, name), below);
    }
    await sync(join(to, path));
  };
  const take = async (source: string, path: string): Promise<void> => {
    const file = await openItself(source);
    if (file === "gone") return;
    if (file === "link") {
      const link = await readlink(source).catch(() => undefined);
      if (link !== undefined) found.push({ path, link });
      return;
    }
    try {
      const stat = await file.stat();
      const owned = { path, mode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid };
      if (stat.isDirectory()) {
        found.push({ ...owned, folder: true });
        await walk(file, path);
      } else if (stat.isFile()) found.push({ ...owned, ...(await copyDurably(file, join(to, path))) });
    } finally {
      await file.close();
    }
  };
  const root = await openItself(from);
  if (root === "gone") return [];
  if (root === "link") throw Object.assign(new Error(`${from} is a link`), { code: "ELOOP" });
  try {
    await walk(root, "");
  } finally {
    await root.close();
  }
  return found;
}

/** The folder that was opened, whatever its name means by now. Other systems than Linux have no such path. */
function insideOf(folder: FileHandle, path: string): string {
  return process.platform === "linux" ? `/proc/self/fd/${folder.fd}` : path;
}

/** What a name stands for itself; a pipe does not make it wait. */
async function openItself(path: string): Promise<FileHandle | "link" | "gone"> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ELOOP" || code === "EMLINK") return "link";
    // A socket cannot be opened.
    if (code === "ENOENT" || code === "ENXIO" || code === "EOPNOTSUPP") return "gone";
    throw error;
  }
}

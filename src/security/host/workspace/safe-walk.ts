import { constants, type Stats } from "node:fs";
import { lstat, mkdir, open, readlink, realpath, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { ToolError } from "../../../core/errors.ts";
import { INSIDE, refused } from "./path-parts.ts";

/** An open folder of the workspace. What is opened through `at` is opened in this very folder, whatever its name leads to meanwhile. */
export interface Folder {
  readonly handle: FileHandle;
  /** Real path of the workspace. */
  readonly root: string;
  /** Names from the workspace to here. */
  readonly names: readonly string[];
  /** A path of an item of this folder, for the file system's calls. */
  at(name: string): string;
}

/** Where a path ends: a name in an open folder. The name may not exist; it was no symbolic link when it was looked at. */
export interface Spot {
  readonly folder: Folder;
  readonly name: string;
  readonly stats: Stats | undefined;
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** As the kernel's own limit. */
const MAX_LINKS = 40;
/** Linux resolves /proc/self/fd/N to the open folder itself: openat(2) by other means. */
const BY_DESCRIPTOR = process.platform === "linux";

interface Walk {
  readonly root: string;
  readonly path: string;
  readonly device: number;
  /** Open folders from the workspace to where the walk stands. */
  readonly stack: Folder[];
  readonly make: boolean;
}

/**
 * Walks to where `parts` leads, folder by folder, each opened in the one before without following links. A symbolic link is followed by hand, as long as it stays
 * below the workspace. Folders of another device (bind mounts) are not entered. Calls `use` with the end of the way, and closes everything afterwards.
 * @param how.path the path as the model gave it, for errors. `make`: missing folders are made. `last`: `link` leaves a link at the end alone.
 * @throws ToolError `path_refused`, `not_found`, and what `use` throws
 */
export async function walkTo<T>(
  root: string,
  parts: readonly string[],
  how: { readonly path: string; readonly make?: boolean; readonly last?: "follow" | "link" },
  use: (spot: Spot) => Promise<T>,
): Promise<T> {
  const base = await openFolder(root, [], root);
  const walk: Walk = { root, path: how.path, device: (await base.handle.stat()).dev, stack: [base], make: how.make === true };
  try {
    return await use(await goTo(walk, parts, how.last ?? "follow"));
  } finally {
    await Promise.all(walk.stack.map(({ handle }) => handle.close()));
  }
}

async function goTo(walk: Walk, parts: readonly string[], last: "follow" | "link"): Promise<Spot> {
  const waiting = [...parts];
  for (let links = 0; ;) {
    const name = waiting.shift() ?? ".";
    const here = walk.stack.at(-1)!;
    const isLast = waiting.length === 0;
    if (name === "." || name === "..") {
      if (name === "..") await leave(walk);
      if (isLast) return { folder: walk.stack.at(-1)!, name: ".", stats: await walk.stack.at(-1)!.handle.stat() };
      continue;
    }
    const stats = await lookAt(here.at(name));
    if (stats?.isSymbolicLink() && !(isLast && last === "link")) {
      if (++links > MAX_LINKS) throw refused(walk.path, "goes round in links");
      waiting.unshift(...(await followLink(walk, here.at(name))));
    } else if (isLast) return { folder: here, name, stats };
    else await enter(walk, name, stats);
  }
}

async function leave({ stack, path }: Walk): Promise<void> {
  if (stack.length === 1) throw refused(path, "leads out of the workspace by a link");
  await stack.pop()!.handle.close();
}

/** The steps of a link's target; an absolute one begins at the workspace again. */
async function followLink(walk: Walk, at: string): Promise<string[]> {
  const target = await readlink(at).catch(() => {
    throw refused(walk.path, "changed while it was looked at");
  });
  const steps = (text: string) => text.split("/").filter((step) => step !== "");
  if (!target.startsWith("/")) return steps(target);
  const base = [walk.root, INSIDE].find((folder) => target === folder || target.startsWith(`${folder}/`));
  if (base === undefined) throw refused(walk.path, "leads out of the workspace by a link");
  while (walk.stack.length > 1) await leave(walk);
  return steps(target.slice(base.length));
}

async function enter(walk: Walk, name: string, stats: Stats | undefined): Promise<void> {
  const here = walk.stack.at(-1)!;
  if (stats === undefined) {
    if (!walk.make) throw notFound(walk.path);
    // Somebody may have been quicker: what counts is what is opened.
    await mkdir(here.at(name), 0o755).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw fileFailure(error, walk.path);
    });
  } else if (!stats.isDirectory()) throw new ToolError("not_found", `${JSON.stringify(name)} in ${JSON.stringify(walk.path.slice(0, 200))} is not a folder`);
  const folder = await openFolder(here.at(name), [...here.names, name], walk.root).catch((error: NodeJS.ErrnoException) => {
    throw fileFailure(error, walk.path);
  });
  walk.stack.push(folder);
  if ((await folder.handle.stat()).dev !== walk.device) throw refused(walk.path, "leads to another file system");
  if (stats === undefined) await adopt(folder.handle, walk.stack[0]!.handle);
}

/** Opens a folder without following a link at its end. @throws the file system's error */
export async function openFolder(at: string, names: readonly string[], root: string): Promise<Folder> {
  const handle = await open(at, FOLDER);
  const path = join(root, ...names);
  try {
    // Without descriptors to walk by, the best there is: the name must lead where it says. A link put there later is caught by the next step.
    if (!BY_DESCRIPTOR && (await realpath(path)) !== path) throw refused(names.join("/"), "leads out of the workspace by a link");
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { handle, root, names, at: (name) => (BY_DESCRIPTOR ? `/proc/self/fd/${handle.fd}/${name}` : join(path, name)) };
}

async function lookAt(at: string): Promise<Stats | undefined> {
  try {
    return await lstat(at);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw fileFailure(error as NodeJS.ErrnoException, "");
  }
}

/** New files belong to whom the workspace belongs: a gateway that runs as root lends it to the sandbox's user. */
export async function adopt(handle: FileHandle, like: FileHandle): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await like.stat();
  if (uid !== 0) await handle.chown(uid, gid);
}

/**
 * Opens a plain file in the spot's folder. A link, a hard link (its other name may be anywhere), a pipe, a device and a file of another device are refused, on what
 * was opened, not on what was looked at.
 * @param flags of open(2), beside O_NOFOLLOW and O_NONBLOCK. @throws ToolError; the caller closes the handle.
 */
export async function openPlain({ folder, name }: Spot, flags: number, path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    // O_NONBLOCK: a pipe must not hold us up.
    handle = await open(folder.at(name), flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644);
  } catch (error) {
    throw fileFailure(error as NodeJS.ErrnoException, path);
  }
  try {
    const [stats, home] = await Promise.all([handle.stat(), folder.handle.stat()]);
    if (stats.isDirectory()) throw refused(path, "is a folder");
    if (!stats.isFile()) throw refused(path, "is not a plain file");
    if (stats.nlink > 1) throw refused(path, "is a hard link: the same file has another name, maybe elsewhere");
    if (stats.dev !== home.dev) throw refused(path, "leads to another file system");
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export function notFound(path: string): ToolError {
  return new ToolError("not_found", `there is nothing at ${JSON.stringify(path.slice(0, 200))}`, { hint: "see what is there with the tool list" });
}

/** The file system's error in the words of the port; a ToolError stays itself. */
export function fileFailure(error: NodeJS.ErrnoException, path: string): ToolError {
  if (error instanceof ToolError) return error;
  switch (error.code) {
    case "ENOENT":
      return notFound(path);
    case "EEXIST":
      return new ToolError("exists", `there is something at ${JSON.stringify(path.slice(0, 200))} already`);
    case "ELOOP":
    case "ENXIO":
      return refused(path, "is not a plain file");
    case "EISDIR":
      return refused(path, "is a folder");
    case "ENOSPC":
    case "EDQUOT":
      return new ToolError("file_failed", "the disk is full", { hint: "nothing was changed; free some space", cause: error });
    default:
      return new ToolError("file_failed", `the file system says ${error.code ?? error.message} at ${JSON.stringify(path.slice(0, 200))}`, { cause: error });
  }
}

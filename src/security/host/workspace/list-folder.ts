import { lstat, readdir } from "node:fs/promises";
import { ToolError } from "../../../core/errors.ts";
import type { FileInfo, Listing } from "../../../core/workspace.ts";
import { infoOf } from "./file-info.ts";
import { fileFailure, notFound, openFolder, type Folder, type Spot } from "./safe-walk.ts";

/** What is below a folder, name by name, folders before what is in them. Links are named, never followed. */
export async function listFolder(
  spot: Spot,
  path: string,
  { depth, limit, signal }: { readonly depth: number; readonly limit: number; readonly signal?: AbortSignal },
): Promise<Listing> {
  if (spot.stats === undefined) throw notFound(path);
  if (!spot.stats.isDirectory()) return { items: [infoOf([...spot.folder.names, spot.name].join("/"), spot.stats)], more: false };
  const items: FileInfo[] = [];
  let more = false;
  await eachFile(spot, { path, depth }, (info) => {
    if (signal?.aborted) throw new ToolError("aborted", "the call was aborted");
    more = items.length >= limit;
    if (!more) items.push(info);
    return !more;
  });
  return { items, more };
}

type Visit = (info: FileInfo, folder: Folder, name: string) => boolean | Promise<boolean>;

/**
 * Visits everything below a folder in order of names, until `visit` answers false. Only folders of the same device are entered.
 * @returns false when `visit` ended it.
 */
export async function eachFile(spot: Spot, { path, depth }: { readonly path: string; readonly depth: number }, visit: Visit): Promise<boolean> {
  const folder = await openInside(spot.folder, spot.name, path);
  if (folder === undefined) return true;
  try {
    const device = (await folder.handle.stat()).dev;
    const names = await readdir(folder.at("."));
    for (const name of names.toSorted()) {
      // What vanishes meanwhile was never there.
      const stats = await lstat(folder.at(name)).catch(() => undefined);
      if (stats === undefined) continue;
      if (!(await visit(infoOf([...folder.names, name].join("/"), stats), folder, name))) return false;
      if (depth > 1 && stats.isDirectory() && stats.dev === device) {
        if (!(await eachFile({ folder, name, stats }, { path, depth: depth - 1 }, visit))) return false;
      }
    }
    return true;
  } finally {
    await folder.handle.close();
  }
}

/** @returns undefined for a folder that became something else, or may not be read. */
async function openInside(parent: Folder, name: string, path: string): Promise<Folder | undefined> {
  try {
    return await openFolder(parent.at(name), name === "." ? parent.names : [...parent.names, name], parent.root);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP" || code === "EACCES") return undefined;
    throw fileFailure(error as NodeJS.ErrnoException, path);
  }
}

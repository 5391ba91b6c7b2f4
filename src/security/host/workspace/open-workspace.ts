import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, rename, unlink, type FileHandle } from "node:fs/promises";
import { ToolError } from "../../../core/errors.ts";
import type { FileBytes, FileInfo, ReadOptions, Workspace, WriteOptions } from "../../../core/workspace.ts";
import { infoOf } from "./file-info.ts";
import type { FileLabels } from "./labels.ts";
import { listFolder } from "./list-folder.ts";
import { pathParts } from "./path-parts.ts";
import { adopt, fileFailure, notFound, openPlain, walkTo, type Spot } from "./safe-walk.ts";
import { searchFiles } from "./search-files.ts";

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pathOf = ({ folder, name }: Spot) => [...folder.names, ...(name === "." ? [] : [name])].join("/");

/** @param root the folder's real path */
export function openWorkspace(root: string, labels: FileLabels): Workspace {
  const parts = (path: string) => pathParts(path, root);
  return {
    root,
    normalise: (path) => parts(path).join("/"),
    stat: async (path) =>
      walkTo(root, parts(path), { path, last: "link" }, async (spot) => spot.stats && infoOf(pathOf(spot), spot.stats)).catch((error: unknown) => {
        if (error instanceof ToolError && error.code === "not_found") return undefined;
        throw error;
      }),
    read: async (path, options) => walkTo(root, parts(path), { path }, (spot) => readSpot(spot, path, { ...options, labels })),
    write: async (path, bytes, options) => walkTo(root, parts(path), { path, make: true }, (spot) => writeSpot(spot, bytes, { ...options, path, labels })),
    append: async (path, bytes, options) => walkTo(root, parts(path), { path, make: true }, (spot) => appendSpot(spot, bytes, { ...options, path, labels })),
    list: async (path, options) => walkTo(root, parts(path), { path }, (spot) => listFolder(spot, path, options)),
    search: async (query, { signal }) => searchFiles({ ...query, root, parts: parts(query.path) }, signal),
    label: () => labels.of(),
    taint: (label) => labels.taint(label),
  };
}

async function readSpot(spot: Spot, path: string, { limit, offset = 0, part, labels }: ReadOptions & { labels: FileLabels }): Promise<FileBytes> {
  if (spot.stats === undefined) throw notFound(path);
  const handle = await openPlain(spot, constants.O_RDONLY, path);
  try {
    const stats = await handle.stat();
    const wanted = Math.max(0, stats.size - offset);
    if (wanted > limit && part !== true) {
      throw new ToolError("too_large", `${JSON.stringify(path.slice(0, 200))} has ${stats.size} bytes; at most ${limit} are read at once`);
    }
    const bytes = await readBytes(handle, offset, Math.min(wanted, limit));
    const name = pathOf(spot);
    return { ...infoOf(name, stats), bytes, digest: digestOf(bytes), label: labels.of(name) };
  } catch (error) {
    throw fileFailure(error as NodeJS.ErrnoException, path);
  } finally {
    await handle.close();
  }
}

async function readBytes(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    // Shorter than it was when it was looked at.
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

type Writing = WriteOptions & { readonly path: string; readonly labels: FileLabels };

/** A temporary file in the same folder, then a rename: a reader, a crash and a full disk see the old or the new bytes. */
async function writeSpot(spot: Spot, bytes: Uint8Array, { path, create, digest, label, labels }: Writing): Promise<FileInfo> {
  const { folder, name, stats } = spot;
  if (create === true && stats !== undefined) throw new ToolError("exists", `there is something at ${JSON.stringify(path.slice(0, 200))} already`);
  if (stats !== undefined) await checkOld(spot, path, digest);
  else if (digest !== undefined) throw changed(path);
  await labels.taint(label, pathOf(spot));
  const temporary = `.clanker-${randomBytes(9).toString("hex")}.tmp`;
  try {
    const handle = await openPlain({ ...spot, name: temporary }, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, path);
    try {
      await handle.writeFile(bytes);
      if (stats !== undefined) await handle.chmod(stats.mode & 0o777);
      await adopt(handle, folder.handle);
      await handle.sync();
      if (stats === undefined && create === true) {
        await link(folder.at(temporary), folder.at(name));
        await unlink(folder.at(temporary));
      } else await rename(folder.at(temporary), folder.at(name));
      await folder.handle.sync();
      return infoOf(pathOf(spot), await handle.stat());
    } finally {
      await handle.close();
    }
  } catch (error) {
    await unlink(folder.at(temporary)).catch(() => {});
    throw fileFailure(error as NodeJS.ErrnoException, path);
  }
}

async function checkOld(spot: Spot, path: string, digest: string | undefined): Promise<void> {
  const handle = await openPlain(spot, constants.O_RDONLY, path);
  try {
    if (digest !== undefined && digestOf(await handle.readFile()) !== digest) throw changed(path);
  } finally {
    await handle.close();
  }
}

async function appendSpot(spot: Spot, bytes: Uint8Array, { path, create, label, labels }: Writing): Promise<FileInfo> {
  await labels.taint(label, pathOf(spot));
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (create === true ? constants.O_EXCL : 0);
  const handle = await openPlain(spot, flags, path);
  try {
    await handle.writeFile(bytes);
    if (spot.stats === undefined) await adopt(handle, spot.folder.handle);
    await handle.sync();
    return infoOf(pathOf(spot), await handle.stat());
  } catch (error) {
    throw fileFailure(error as NodeJS.ErrnoException, path);
  } finally {
    await handle.close();
  }
}

function changed(path: string): ToolError {
  return new ToolError("file_changed", `${JSON.stringify(path.slice(0, 200))} has changed meanwhile; nothing was written`, { hint: "read it again" });
}

import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * A folder, with those above it, for its owner alone; one that is there stays as it is. Node's own `recursive` tries for ever where a folder can be asked for but never
 * made, as in /proc: a thread of the pool would be gone, and with it the end of the process.
 * @throws what mkdir throws
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path) throw thrown;
    await makeFolder(dirname(path));
    // Once: what is not there now never will be.
    await mkdir(path, { mode: 0o700 });
  }
}

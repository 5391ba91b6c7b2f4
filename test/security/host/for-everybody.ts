import { chmod, copyFile, cp, mkdtemp, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A Node and the sources that another user may read: the repository itself may lie in a folder of root's. */
export interface Everybody extends AsyncDisposable {
  readonly node: string;
  readonly root: string;
}

export async function forEverybody(): Promise<Everybody> {
  const folder = await mkdtemp(join(tmpdir(), "clanker-everybody-"));
  await chmod(folder, 0o755);
  for (const part of ["package.json", "src/core", "src/lib/atomic-file", "src/security", "test/security/host"])
    await cp(join(root, part), join(folder, part), { recursive: true });
  const node = join(folder, "node");
  const reachable = await isReachable(process.execPath);
  if (!reachable) await copyFile(process.execPath, node);
  return {
    node: reachable ? process.execPath : node,
    root: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function isReachable(path: string): Promise<boolean> {
  for (let at = await realpath(path); at !== "/"; at = dirname(at)) if (((await stat(at)).mode & 0o001) === 0) return false;
  return true;
}

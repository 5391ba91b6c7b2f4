import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Backup } from "./make-backup.ts";
import { readManifest } from "./manifest.ts";

/** @returns the backups in a folder, newest first; what is none is passed over. */
export async function listBackups(folder: string): Promise<Backup[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name): Promise<Backup | undefined> => {
      const manifest = await readManifest(join(folder, name)).catch(() => undefined);
      return manifest && { folder: join(folder, name), manifest };
    }),
  );
  return found.filter((one) => one !== undefined).toSorted((a, b) => b.manifest.created_at - a.manifest.created_at);
}

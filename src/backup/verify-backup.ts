import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { StoreError } from "../core/errors.ts";
import { sha256Of } from "./copy-file.ts";
import { inside } from "./home.ts";
import { DATABASE, readManifest, type BackupFile, type DatabaseFacts, type Manifest } from "./manifest.ts";

/** Looks whether a database file is whole. @throws StoreError `store_corrupt`, `schema_newer` */
export type CheckDatabase = (file: string) => Promise<DatabaseFacts>;

/**
 * Reads a whole backup and holds it against its manifest.
 * @throws StoreError `backup_unreadable`, `backup_damaged`, and what the look into its database throws.
 */
export async function verifyBackup(folder: string, checkDatabase: CheckDatabase): Promise<Manifest> {
  const manifest = await readManifest(folder);
  const { database } = manifest;
  if (database !== undefined) {
    await expectFile(join(folder, DATABASE), database);
    await checkDatabase(join(folder, DATABASE));
  }
  for (const part of ["config", "data"] as const) for (const file of manifest[part]) await verifyFile(join(folder, part), file);
  return manifest;
}

async function verifyFile(folder: string, file: BackupFile): Promise<void> {
  if ("sha256" in file) await expectFile(inside(folder, file.path), file);
}

async function expectFile(path: string, expected: { readonly bytes: number; readonly sha256: string }): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  const wrong =
    found === undefined
      ? "is missing"
      : !found.isFile()
        ? "is no file"
        : found.size !== expected.bytes
          ? `has ${found.size} bytes, not ${expected.bytes}`
          : undefined;
  if (wrong !== undefined) throw damaged(path, wrong);
  if ((await sha256Of(path)) !== expected.sha256) throw damaged(path, "is not what was written");
}

function damaged(path: string, what: string): StoreError {
  return new StoreError("backup_damaged", `${path} ${what}`, { hint: "This backup cannot be trusted; use another one: clanker backup --list" });
}

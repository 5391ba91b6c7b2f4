import { chmodSync, existsSync, mkdirSync, openSync, closeSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../core/errors.ts";
import { migrateSqlite } from "../operations/migrate-sqlite.ts";
import { checkSqliteVersion } from "./sqlite-version.ts";

/** A whole check of a larger file would hold up the start; its pages are checked when they are read. */
const QUICK_CHECK_BYTES = 256 * 1024 * 1024;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  readonly migrated: { readonly from: number; readonly to: number };
  /** Copy of an older file that was made before its migration. */
  readonly backup?: string;
}

/**
 * Opens the one connection that writes: file 0600 in a folder 0700, WAL of bounded size, checked after an unclean end, migrated after a backup.
 * @throws StoreError `sqlite_too_old`, `schema_newer`, `store_corrupt`; engine errors otherwise.
 */
export function openDatabase(path: string, now: number): OpenedDatabase {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A clean close removes the log; one that is still there was left by a process that died.
  const unclean = existsSync(`${path}-wal`);
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const database = new DatabaseSync(path, { timeout: 2000 });
  try {
    checkSqliteVersion((database.prepare("SELECT sqlite_version() AS version").get() as { version: string }).version);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF");
    database.exec("PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY");
    if (unclean && statSync(path).size <= QUICK_CHECK_BYTES) quickCheck(database);
    let copy: string | undefined;
    const migrated = migrateSqlite(database, { now, backup: (version) => (copy = backUp(database, path, version)) });
    return { database, migrated, ...(copy !== undefined && { backup: copy }) };
  } catch (error) {
    database.close();
    throw error;
  }
}

function quickCheck(database: DatabaseSync): void {
  const row = database.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
  if (row.quick_check !== "ok") {
    throw new StoreError("store_corrupt", `quick_check: ${row.quick_check}`, {
      hint: "Keep a copy of the database file and restore the newest backup beside it.",
    });
  }
}

/** A copy of the file as it is, whole or not there at all. */
function backUp(database: DatabaseSync, path: string, version: number): string {
  const target = `${path}.schema-${version}.backup`;
  const unfinished = `${target}.part`;
  rmSync(unfinished, { force: true });
  database.prepare("VACUUM INTO ?").run(unfinished);
  chmodSync(unfinished, 0o600);
  renameSync(unfinished, target);
  return target;
}

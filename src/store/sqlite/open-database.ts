import { chmodSync, closeSync, copyFileSync, existsSync, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../core/errors.ts";
import { toStoreError } from "../operations/run-on-sqlite.ts";
import { migrateSqlite } from "../operations/migrate-sqlite.ts";
import { checkSqliteVersion } from "./sqlite-version.ts";

/** A whole check of a larger file would hold up the start; its pages are checked when they are read. After an unclean end it may take a second. */
const QUICK_CHECK_BYTES = { clean: 16 * 1024 * 1024, unclean: 256 * 1024 * 1024 };

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  readonly migrated: { readonly from: number; readonly to: number };
  /** Copy of an older file that was made before its migration. */
  readonly backup?: string;
}

/**
 * Opens the one connection that writes: file 0600 in a folder 0700, WAL of bounded size, checked after an unclean end, migrated after a backup. A file that is
 * damaged is kept as it is, with a copy beside it, and never taken for a new one (fault-59).
 * @throws StoreError `sqlite_too_old`, `schema_newer`, `store_corrupt`; engine errors otherwise.
 */
export function openDatabase(path: string, now: number): OpenedDatabase {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // A clean close removes the log; one that is still there was left by a process that died.
  const unclean = existsSync(`${path}-wal`);
  if (!existsSync(path)) create(path);
  else if (!hasHeader(path)) throw corrupt(path, now, "it does not begin as a database does");
  chmodSync(path, 0o600);
  const damage = statSync(path).size <= QUICK_CHECK_BYTES[unclean ? "unclean" : "clean"] ? quickCheck(path) : undefined;
  if (damage !== undefined) throw corrupt(path, now, damage);
  const database = new DatabaseSync(path, { timeout: 2000 });
  try {
    checkSqliteVersion((database.prepare("SELECT sqlite_version() AS version").get() as { version: string }).version);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF");
    // A longer log would cost 5 % less and risk more: what is in it alone is gone with it (fault-59).
    database.exec("PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY");
    let copy: string | undefined;
    const migrated = migrateSqlite(database, { now, backup: (version) => (copy = backUp(database, path, version)) });
    return { database, migrated, ...(copy !== undefined && { backup: copy }) };
  } catch (thrown) {
    // A page that only the migration reads.
    const error = toStoreError(thrown);
    const meant = error.code === "store_corrupt" ? corrupt(path, now, error.message) : thrown;
    database.close();
    throw meant;
  }
}

/** A new file gets its name only when it is a database: so one without a header under that name has lost it, and is not a first start that was cut short. */
function create(path: string): void {
  const unfinished = `${path}.new`;
  rmSync(unfinished, { force: true });
  closeSync(openSync(unfinished, "a", 0o600));
  const database = new DatabaseSync(unfinished);
  database.exec("PRAGMA journal_mode = WAL");
  database.close();
  renameSync(unfinished, path);
}

/** https://www.sqlite.org/fileformat2.html#magic_header_string */
const MAGIC = "SQLite format 3\0";

/** A file without it would be refused by the engine, an empty one taken for new and its log deleted. */
function hasHeader(path: string): boolean {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(MAGIC.length);
    return readSync(file, bytes, 0, bytes.length, 0) === bytes.length && bytes.toString("latin1") === MAGIC;
  } finally {
    closeSync(file);
  }
}

/** Reads only: a connection that may write would bring the log into the file when it is closed, and the next start would look at something else. @returns what is wrong, if anything is. */
function quickCheck(path: string): string | undefined {
  const database = new DatabaseSync(path, { readOnly: true, timeout: 2000 });
  try {
    const row = database.prepare("PRAGMA quick_check(1)").get() as { quick_check: string };
    return row.quick_check === "ok" ? undefined : `quick_check: ${row.quick_check}`;
  } catch (thrown) {
    const error = toStoreError(thrown);
    if (error.code === "store_corrupt") return error.message;
    throw error;
  } finally {
    database.close();
  }
}

/** The error of a damaged file, after file and log were copied aside, once: whatever is tried next, the copy stays as they were found. */
function corrupt(path: string, now: number, what: string): StoreError {
  const prefix = `${basename(path)}.damaged-`;
  const made = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && !name.endsWith("-wal"))
    .map((name) => join(dirname(path), name))
    .find((name) => statSync(name).mtimeMs >= statSync(path).mtimeMs);
  const copy = made ?? `${path}.damaged-${new Date(now).toISOString().replaceAll(":", "")}`;
  for (const end of made === undefined ? ["", "-wal"] : []) {
    if (!existsSync(`${path}${end}`)) continue;
    copyFileSync(`${path}${end}`, `${copy}${end}`);
    chmodSync(`${copy}${end}`, 0o600);
  }
  return new StoreError("store_corrupt", `${path} is damaged: ${what}`, {
    hint: `It is kept as it was found in ${copy}. Put the newest backup in its place, or move it away to begin with an empty one.`,
  });
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

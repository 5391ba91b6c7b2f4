import type { DatabaseSync } from "node:sqlite";

/**
 * Leaves no bytes of deleted rows in the file and its log: the word indexes forget their deleted words when they are merged into one
 * (https://www.sqlite.org/fts5.html#the_optimize_command), VACUUM writes every page anew, and the log is cut to nothing.
 */
export function scrub(database: DatabaseSync): void {
  const indexes = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%USING fts5%'").all() as {
    name: string;
  }[];
  for (const { name } of indexes) database.exec(`INSERT INTO ${name} (${name}) VALUES ('optimize')`);
  database.exec("VACUUM");
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

import { StoreError } from "../../../core/errors.ts";
import { one, run, type Steps } from "../statement.ts";
import { hall } from "./0001-hall.ts";
import { outbox } from "./0002-outbox.ts";
import { devices } from "./0003-devices.ts";
import { kernel } from "./0004-kernel.ts";
import { memories } from "./0005-memories.ts";
import { jobs } from "./0006-jobs.ts";
import { sessions } from "./0007-sessions.ts";
import { context } from "./0008-context.ts";
import { notesAndVectors } from "./0009-notes-and-vectors.ts";
import { fewerPages } from "./0010-fewer-pages.ts";
import type { Dialect, Migration } from "./dialect.ts";

/** In order; a released one never changes. */
export const MIGRATIONS: readonly Migration[] = [hall, outbox, devices, kernel, memories, jobs, sessions, context, notesAndVectors, fewerPages];

/** The schema that this program knows. */
export const SCHEMA_VERSION = MIGRATIONS.at(-1)!.number;

export const CREATE_LEDGER = "CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/** Newest applied migration; the ledger must exist. @throws StoreError `schema_newer` */
export function* schemaVersion(): Steps<number> {
  const row = yield* one<{ version: number | null }>("SELECT MAX(number) AS version FROM schema_migrations");
  const version = row?.version ?? 0;
  if (version > SCHEMA_VERSION) {
    throw new StoreError("schema_newer", `the database has schema ${version}, this program knows ${SCHEMA_VERSION}`, {
      hint: "Start the newer version again, or restore the backup that was made before the upgrade.",
    });
  }
  return version;
}

/** One migration with its line in the ledger: a transaction of its own, so that an interrupted upgrade goes on where it stopped. */
export function* applyMigration(migration: Migration, dialect: Dialect, now: number): Steps<void> {
  for (const sql of migration.statements(dialect)) yield* run(sql);
  yield* run("INSERT INTO schema_migrations (number, name, applied_at) VALUES (?, ?, ?)", migration.number, migration.name, now);
}

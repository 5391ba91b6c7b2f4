import { createSqliteRunner, type SqliteDatabase } from "./run-on-sqlite.ts";
import { applyMigration, CREATE_LEDGER, MIGRATIONS, schemaVersion, SCHEMA_VERSION } from "./migrations/migrate.ts";
import { SQLITE } from "./migrations/dialect.ts";

/**
 * Brings a SQLite database to this program's schema.
 * @param backup called once before the first change, and only when there is already a schema to lose.
 * @throws StoreError `schema_newer`
 */
export function migrateSqlite(
  database: SqliteDatabase,
  options: { now: number; upTo?: number; backup?: (version: number) => void },
): { from: number; to: number } {
  const runner = createSqliteRunner(database);
  const exists = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'").get() !== undefined;
  const from = exists ? runner.run(schemaVersion()) : 0;
  const upTo = options.upTo ?? SCHEMA_VERSION;
  if (from > 0 && from < upTo) options.backup?.(from);
  if (!exists) database.exec(CREATE_LEDGER);
  for (const migration of MIGRATIONS) {
    if (migration.number <= from || migration.number > upTo) continue;
    database.exec("BEGIN IMMEDIATE");
    try {
      runner.run(applyMigration(migration, SQLITE, options.now));
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  }
  return { from, to: Math.max(from, upTo) };
}

import type { PoolClient } from "pg";
import { POSTGRES } from "../operations/migrations/dialect.ts";
import { applyMigration, CREATE_LEDGER, MIGRATIONS, schemaVersion, SCHEMA_VERSION } from "../operations/migrations/migrate.ts";
import { runSteps } from "./transaction.ts";

/** Any number that no other program of the database uses. */
const LOCK = 7_240_118_511;

/** Brings the database to this program's schema; gateways that start together do it one after the other. @throws StoreError `schema_newer` */
export async function migratePostgres(client: PoolClient, now: number): Promise<{ from: number; to: number }> {
  await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
  try {
    await client.query(CREATE_LEDGER);
    const from = await runSteps(client, schemaVersion());
    for (const migration of MIGRATIONS.filter(({ number }) => number > from)) {
      await client.query("BEGIN");
      try {
        await runSteps(client, applyMigration(migration, POSTGRES, now));
        await client.query("COMMIT");
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      }
    }
    return { from, to: Math.max(from, SCHEMA_VERSION) };
  } finally {
    await client.query("SELECT pg_advisory_unlock($1)", [LOCK]);
  }
}

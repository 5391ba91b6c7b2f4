import { Pool, types, type PoolClient } from "pg";
import type { Clock } from "../../core/clock.ts";
import { StoreError } from "../../core/errors.ts";
import { silentLog, type Log } from "../../core/log.ts";
import type { Random } from "../../core/random.ts";
import type { Store } from "../../core/store.ts";
import type { AnyOperation } from "../operations/operations.ts";
import { storeOf } from "../operations/store-of.ts";
import { migratePostgres } from "./migrate-postgres.ts";
import { createPersistence } from "./persistence.ts";
import { isAway, toStoreError } from "./pg-errors.ts";
import { BatchWriter } from "./batch-writer.ts";
import { CommitInDoubt } from "./transaction.ts";

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database` */
  readonly url: string;
  readonly clock: Clock;
  /** Spreads retries; default Math.random. */
  readonly random?: Pick<Random, "number">;
  readonly log?: Log;
  /** Connections, default 10. */
  readonly poolSize?: number;
  /** Operations that may wait for a connection, default 10,000. */
  readonly queueCap?: number;
  /** How often a conflict is tried again, default 20. */
  readonly conflictRetries?: number;
  /** How often a lost connection is tried again, default 4. */
  readonly awayRetries?: number;
}

const INT8 = 20;
const JSONB = 3802;

/** Whole numbers of 64 bits as numbers: ours are times, counts and fences, all below 2^53. */
const parsers = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === INT8) return Number;
    if (oid === JSONB) return JSON.parse;
    return types.getTypeParser(oid, format as "text");
  },
};

/**
 * The store that several gateways can share: operations are written in serializable transactions, run again whole after a conflict with another gateway
 * or a lost connection.
 * @throws StoreError `store_unavailable`, `store_refused`, `schema_newer`
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { clock, random = { number: Math.random }, log = silentLog, queueCap = 10_000, conflictRetries = 20, awayRetries = 4 } = options;
  const pool = new Pool({
    connectionString: options.url,
    max: options.poolSize ?? 10,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 60_000,
    types: parsers as typeof types,
    application_name: "open-clanker",
    // Small tables are read whole otherwise, and a whole table read is in conflict with every write to it.
    options: "-c enable_seqscan=off",
  });
  pool.on("error", (error) => log.warn("an idle database connection was lost", { error: error.message }));
  // For as long as the connection lives, also after it was thrown away: an error without a listener would end the process. Who uses it learns of it by its query.
  pool.on("connect", (client) => client.on("error", () => {}));
  let waiting = 0;
  let closed: Promise<void> | undefined;

  /** One try. A connection that failed is thrown away, one that works goes back. */
  const withClient = async <T>(use: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let broken = false;
    try {
      return await use(client);
    } catch (error) {
      broken = error instanceof CommitInDoubt || isAway(error);
      throw error;
    } finally {
      client.release(broken);
    }
  };

  const persistence = createPersistence({ withClient, clock, random, conflictRetries, awayRetries });
  const writer = new BatchWriter((batch) => persistence.write(batch));

  const submit = async (operation: AnyOperation, input: never): Promise<unknown> => {
    if (closed !== undefined) throw new StoreError("store_closed", `${operation.name} after close`, { hint: "The gateway is stopping." });
    if (waiting >= queueCap)
      throw new StoreError("store_full", `${waiting} operations wait for the database`, {
        hint: "The database is too slow for this load; try again.",
        retryAfterMs: 1000,
      });
    waiting += 1;
    try {
      return await (operation.durable === "read" ? persistence.read(operation, input) : writer.submit(operation, input));
    } catch (error) {
      throw toStoreError(error);
    } finally {
      waiting -= 1;
    }
  };

  try {
    const migrated = await withClient((client) => migratePostgres(client, clock.now()));
    if (migrated.from > 0 && migrated.from !== migrated.to) log.info("database migrated", migrated);
  } catch (error) {
    await pool.end();
    throw toStoreError(error);
  }
  return storeOf(submit, {
    async scrub() {
      const { rows } = await pool.query<{ name: string }>("SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = current_schema()");
      for (const { name } of rows) await pool.query(`VACUUM (FULL) ${name}`);
    },
    close: () => (closed ??= writer.idle().then(() => pool.end())),
  });
}

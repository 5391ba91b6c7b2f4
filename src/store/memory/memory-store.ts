import { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../core/errors.ts";
import type { Store } from "../../core/store.ts";
import { migrateSqlite } from "../operations/migrate-sqlite.ts";
import type { AnyOperation } from "../operations/operations.ts";
import { createSqliteRunner, toStoreError } from "../operations/run-on-sqlite.ts";
import { storeOf } from "../operations/store-of.ts";

/**
 * The operations on a database in memory, run at once on the caller's thread: for `[storage] backend = "memory"`, tests and the simulator.
 * @param options.database a database that outlives this store: a store that is made on it later finds everything again, and closing leaves it open.
 */
export function createMemoryStore(options: { database?: DatabaseSync } = {}): Store {
  const database = options.database ?? new DatabaseSync(":memory:");
  migrateSqlite(database, { now: 0 });
  const runner = createSqliteRunner(database);
  let closed = false;

  const execute = (operation: AnyOperation, input: never): unknown => {
    if (closed) throw new StoreError("store_closed", `${operation.name} after close`, { hint: "The gateway is stopping." });
    if (operation.durable === "read") return runner.run(operation.run(input));
    database.exec("BEGIN");
    try {
      const output = runner.run(operation.run(input));
      database.exec("COMMIT");
      return output;
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  };

  return storeOf(
    async (operation, input) => {
      try {
        // As over a thread: nothing that the caller holds is shared with what the store answers.
        return structuredClone(execute(operation, input));
      } catch (error) {
        throw toStoreError(error);
      }
    },
    {
      // No file, no bytes in one.
      scrub: async () => {},
      async close() {
        if (closed) return;
        closed = true;
        if (options.database === undefined) database.close();
      },
    },
  );
}

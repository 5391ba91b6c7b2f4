import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import { StoreError } from "../../core/errors.ts";
import { silentLog, type Log } from "../../core/log.ts";
import type { Store } from "../../core/store.ts";
import { createSqliteRunner, toStoreError } from "../operations/run-on-sqlite.ts";
import { storeOf } from "../operations/store-of.ts";
import { WriterThread } from "./writer-thread.ts";

export interface SqliteStoreOptions {
  /** Database file; it and its folder are made when missing. */
  readonly path: string;
  readonly clock: Pick<Clock, "now">;
  /** Operations that may wait for the disk, default 10,000. */
  readonly queueCap?: number;
  /** Most bytes of the write-ahead log while another program reads, default 256 MiB. */
  readonly logCapBytes?: number;
  readonly log?: Log;
}

/**
 * The durable store of one machine: writes on a thread of their own, many operations to one fsync; reads on a read-only connection here.
 * @throws StoreError `sqlite_too_old`, `schema_newer`, `store_corrupt`, `store_failed`
 */
export async function createSqliteStore({ path, clock, queueCap = 10_000, logCapBytes, log = silentLog }: SqliteStoreOptions): Promise<Store> {
  const writer = await WriterThread.start({ path, now: clock.now(), ...(logCapBytes !== undefined && { logCapBytes }) }, { queueCap, log });
  const reader = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
  reader.exec("PRAGMA cache_size = -2000");
  const runner = createSqliteRunner(reader);
  let closed = false;

  return storeOf(
    async (operation, input) => {
      if (operation.durable !== "read") return writer.submit(operation, input);
      if (closed) throw new StoreError("store_closed", `${operation.name} after close`, { hint: "The gateway is stopping." });
      try {
        // One snapshot for all statements of the operation: the writer may commit between them.
        reader.exec("BEGIN");
        try {
          return runner.run(operation.run(input));
        } finally {
          reader.exec("COMMIT");
        }
      } catch (error) {
        throw toStoreError(error);
      }
    },
    {
      scrub: () => writer.scrub(),
      async close() {
        if (!closed) {
          closed = true;
          // Before the writer: the last connection removes the log, and a read-only one cannot.
          reader.close();
        }
        await writer.close();
      },
    },
  );
}

import { statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../core/errors.ts";

const CAP_BYTES = 256 * 1024 * 1024;

/**
 * The write-ahead log cannot be emptied past what somebody still reads. A reader that never ends (another program; none of ours holds one beyond a call) would let it
 * fill the disk: at the cap writes are refused instead, until the reader has gone (fault-60).
 * @param cap bytes; default 256 MiB
 * @returns asked before each batch: undefined, or StoreError `log_full`
 */
export function createLogCap(database: DatabaseSync, path: string, cap: number = CAP_BYTES): () => StoreError | undefined {
  const size = () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  return () => {
    if (size() <= cap) return undefined;
    // Not waiting for the reader: whoever writes is told at once, and every next batch tries again.
    database.exec("PRAGMA busy_timeout = 0");
    database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
    database.exec("PRAGMA busy_timeout = 2000");
    const left = size();
    if (left <= cap) return undefined;
    return new StoreError("log_full", `the write-ahead log has ${left} bytes, and somebody reads what stands in it`, {
      hint: `End the program that holds ${path} open for reading; then writing goes on by itself.`,
      retryAfterMs: 5_000,
    });
  };
}

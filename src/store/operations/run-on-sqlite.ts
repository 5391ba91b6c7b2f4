import { ClankerError, StoreError } from "../../core/errors.ts";
import type { Statement, Steps, Value } from "./statement.ts";

/** What is needed of a node:sqlite DatabaseSync; named here by its shape, so that this file needs no engine. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
}

export interface SqliteStatement {
  get(...params: Value[]): unknown;
  all(...params: Value[]): unknown[];
  run(...params: Value[]): { changes: number | bigint };
}

/** Runs operations on one connection, each statement prepared once. */
export interface SqliteRunner {
  run<T>(steps: Steps<T>): T;
}

export function createSqliteRunner(database: SqliteDatabase): SqliteRunner {
  const prepared = new Map<string, SqliteStatement>();
  const execute = ({ mode, sql, params }: Statement): unknown => {
    let statement = prepared.get(sql);
    if (statement === undefined) prepared.set(sql, (statement = database.prepare(sql)));
    if (mode === "one") return statement.get(...params);
    return mode === "all" ? statement.all(...params) : Number(statement.run(...params).changes);
  };
  return {
    run(steps) {
      let step = steps.next();
      while (!step.done) step = steps.next(execute(step.value));
      return step.value;
    },
  };
}

// Primary result codes, https://www.sqlite.org/rescode.html
const BUSY = 5;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/**
 * What the engine says when tables are not what our migrations made. The schema is text in the file, without a checksum, and the statements are the program's own: a word of it
 * was damaged. An engine without fts5 is whole, and so is the file.
 */
const STRANGE_SCHEMA =
  /^(no such (column|table): |no such module: (?!fts5$)|table \S+ has no column named |unrecognized option: |vtable constructor failed: |unknown tokenizer)/;

/** What a thrown value of the engine means. Errors of our own pass unchanged. */
export function toStoreError(thrown: unknown): ClankerError {
  if (thrown instanceof ClankerError) return thrown;
  const error = thrown as { errcode?: number; message?: string };
  const primary = (error.errcode ?? 0) & 0xff;
  const message = `sqlite: ${error.message ?? String(thrown)}`;
  // What was stored as JSON and is none any more.
  const unreadable = thrown instanceof SyntaxError || STRANGE_SCHEMA.test(error.message ?? "");
  if (primary === FULL)
    return new StoreError("disk_full", message, {
      hint: "Free space on the disk of the home folder; nothing that was accepted is lost.",
      retryAfterMs: 5000,
      cause: thrown,
    });
  if (primary === CORRUPT || primary === NOTADB || unreadable) {
    return new StoreError("store_corrupt", message, {
      hint: "Stop the gateway, keep a copy of the database file and restore the newest backup beside it.",
      cause: thrown,
    });
  }
  if (primary === IOERR)
    return new StoreError("store_failed", message, { hint: "The disk reported an error; look at the system log.", retryAfterMs: 5000, cause: thrown });
  if (primary === CANTOPEN)
    return new StoreError("store_failed", message, { hint: "Check that the database file and its folder may be read and written.", cause: thrown });
  if (primary === BUSY)
    return new StoreError("store_busy", message, { hint: "Another program writes to this database; stop it.", retryAfterMs: 1000, cause: thrown });
  return new StoreError("store_failed", message, { hint: "This is a fault of the program; please report it with the log.", cause: thrown });
}

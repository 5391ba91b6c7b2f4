import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { StoreError } from "../../src/core/errors.ts";
import { toStoreError as fromSqlite } from "../../src/store/operations/run-on-sqlite.ts";
import { toStoreError as fromPostgres } from "../../src/store/postgres/pg-errors.ts";
import { createWriter } from "../../src/store/sqlite/writer.ts";
import type { WorkItem } from "../../src/store/sqlite/writer-protocol.ts";

describe("what an engine says becomes a store error that tells what to do", () => {
  const engines = {
    sqlite: {
      convert: fromSqlite,
      // https://www.sqlite.org/rescode.html
      errors: [
        [{ errcode: 13 }, "disk_full"],
        [{ errcode: 11 }, "store_corrupt"],
        [{ errcode: 26 }, "store_corrupt"],
        [{ errcode: 10 | (2 << 8) }, "store_failed"],
        [{ errcode: 14 }, "store_failed"],
        [{ errcode: 5 }, "store_busy"],
        [{ errcode: 1 }, "store_failed"],
      ],
    },
    postgres: {
      convert: fromPostgres,
      // https://www.postgresql.org/docs/current/errcodes-appendix.html
      errors: [
        [{ code: "57P01" }, "store_unavailable"],
        [{ code: "ECONNREFUSED" }, "store_unavailable"],
        [{ code: "40001" }, "store_busy"],
        [{ code: "53100" }, "disk_full"],
        [{ code: "28P01" }, "store_refused"],
        [{ code: "3D000" }, "store_refused"],
        [{ code: "42601" }, "store_failed"],
      ],
    },
  } as const;
  for (const [name, { convert, errors }] of Object.entries(engines)) {
    for (const [thrown, code] of errors) {
      test(`${name} ${JSON.stringify(thrown)} is ${code}`, () => {
        const error = convert(Object.assign(new Error("said the engine"), thrown));
        assert.ok(error instanceof StoreError && error.code === code && error.hint !== undefined, error.code);
        assert.match(error.message, /said the engine/u);
        assert.equal(convert(error), error);
      });
    }
  }

  test("no_operation: the writer refuses what is no operation, and the rest of its batch with it", () => {
    const database = new DatabaseSync(":memory:");
    const [answer] = createWriter(database)([{ id: 1, name: "dropEverything", input: {} } as unknown as WorkItem]);
    assert.ok(answer !== undefined && "error" in answer && answer.error.code === "no_operation");
    assert.equal(database.isTransaction, false);
    database.close();
  });
});

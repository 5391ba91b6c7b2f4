import type { DatabaseSync } from "node:sqlite";
import { StoreError } from "../../core/errors.ts";
import { operations, type AnyOperation, type OperationName } from "../operations/operations.ts";
import { createSqliteRunner, toStoreError } from "../operations/run-on-sqlite.ts";
import { toPlainError, type Answer, type WorkItem } from "./writer-protocol.ts";

const byName = new Map<OperationName, AnyOperation>(operations.map((operation) => [operation.name, operation]));

/**
 * Runs a queue of operations as one transaction, each in a savepoint of its own, and answers all after the one commit. What must stay true: an answer without
 * an error is given only after the commit, and after its fsync when any operation of the batch is `full`.
 */
export function createWriter(database: DatabaseSync): (batch: readonly WorkItem[]) => Answer[] {
  const runner = createSqliteRunner(database);
  let synchronous: "FULL" | "NORMAL" = "FULL";

  const commitAs = (wanted: "FULL" | "NORMAL"): void => {
    if (wanted === synchronous) return;
    database.exec(`PRAGMA synchronous = ${wanted}`);
    synchronous = wanted;
  };

  const execute = (item: WorkItem, alone: boolean): Answer => {
    const operation = byName.get(item.name);
    if (operation === undefined) throw new StoreError("no_operation", `no operation ${item.name}`, { hint: "This is a fault of the program." });
    if (!alone) database.exec("SAVEPOINT operation");
    try {
      const output = runner.run(operation.run(item.input as never));
      if (!alone) database.exec("RELEASE operation");
      return { id: item.id, output };
    } catch (error) {
      // A full disk or a failed read may have taken the whole transaction with it; then all of the batch is lost, and said so.
      if (!database.isTransaction) throw error;
      if (!alone) database.exec("ROLLBACK TO operation; RELEASE operation");
      else database.exec("ROLLBACK");
      return { id: item.id, error: toPlainError(toStoreError(error)) };
    }
  };

  return (batch) => {
    try {
      commitAs(batch.some((item) => byName.get(item.name)?.durable !== "lazy") ? "FULL" : "NORMAL");
      database.exec("BEGIN IMMEDIATE");
      const answers = batch.map((item) => execute(item, batch.length === 1));
      if (database.isTransaction) database.exec("COMMIT");
      return answers;
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      const plain = toPlainError(toStoreError(error));
      return batch.map((item) => ({ id: item.id, error: plain }));
    }
  };
}

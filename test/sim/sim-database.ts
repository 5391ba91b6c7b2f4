/**
 * The disk of the simulated world: the real operations on a database in memory, in batches as the writer's thread makes them. What a power cut would leave is known at
 * every moment: lazy batches stay in open savepoints until the next full one commits them all; a power cut rolls back to a prefix of them.
 */
import { DatabaseSync } from "node:sqlite";
import type { ClankerError } from "../../src/core/errors.ts";
import type { Random } from "../../src/core/random.ts";
import { migrateSqlite } from "../../src/store/operations/migrate-sqlite.ts";
import type { AnyOperation, OperationName } from "../../src/store/operations/operations.ts";
import { createSqliteRunner, toStoreError, type SqliteRunner } from "../../src/store/operations/run-on-sqlite.ts";
import type { Statement, Steps } from "../../src/store/operations/statement.ts";

/** One operation on its way through the writer. */
export interface Work {
  readonly operation: AnyOperation;
  readonly input: unknown;
  outcome?: { readonly output: unknown } | { readonly error: ClankerError };
  /** The process that asked has had the answer. */
  answered: boolean;
}

/** What is changed in the program to see whether the simulator notices. */
export interface Mutation {
  /** A full operation that is committed as a lazy one. */
  readonly lazy?: OperationName;
  readonly rewrite?: (sql: string, operation: OperationName) => string;
  /** Run after the migrations. */
  readonly schema?: readonly string[];
}

/** Lazy batches that the operating system keeps to itself before it writes them by itself. */
const MAX_TAIL = 24;

export class SimDatabase {
  readonly database = new DatabaseSync(":memory:");
  readonly #runner: SqliteRunner;
  readonly #mutation: Mutation;
  /** Batches that are committed but not on disk, oldest first. */
  #tail: (readonly Work[])[] = [];

  constructor(mutation: Mutation) {
    this.#mutation = mutation;
    // A file for every small sort costs more than the sort.
    this.database.exec("PRAGMA temp_store = MEMORY; PRAGMA journal_mode = MEMORY");
    migrateSqlite(this.database, { now: 0 });
    for (const sql of mutation.schema ?? []) this.database.exec(sql);
    this.#runner = createSqliteRunner(this.database);
  }

  /** @throws ClankerError */
  read(operation: AnyOperation, input: unknown): unknown {
    return this.#run(operation, input);
  }

  /** One transaction; every outcome is set. */
  commit(batch: readonly Work[]): void {
    const depth = this.#tail.length;
    this.database.exec(`SAVEPOINT batch${depth}`);
    for (const work of batch) {
      this.database.exec("SAVEPOINT operation");
      try {
        work.outcome = { output: this.#run(work.operation, work.input) };
      } catch (error) {
        this.database.exec("ROLLBACK TO operation");
        work.outcome = { error: toStoreError(error) };
      }
      this.database.exec("RELEASE operation");
    }
    const lazy = batch.every(({ operation }) => operation.durable === "lazy" || operation.name === this.#mutation.lazy);
    if (lazy && depth < MAX_TAIL) this.#tail.push(batch);
    else this.#flush();
  }

  /** Everything stops. @returns the operations whose changes are gone. */
  powerLoss(random: Random): Work[] {
    const kept = Math.floor(random.number() * (this.#tail.length + 1));
    const lost = this.#tail.slice(kept).flat();
    if (kept < this.#tail.length) this.database.exec(`ROLLBACK TO batch${kept}`);
    if (this.#tail.length > 0) this.#flush();
    return lost;
  }

  close(): void {
    this.database.close();
  }

  #flush(): void {
    this.database.exec("RELEASE batch0");
    this.#tail = [];
  }

  #run({ name, run }: AnyOperation, input: unknown): unknown {
    const steps = run(input as never);
    const { rewrite } = this.#mutation;
    return this.#runner.run(rewrite ? rewritten(steps, (sql) => rewrite(sql, name)) : steps);
  }
}

function* rewritten(steps: Steps<unknown>, rewrite: (sql: string) => string): Steps<unknown> {
  let step = steps.next();
  while (!step.done) {
    const statement: Statement = { ...step.value, sql: rewrite(step.value.sql) };
    step = steps.next(yield statement);
  }
  return step.value;
}

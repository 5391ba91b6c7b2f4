import type { PoolClient } from "pg";
import { sleep, type Clock } from "../../core/clock.ts";
import { StoreError } from "../../core/errors.ts";
import type { Random } from "../../core/random.ts";
import type { AnyOperation } from "../operations/operations.ts";
import type { Write } from "./batch-writer.ts";
import { isAway, isConflict } from "./pg-errors.ts";
import { CommitInDoubt, fateOf, type Outcome, runSteps, serializable } from "./transaction.ts";

export interface PersistenceOptions {
  /** One try on a connection; one that failed is thrown away. */
  withClient<T>(use: (client: PoolClient) => Promise<T>): Promise<T>;
  readonly clock: Clock;
  /** Spreads retries. */
  readonly random: Pick<Random, "number">;
  /** How often a conflict is tried again. */
  readonly conflictRetries: number;
  /** How often a lost connection is tried again. */
  readonly awayRetries: number;
}

/** How often a batch is tried whole before its operations are written one by one, where only those that are in conflict wait. */
const BATCH_CONFLICTS = 2;

/** Reads and writes until it is known what became of them. */
export function createPersistence({ withClient, clock, random, conflictRetries, awayRetries }: PersistenceOptions) {
  const pause = (attempt: number, most: number) => sleep(clock, random.number() * Math.min(most, 2 ** attempt * 4));

  async function persist<T>(work: () => Promise<T>, mostConflicts = conflictRetries): Promise<T> {
    let conflicts = 0;
    let losses = 0;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (isConflict(error) && conflicts < mostConflicts) await pause(conflicts++, 200);
        else if (isAway(error) && losses < awayRetries) await pause(5 + losses++, 1000);
        else throw error;
      }
    }
  }

  /** @throws StoreError `store_unavailable` while nobody can say it */
  async function resolveDoubt(doubt: CommitInDoubt): Promise<"committed" | "aborted"> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const fate = await withClient((client) => fateOf(client, doubt.xid));
        if (fate !== "in progress") return fate;
      } catch (error) {
        if (!isAway(error)) throw error;
      }
      if (attempt >= 10) {
        throw new StoreError("store_unavailable", doubt.message, {
          hint: "The PostgreSQL server went away during a commit; start it again.",
          retryAfterMs: 2000,
          cause: doubt,
        });
      }
      await sleep(clock, Math.min(3000, 100 * 2 ** attempt));
    }
  }

  async function transact(batch: readonly Write[]): Promise<readonly Outcome[]> {
    const lazy = batch.every(({ operation }) => operation.durable === "lazy");
    try {
      return await withClient((client) =>
        serializable(
          client,
          batch.map(({ operation, input }) => operation.run(input)),
          { lazy },
        ),
      );
    } catch (error) {
      if (!(error instanceof CommitInDoubt)) throw error;
      if ((await resolveDoubt(error)) === "committed") return error.outcomes;
      // It was lost with its connection.
      throw error.cause;
    }
  }

  async function writeAlone(one: Write): Promise<readonly Outcome[]> {
    return await persist(() => transact([one])).catch((error: unknown) => [{ error }]);
  }

  return {
    read: (operation: AnyOperation, input: never): Promise<unknown> => persist(() => withClient((client) => runSteps(client, operation.run(input)))),
    /** @returns what became of each. @throws what became of all of them */
    async write(batch: readonly Write[]): Promise<readonly Outcome[]> {
      if (batch.length > 1) {
        try {
          return await persist(() => transact(batch), BATCH_CONFLICTS);
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
      const outcomes: Outcome[] = [];
      for (const one of batch) outcomes.push(...(await writeAlone(one)));
      return outcomes;
    },
  };
}

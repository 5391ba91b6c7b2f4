import type { AnyOperation } from "../operations/operations.ts";
import type { Outcome } from "./transaction.ts";

export interface Write {
  readonly operation: AnyOperation;
  readonly input: never;
}

interface Waiting extends Write {
  settle(outcome: Outcome): void;
}

/** Operations of one transaction: the server keeps the numbers of 64 savepoints at hand, https://www.postgresql.org/docs/current/subxacts.html */
const MAX_BATCH = 50;

/**
 * One batch at a time, in the order in which they came: what waits while a batch is written goes together into the next one. Of this gateway alone no two
 * transactions are then in each other's way, and many operations share one sync of the disk.
 */
export class BatchWriter {
  readonly #write: (batch: readonly Write[]) => Promise<readonly Outcome[]>;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;

  /** @param write answers each operation of the batch, after their commit. What it throws is what became of all of them. */
  constructor(write: (batch: readonly Write[]) => Promise<readonly Outcome[]>) {
    this.#write = write;
  }

  /** @throws what the operation throws */
  submit(operation: AnyOperation, input: never): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operation, input, settle: (outcome) => ("error" in outcome ? reject(outcome.error) : resolve(outcome.output)) });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // What one tick asks for goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      const outcomes = await this.#write(batch).catch((error: unknown) => batch.map(() => ({ error })));
      for (const [index, { settle }] of batch.entries()) settle(outcomes[index]!);
    }
    this.#running = undefined;
  }
}

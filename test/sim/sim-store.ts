/** The store of one simulated process: writes wait for the disk in batches, answers come later, and a dead process gets none. */
import { StoreError } from "../../src/core/errors.ts";
import type { Store } from "../../src/core/store.ts";
import type { AnyOperation } from "../../src/store/operations/operations.ts";
import { storeOf } from "../../src/store/operations/store-of.ts";
import { toStoreError } from "../../src/store/operations/run-on-sqlite.ts";
import type { Work } from "./sim-database.ts";
import type { Owner } from "./timeline.ts";
import type { SimWorld } from "./sim-world.ts";

/** What a dead process is answered: nothing, ever. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

interface Waiting extends Work {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export function createSimStore(world: SimWorld, owner: Owner): Store {
  let queue: Waiting[] = [];

  const answer = (batch: readonly Waiting[]) => {
    for (const work of batch) {
      work.answered = true;
      const outcome = work.outcome!;
      if ("error" in outcome) work.reject(outcome.error);
      else work.resolve(outcome.output);
    }
  };

  const commit = () => {
    const batch = queue;
    queue = [];
    if (world.strikes(world.tears) && batch.some((work) => world.database.tear(work))) return world.die(owner);
    const error = diskError(world);
    if (error) for (const work of batch) work.outcome = { error };
    // A death in the middle: half of them before the commit, half behind it.
    const dies = world.strikes(world.faults.crash);
    if (dies && world.strikes(0.5)) return world.die(owner);
    if (!error) {
      world.database.commit(batch);
      for (const work of batch) world.watch.committed(owner, work);
    }
    for (const work of batch) world.trace(owner, `${work.operation.name} ${"error" in work.outcome! ? work.outcome.error.code : "ok"} ${subject(work.input)}`);
    if (dies) return world.die(owner);
    world.timeline.after(world.between(0.05, 0.5), owner, "answers", () => answer(batch));
  };

  const write = (operation: AnyOperation, input: unknown) =>
    new Promise<unknown>((resolve, reject) => {
      queue.push({ operation, input, answered: false, resolve, reject });
      if (queue.length > 1) return;
      const wait = world.strikes(world.faults.slowDisk) ? world.between(5, 3_000) : world.between(0.1, 4);
      world.timeline.after(wait, owner, "commit", commit);
    });

  const read = (operation: AnyOperation, input: unknown) => {
    try {
      return world.database.read(operation, input);
    } catch (error) {
      throw toStoreError(error);
    }
  };

  return storeOf(
    async (operation, input) => {
      if (owner.dead) return await never();
      if (operation.durable !== "read") return await write(operation, input);
      if (world.climate.slowReads) await world.pause(owner, world.between(0.1, 3), "read");
      return read(operation, input);
    },
    { scrub: async () => {}, close: async () => {} },
  );
}

function diskError(world: SimWorld): StoreError | undefined {
  if (world.diskFull) return new StoreError("disk_full", "sqlite: database or disk is full", { retryAfterMs: 5_000 });
  return world.strikes(world.faults.ioError) ? new StoreError("store_failed", "sqlite: disk I/O error", { retryAfterMs: 5_000 }) : undefined;
}

/** What an operation is about, for the trace. */
function subject(input: unknown): string {
  const { turnId, deliveryId, callId, sessionId, lease, part, status } = input as Record<string, unknown>;
  return [turnId, deliveryId, part, callId, sessionId, lease, status].filter((value) => value !== undefined).join(" ");
}

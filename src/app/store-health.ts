import type { Clock } from "../core/clock.ts";
import { StoreError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Store } from "../core/store.ts";

export interface WatchedStore {
  readonly store: Store;
  /** Why the store is in trouble, for /health/ready; empty while it works. */
  reasons(): string[];
}

/** What an owner has to know of, other than a caller's own mistake. */
const TROUBLE = new Set(["disk_full", "store_failed", "store_corrupt", "store_busy", "store_full", "log_full"]);
/** An operation that nobody has tried again says nothing about now. */
const STALE_MS = 30_000;

/**
 * The same store, whose failures raise an alarm: an error in the log, and a gateway that is not ready (fault-58: within 10 s, and well again without a restart).
 * Told by operation, for on a full disk small writes may still fit where large ones do not.
 */
export function watchStore(store: Store, { clock, log }: { clock: Clock; log: Log }): WatchedStore {
  const failing = new Map<string, { readonly error: StoreError; readonly at: number }>();

  const failed = (operation: string, error: StoreError) => {
    const news = ![...failing.values()].some((known) => known.error.code === error.code);
    failing.set(operation, { error, at: clock.monotonic() });
    if (news) log.error("the store is in trouble", { operation, code: error.code, error: error.message, hint: error.hint });
  };
  const worked = (operation: string) => {
    if (failing.delete(operation) && failing.size === 0) log.info("the store works again", { operation });
  };

  const watched = Object.entries(store as unknown as Record<string, (input: unknown) => Promise<unknown>>).map(([operation, run]) => [
    operation,
    async (input: unknown) => {
      try {
        const output = await run(input);
        if (failing.size > 0) worked(operation);
        return output;
      } catch (thrown) {
        if (thrown instanceof StoreError && TROUBLE.has(thrown.code)) failed(operation, thrown);
        throw thrown;
      }
    },
  ]);
  return {
    store: Object.fromEntries(watched) as Store,
    reasons() {
      for (const [operation, { at }] of failing) if (clock.monotonic() - at > STALE_MS) worked(operation);
      return [
        ...new Set([...failing.values()].map(({ error }) => `the store is in trouble: ${error.code}${error.hint === undefined ? "" : ` (${error.hint})`}`)),
      ];
    },
  };
}

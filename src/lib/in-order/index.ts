/** What came in and is worked off one at a time, in order; what cannot be done now is kept and tried again. */
export interface InOrder<T> {
  /** Resolves when there is room for more: whoever waits for it slows the other side down. */
  add(item: T): Promise<void>;
  /** Resolves when nothing is being worked off: everything is done, or `signal` has aborted. */
  idle(): Promise<void>;
}

export interface InOrderOptions<T> {
  readonly work: (item: T) => Promise<void>;
  /** Waits as long as the failure asks for; must not reject. `failures` counts those in a row. */
  readonly failed: (error: unknown, failures: number) => Promise<void>;
  readonly signal: AbortSignal;
  /** Items that may wait before `add` does, default 500. */
  readonly room?: number;
}

/** @example const queue = createInOrder({ work: admit, failed: (error) => recover(error), signal }); for await (const event of events) await queue.add(event); */
export function createInOrder<T>({ work, failed, signal, room = 500 }: InOrderOptions<T>): InOrder<T> {
  const waiting: T[] = [];
  let busy = false;
  let working: Promise<void> = Promise.resolve();
  let moved = Promise.withResolvers<void>();
  const workAll = async (): Promise<void> => {
    let failures = 0;
    while (waiting.length > 0 && !signal.aborted) {
      try {
        await work(waiting[0]!);
        waiting.shift();
        moved.resolve();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (!signal.aborted) await failed(error, failures);
      }
    }
    // In the same breath as the look at what waits: what is added between the two would wait for the one after it.
    busy = false;
    moved.resolve();
  };
  return {
    async add(item) {
      waiting.push(item);
      if (!busy) {
        busy = true;
        working = workAll();
      }
      while (waiting.length >= room && !signal.aborted) {
        moved = Promise.withResolvers<void>();
        await moved.promise;
      }
    },
    async idle() {
      while (busy) await working;
    },
  };
}

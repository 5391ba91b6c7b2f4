/** Calls that nobody waits for until their owner stops. */
export interface Background {
  /** `task` must not reject; its signal aborts at the stop. */
  run(task: (signal: AbortSignal) => Promise<void>): void;
  /** Aborts what runs and resolves when nothing does. It may be used again afterwards. */
  stop(): Promise<void>;
}

/** @example const background = createBackground(); background.run((signal) => announce(signal)); await background.stop(); */
export function createBackground(): Background {
  const running = new Set<Promise<void>>();
  let stopping = new AbortController();
  return {
    run(task) {
      const done = task(stopping.signal).finally(() => running.delete(done));
      running.add(done);
    },
    async stop() {
      stopping.abort();
      await Promise.allSettled(running);
      stopping = new AbortController();
    },
  };
}

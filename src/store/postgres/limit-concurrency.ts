/** Runs at most `count` works at a time; the others wait in order. */
export function limitConcurrency(count: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = count;
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free -= 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place goes from hand to hand: whoever comes in between waits behind.
      if (next === undefined) free += 1;
      else next();
    }
  };
}

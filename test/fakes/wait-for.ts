/** Looks at each change of a fake, and every 20 ms, because a condition may be about things outside of it. Rejects after `ms`. */
export function waitFor(watchers: Set<() => void>, condition: () => boolean, ms = 15_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      clearTimeout(limit);
      clearInterval(regular);
      watchers.delete(check);
      if (error === undefined) resolve();
      else reject(error);
    };
    const check = () => condition() && end();
    const limit = setTimeout(() => end(new Error(`after ${ms / 1_000} s still not: ${String(condition)}`)), ms);
    const regular = setInterval(check, 20);
    watchers.add(check);
    check();
  });
}

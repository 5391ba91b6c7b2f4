/** Looks at each change; conditions about other things than lines are looked at every 20 ms too. */
export function waitFor(watchers: Set<() => void>, condition: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error?: Error) => {
      clearTimeout(limit);
      clearInterval(regular);
      watchers.delete(check);
      if (error === undefined) resolve();
      else reject(error);
    };
    const check = () => condition() && end();
    const limit = setTimeout(() => end(new Error(`after 15 s still not: ${String(condition)}`)), 15_000);
    const regular = setInterval(check, 20);
    watchers.add(check);
    check();
  });
}
